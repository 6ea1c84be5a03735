/** `/media/<sample id>`: images for the window, whole, as thumbnails or in tiles; see src-shared/contract/media.ts. */
import { TagwrightError } from '@shared/base/errors'
import { projectMedia } from '../../services/project-media'
import { defineRoutes, type RouteRequest } from '../route'
import { sendFile } from '../send-file'

/** Kept for ever under an address that names the version, else asked about by its entity tag before each use. */
const forEver = 'private, max-age=31536000, immutable'

export default defineRoutes((web, { needStore }) => {
  const id = (c: RouteRequest): number => Number(c.req.param('id'))
  const media = () => projectMedia(needStore())
  const cacheFor = (c: RouteRequest, version: string): string | undefined =>
    c.req.query('v') === version ? forEver : undefined
  const send = async (c: RouteRequest, width?: number): Promise<Response> => {
    const which = c.req.query('of') === 'pair' ? 'pair' : 'image'
    const { path, mime, version } = await media().image(id(c), width, c.req.raw.signal, which)
    return sendFile(c, { path, mime, cache: cacheFor(c, version) })
  }

  web.get('/media/:id{[0-9]+}', (c) => {
    const wanted = c.req.query('w')
    if (wanted === undefined) return send(c)
    const width = Number(wanted)
    if (!Number.isInteger(width) || width < 16 || width > 4096) {
      throw new TagwrightError('bad-input', `The width "${wanted}" is not between 16 and 4096. Ask for another.`)
    }
    return send(c, width)
  })
  web.get('/media/:id{[0-9]+}/full', (c) => send(c))
  web.get('/media/:id{[0-9]+}/info', async (c) => c.json(await media().info(id(c))))
  web.get('/media/:id{[0-9]+}/tile/:level{[0-9]+}/:column{[0-9]+}/:row{[0-9]+}', async (c) => {
    const [level, column, row] = (['level', 'column', 'row'] as const).map((name) => Number(c.req.param(name)))
    const tile = await media().tile(id(c), level, column, row, c.req.raw.signal)
    switch (tile.kind) {
      case 'file':
        return sendFile(c, { path: tile.path, mime: tile.mime, cache: forEver })
      case 'bytes':
        return c.body(new Uint8Array(tile.data), 200, { 'Content-Type': tile.mime, 'Cache-Control': 'no-store' })
      case 'pending': {
        const message = 'The tile is being made. Ask again after the next progress event of this image.'
        return c.json({ error: { code: 'tile-pending', message } }, 404)
      }
    }
  })
})
