/** `/files/<random id>`: what the core made for a client to see or save (plots, previews, tables). */
import { TagwrightError } from '@shared/base/errors'
import { servedFile } from '../../media/served-files'
import { defineRoutes } from '../route'
import { sendFile } from '../send-file'

export default defineRoutes((web) => {
  web.get('/files/:id{[0-9a-f-]+}', (c) => {
    const file = servedFile(c.req.param('id'))
    if (!file) throw new TagwrightError('not-found', 'This file was made by a core that has ended. Ask for it again.')
    const { path, mime, name } = file
    return sendFile(c, { path, mime, ...(c.req.query('save') === undefined ? {} : { download: name }) })
  })
})
