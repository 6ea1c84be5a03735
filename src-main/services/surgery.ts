import { blocks } from '@shared/catalog/blocks'
import { modelInfo } from '@shared/catalog/model-info'
import { models } from '@shared/catalog/models'
import { modelStages } from '@shared/catalog/surgery'
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { surgeryContract } from '@shared/contract/surgery'
import { parseRecipe } from '@shared/domain/recipe'
import type { JobDeps } from '../jobs/job-deps'
import { listLabels } from '../store/label'

export function createSurgeryService(deps: JobDeps): ServiceHandlers<typeof surgeryContract> {
  const known = blocks.entries().map(([id, { title, group, source, start }]) => ({ id, title, group, source, start }))
  return {
    describe({ recipe: given }) {
      const { model, input } = parseRecipe(given)
      const { id, params, surgery } = model
      // The graph of an imported network is in its file, which is the worker's to read.
      if (models.get(id).needsFile) return { stages: [], blocks: known, before: null, after: null, problem: null }
      const store = deps.store()
      const classes = (store && listLabels(store.db).length) || 80
      const before = modelInfo(id, classes, input.size, params)
      const answer = { stages: modelStages(models.get(id), params), blocks: known, before }
      try {
        return { ...answer, after: modelInfo(id, classes, input.size, params, surgery), problem: null }
      } catch (error) {
        return { ...answer, after: null, problem: (error as Error).message }
      }
    },
  }
}
