import { findPublished } from '@shared/catalog/start-weights'
import type { StudioContracts } from '@shared/contract'
import type { Hub, ServiceHandlers } from '@shared/contract/rpc'
import type { weightsContract } from '@shared/contract/weights'
import type { Queue } from '../jobs/queue'
import { expectWeights } from '../jobs/weights-uploads'
import type { WeightsFolder } from '../jobs/weights-folder'

export const createWeightsService = (
  weights: WeightsFolder,
  hub: Pick<Hub<StudioContracts>, 'emit'>,
  queue: () => Queue,
  published?: Parameters<typeof findPublished>[1],
): ServiceHandlers<typeof weightsContract> => ({
  list: async () => ({ folder: weights.folder, weights: await weights.list() }),
  get({ name }) {
    findPublished(name, published)
    return { job: queue().add('get-weights', { name }).id }
  },
  async add({ path, name }) {
    const added = await weights.add(path, name)
    hub.emit('weights.changed', {})
    return added
  },
  upload: ({ name }) => ({
    url: `/weights/${expectWeights({ weights, name, added: () => hub.emit('weights.changed', {}) })}`,
  }),
  async remove({ name }) {
    await weights.remove(name)
    hub.emit('weights.changed', {})
  },
})
