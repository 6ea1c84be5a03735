/**
 * One fetch handler for bytes: the window's files, images, downloads. Who may ask: a browser that came with the token
 * (or a ticket) once and keeps it in an HttpOnly cookie, or a program that sends it as a bearer token. `Host` and
 * `Origin` are checked, so that a page of another site, also by DNS rebinding, reaches nothing.
 */
import { timingSafeEqual } from 'node:crypto'
import { Hono, type MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { toErrorShape, TagwrightError } from '@shared/base/errors'
import type { Store } from '../store/store'
import { page } from './plain-page'
import type { RouteEnv, Routes } from './route'
import { sendFile } from './send-file'
import { securityHeaders, windowFile } from './window-files'

export interface WebOptions {
  /** Random; asked of every request but `/?token=`. */
  token: string
  /** Random, each good for one `/?token=`: for addresses that other users of the machine may see. */
  tickets: Set<string>
  /** Allowed `Host` values, lower case, with port. */
  hosts: readonly string[]
  /** Cookies are shared by all ports of a machine, so its name carries the port. */
  cookie: string
  version: string
  /** Folder of the built window; null: there is none. */
  ui: string | null
  store(): Store | null
}

export interface Gate {
  /** null: let it pass. Else the reason and status of the refusal. */
  check(request: { host?: string; origin?: string; authorization?: string; cookie?: string }): Refusal | null
}
export interface Refusal {
  status: 400 | 401 | 403
  code: string
  message: string
}

export function createGate({ token, hosts }: Pick<WebOptions, 'token' | 'hosts'>): Gate {
  return {
    check({ host, origin, authorization, cookie }) {
      if (!host || !hosts.includes(host.toLowerCase())) {
        return { status: 403, code: 'wrong-host', message: `This server does not answer for the host "${host ?? ''}".` }
      }
      if (origin !== undefined && !hosts.some((name) => origin.toLowerCase() === `http://${name}`)) {
        return { status: 403, code: 'wrong-origin', message: `Pages of "${origin}" may not use this server.` }
      }
      const bearer = authorization?.startsWith('Bearer ') ? authorization.slice(7) : undefined
      if (sameText(bearer ?? cookie ?? '', token)) return null
      return {
        status: 401,
        code: 'wrong-token',
        message: 'Open the address that the server printed when it started; it carries the token.',
      }
    },
  }
}

export function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

const routeFiles = import.meta.glob<Routes>('./routes/*.ts', { eager: true, import: 'default' })

export function createWeb(options: WebOptions): Hono<RouteEnv> {
  const gate = createGate(options)
  const web = createRoutes(options, async (c, next) => {
    const given = c.req.path === '/' ? c.req.query('token') : undefined
    const isTicket = given !== undefined && options.tickets.delete(given)
    const refusal = gate.check({
      host: c.req.header('host'),
      origin: c.req.header('origin'),
      authorization: given === undefined ? c.req.header('authorization') : `Bearer ${isTicket ? options.token : given}`,
      cookie: getCookie(c, options.cookie),
    })
    if (refusal) {
      if (isPageRequest(c.req.header('accept'))) {
        return c.html(page('This page needs its key', [refusal.message]), refusal.status)
      }
      return c.json({ error: { code: refusal.code, message: refusal.message } }, refusal.status)
    }
    if (given === undefined) return next()
    setCookie(c, options.cookie, options.token, { httpOnly: true, sameSite: 'Strict', path: '/' })
    // After a link on a page of another site a redirect still counts as coming from there, and the browser would keep
    // the strict cookie back; a navigation that this page starts does not.
    const from = c.req.header('sec-fetch-site')
    if (from === undefined || from === 'none' || from === 'same-origin') return c.redirect('/')
    return c.html(page('Opening...', [], '<meta http-equiv="refresh" content="0;url=/">'))
  })
  return web
}

/**
 * The routes without a gate, for a caller inside the program.
 * @param guard runs before every route.
 */
export function createRoutes(
  { store, version, ui }: Pick<WebOptions, 'store' | 'version' | 'ui'>,
  guard?: MiddlewareHandler<RouteEnv>,
): Hono<RouteEnv> {
  const web = new Hono<RouteEnv>()
  web.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(securityHeaders)) c.res.headers.set(name, value)
    if (!c.res.headers.has('cache-control')) c.res.headers.set('Cache-Control', 'no-store')
  })
  if (guard) web.use(guard)
  const needStore = () => {
    const open = store()
    if (open) return open
    throw new TagwrightError('no-project', 'No project is open. Open one first.')
  }
  for (const routes of Object.values(routeFiles)) routes(web, { store, needStore, version })

  web.get('*', (c, next) => {
    const { pathname } = new URL(c.req.url)
    const file = ui === null ? null : windowFile(ui, pathname)
    if (file) return sendFile(c, file)
    return pathname === '/' ? c.html(withoutWindow(store()?.folder)) : next()
  })
  web.notFound((c) => c.json({ error: { code: 'not-found', message: `There is nothing at ${c.req.path}.` } }, 404))
  web.onError((error, c) => {
    const shape = toErrorShape(error)
    const known: Record<string, number> = { 'not-found': 404, 'no-project': 409, 'bad-input': 400, internal: 500 }
    return c.json({ error: shape }, (known[shape.code] ?? 422) as 500)
  })
  return web
}

const isPageRequest = (accept: string | undefined): boolean => accept?.includes('text/html') ?? false

/** Where only the command line was built. */
const withoutWindow = (folder: string | undefined): string =>
  page('Tagwright', [
    folder ? `The project ${folder} is open.` : 'No project is open.',
    'The window was not built here: npm run build makes it. Commands on this project attach to this process.',
  ])
