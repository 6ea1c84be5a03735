/** Learning curves of the project: freezes the data, has a worker make short runs on parts of them, keeps what comes. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { tasks } from '@shared/catalog/tasks'
import { curvesContract, learningCurvesSchema, type LearningCurves } from '@shared/contract/curves'
import type { RecipeInput } from '@shared/domain/recipe'
import { taskSchema } from '@shared/domain/task'
import { putLearningCurves } from '../store/learning-curves'
import { writeSnapshot } from '../store/write-snapshot'
import { callWorker } from './call-worker'
import { defineJob } from './define-job'
import { divideFirst } from './divide-first'
import { frozenPart, frozenRecipe } from './frozen-start'
import { needStore, type JobDeps } from './job-deps'

export const curvesJob = (deps: JobDeps) =>
  defineJob({
    kind: 'learning-curves',
    // A run beside it would make both twice as long.
    lane: 'train',
    params: curvesContract.methods.measure.input.extend({
      /** As curves.measure has resolved them. */
      weights: z.string().nullable(),
      model: z.string(),
      size: z.int(),
      /** The weights for people. */
      name: z.string(),
    }),
    async run({ weights, model, name, size, minutes, seed }, context): Promise<LearningCurves> {
      const store = needStore(deps)
      const task = taskSchema.parse(store.project.task)
      const scratch = join(store.folder, 'cache', `curves-${randomUUID()}`)
      const snapshot = join(scratch, 'snapshot.jsonl.gz')
      await mkdir(scratch, { recursive: true })
      try {
        divideFirst(store, context.log)
        context.report('freezing the data', 0, null)
        const { revision } = await writeSnapshot(store, { splits: ['train', 'val'], file: snapshot, signal: context.signal }) // prettier-ignore
        const recipe: RecipeInput = { ...frozenRecipe(task, { id: model }, size, frozenPart(weights === null)), seed }
        const measured = await callWorker({ ...deps, context }, (worker, call) =>
          worker.learnCurves(
            {
              runDir: scratch,
              recipe: { ...recipe },
              snapshot,
              weights,
              cacheDir: join(store.folder, 'cache'),
              seconds: minutes * 60,
            },
            call,
          ),
        )
        const createdAt = new Date().toISOString()
        const result: LearningCurves = {
          ...measured,
          createdAt,
          revision,
          task,
          score: learningCurvesSchema.shape.score.parse(tasks.get(task).scores[0]),
          weights: name,
          model: basename(model),
          size,
        }
        putLearningCurves(store.db, { result, revision, createdAt })
        return result
      } finally {
        await rm(scratch, { recursive: true, force: true })
      }
    },
  })
