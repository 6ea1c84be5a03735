/**
 * How bytes are added to the product. A file in `routes/` default-exports `defineRoutes(...)`; web.ts finds it by
 * itself, behind the gate (token, Host, Origin) and with the headers that every answer carries. The same routes serve
 * the browser host over HTTP and the Electron window over `app://`.
 *
 *     // src-main/host/routes/thumbnails.ts
 *     export default defineRoutes((web, { store }) => {
 *       web.get('/thumbnails/:id{[0-9]+}', async (c) => sendFile(c, { path, mime: 'image/webp' }))
 *     })
 *
 * Files go through `sendFile` (ranges, entity tags, streaming); errors are thrown as TagwrightError and become JSON.
 * Addresses carry ids, never file names. A POST has passed the Origin check; bodies of large uploads are streamed from
 * `c.req.raw.body` in the browser host, while a window of the shell hands over paths instead.
 */
import type { Context, Hono } from 'hono'
import type { Store } from '../store/store'

export interface RouteEnv {
  Bindings: {
    /** The caller reads files itself: see send-file.ts. */
    passFiles?: boolean
  }
}
export type RouteRequest = Context<RouteEnv>

export interface RouteContext {
  version: string
  /** The open project's; null when none is open. */
  store(): Store | null
  /** Throws `no-project`. */
  needStore(): Store
}

export type Routes = (web: Hono<RouteEnv>, context: RouteContext) => void

export const defineRoutes = (routes: Routes): Routes => routes
