/** `/media/<sample id>`: the image as a browser can show it; `?w=` asks for a thumbnail at least that wide. */
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { renderImage } from '../../media/render-image'
import { sampleFile } from '../../store/sample'
import { defineRoutes } from '../route'
import { sendFile } from '../send-file'

export default defineRoutes((web, { needStore }) => {
  web.get('/media/:id{[0-9]+}', async (c) => {
    const store = needStore()
    const file = sampleFile(store.db, store.folder, Number(c.req.param('id')))
    const wanted = c.req.query('w')
    let width: number | undefined
    if (wanted !== undefined) {
      width = Number(wanted)
      if (!Number.isInteger(width) || width < 16 || width > 4096) {
        throw new TagwrightError('bad-input', `The width "${wanted}" is not between 16 and 4096. Ask for another.`)
      }
    }
    const { path, mime } = await renderImage(file, { width, cacheFolder: join(store.folder, 'cache', 'thumbs') })
    return sendFile(c, { path, mime, cache: 'private, max-age=60' })
  })
})
