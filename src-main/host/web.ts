/**
 * One fetch handler for bytes: the page, images and thumbnails. Who may ask: a browser on this machine that came with
 * the token once and keeps it in an HttpOnly cookie, or a program that sends it as a bearer token. `Host` and `Origin`
 * are checked, so that a page of another site, also by DNS rebinding, reaches nothing.
 */
import { timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { toErrorShape, TagwrightError } from '@shared/base/errors'
import { renderImage } from '../media/render-image'
import { sampleFile } from '../store/sample'
import type { Store } from '../store/store'

export interface WebOptions {
  /** Random; asked of every request but `/?token=`. */
  token: string
  /** Allowed `Host` values, lower case, with port. */
  hosts: readonly string[]
  /** Cookies are shared by all ports of a machine, so its name carries the port. */
  cookie: string
  version: string
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

export function createWeb(options: WebOptions): Hono {
  const gate = createGate(options)
  const web = new Hono()

  web.use(async (c, next) => {
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'no-referrer')
    c.header('Cache-Control', 'no-store')
    c.header('Cross-Origin-Resource-Policy', 'same-origin')
    c.header('X-Frame-Options', 'DENY')
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; connect-src 'self'",
    )
    const given = c.req.path === '/' ? c.req.query('token') : undefined
    const cookie = getCookie(c, options.cookie)
    const refusal = gate.check({
      host: c.req.header('host'),
      origin: c.req.header('origin'),
      authorization: given === undefined ? c.req.header('authorization') : `Bearer ${given}`,
      cookie,
    })
    if (refusal) return c.json({ error: { code: refusal.code, message: refusal.message } }, refusal.status)
    if (given !== undefined) {
      setCookie(c, options.cookie, options.token, { httpOnly: true, sameSite: 'Strict', path: '/' })
      return c.redirect('/')
    }
    await next()
  })

  web.get('/', (c) => c.html(page(options)))

  web.get('/media/:id{[0-9]+}', async (c) => {
    const store = options.store()
    if (!store) throw new TagwrightError('no-project', 'No project is open.')
    const id = Number(c.req.param('id'))
    const file = sampleFile(store.db, store.folder, id)
    const wanted = c.req.query('w')
    let width: number | undefined
    if (wanted !== undefined) {
      width = Number(wanted)
      if (!Number.isInteger(width) || width < 16 || width > 4096) {
        throw new TagwrightError('bad-input', `The width "${wanted}" is not between 16 and 4096. Ask for another.`)
      }
    }
    const { path, mime } = await renderImage(file, { width, cacheFolder: join(store.folder, 'cache', 'thumbs') })
    const info = await stat(path).catch(() => null)
    if (!info?.isFile()) throw new TagwrightError('not-found', `The file of image ${id} is missing.`, { sample: id })
    c.header('Content-Type', mime)
    c.header('Content-Length', String(info.size))
    c.header('Cache-Control', 'private, max-age=60')
    return c.body(Readable.toWeb(createReadStream(path)) as ReadableStream)
  })

  web.notFound((c) => c.json({ error: { code: 'not-found', message: `There is nothing at ${c.req.path}.` } }, 404))
  web.onError((error, c) => {
    const shape = toErrorShape(error)
    const status = { 'not-found': 404, 'no-project': 409, 'bad-input': 400, internal: 500 }[shape.code] ?? 422
    return c.json({ error: shape }, status as 500)
  })
  return web
}

/** Until the window exists: what runs here, and how to use it. */
function page({ store, version }: WebOptions): string {
  const folder = store()?.folder
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tagwright</title><link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em}</style></head>
<body><h1>Tagwright ${escape(version)}</h1>
<p>${folder ? `The project <code>${escape(folder)}</code> is open.` : 'No project is open.'}</p>
<p>This version has no window yet. The whole loop runs from the command line: <code>tagwright --help</code>.
Commands on this project attach to this process.</p></body></html>`
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
