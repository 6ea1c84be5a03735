/** `PUT /weights/<upload>`: one file of start weights; see weights.upload in src-shared/contract/weights.ts. */
import { receiveWeights } from '../../jobs/weights-uploads'
import { defineRoutes } from '../route'

export default defineRoutes((web) => {
  web.put('/weights/:upload{[0-9a-f-]+}', async (c) => {
    const body = (c.req.raw.body ?? noBytes()) as AsyncIterable<Uint8Array>
    return c.json(await receiveWeights(c.req.param('upload'), body))
  })
})

async function* noBytes(): AsyncGenerator<Uint8Array> {}
