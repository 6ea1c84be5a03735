/** `PUT /upload/<id>?path=<name>`: one file of an upload; see src-shared/contract/media.ts. */
import { TagwrightError } from '@shared/base/errors'
import { receiveFile, uploadLimits } from '../../media/upload-folder'
import { defineRoutes } from '../route'

export default defineRoutes((web, { needStore }) => {
  web.put('/upload/:upload', async (c) => {
    const path = c.req.query('path')
    const body = c.req.raw.body
    if (!path) throw new TagwrightError('bad-input', 'The upload has no file name. Give it as ?path=.')
    const declared = Number(c.req.header('content-length') ?? 0)
    if (declared > uploadLimits.maxFile) {
      const message = `${path} has ${declared} bytes; a file may have ${uploadLimits.maxFile}. Put it into the project's folder on the machine itself and import it there.`
      throw new TagwrightError('file-too-large', message, { file: path })
    }
    const pieces = (body ?? emptyBody()) as AsyncIterable<Uint8Array>
    return c.json(await receiveFile(needStore().folder, c.req.param('upload'), path, pieces))
  })
})

async function* emptyBody(): AsyncGenerator<Uint8Array> {}
