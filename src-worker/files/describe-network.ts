/** Networks for the window: see src-shared/contract/models.ts. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { describeCatalogModel } from '@shared/catalog/describe-catalog-model'
import { describeNetwork } from '@shared/catalog/imported/describe-network'
import type { Network } from '@shared/contract/models'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { workerContract } from '@shared/contract/worker'
import { parseRecipe } from '@shared/domain/recipe'
import { openNetwork } from '../train/open-network'
import { readOnnx } from '../train/start-weights'

export async function describeNetworkFile({
  source,
  side,
}: Parameters<ServiceHandlers<typeof workerContract>['describeNetwork']>[0]): Promise<Network> {
  if (source.kind === 'file') {
    const { file } = source
    const network = await readOnnx(file)
    return describeNetwork(network, { file, title: basename(file), bytes: (await stat(file)).size, side })
  }
  const { model, freeze, input } = parseRecipe(source.recipe)
  await openNetwork(model, source.runDir)
  return describeCatalogModel({ ...model, freeze, classes: source.classes, side: side ?? input.size })
}
