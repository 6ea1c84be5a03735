/** `POST /live/<detector>`: one encoded picture in, its boxes out; see src-shared/contract/live.ts. */
import { TagwrightError } from '@shared/base/errors'
import { predictThresholds, thresholdsSchema } from '@shared/contract/inference'
import { detectLive } from '../../jobs/live-detectors'
import { defineRoutes } from '../route'

const mostBytes = 32 * 2 ** 20

export default defineRoutes((web) => {
  web.post('/live/:detector{[0-9a-f-]+}', async (c) => {
    const given = Object.entries(c.req.query()).map(([name, value]) => [name, Number(value)])
    const thresholds = thresholdsSchema.safeParse({ ...predictThresholds, ...Object.fromEntries(given) })
    if (!thresholds.success)
      throw new TagwrightError('bad-input', `The thresholds are wrong: ${thresholds.error.message}`)
    if (Number(c.req.header('content-length') ?? 0) > mostBytes) throw tooLarge()
    const image = new Uint8Array(await c.req.arrayBuffer())
    if (image.length > mostBytes) throw tooLarge()
    return c.json(await detectLive(c.req.param('detector'), image, thresholds.data, c.req.raw.signal))
  })
})

const tooLarge = () =>
  new TagwrightError('file-too-large', 'The picture has more than 32 MB. Send a smaller one; networks see less anyway.')
