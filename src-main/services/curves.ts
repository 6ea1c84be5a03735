import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { models } from '@shared/catalog/models'
import { tasks } from '@shared/catalog/tasks'
import {
  learningCurvesSchema,
  type CurveAdvice,
  type curvesContract,
  type LearningCurves,
} from '@shared/contract/curves'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { defaultModels, type TaskId } from '@shared/domain/task'
import { adviseLabels, describeAdvice, type Advice } from '@shared/evaluation/label-advice'
import { findStartFile } from '../jobs/frozen-start'
import { needStore, type JobDeps } from '../jobs/job-deps'
import { usualSize } from '../jobs/project-recipe'
import type { Queue } from '../jobs/queue'
import { serveFile } from '../media/served-files'
import { getLearningCurves } from '../store/learning-curves'
import { listRuns } from '../store/run'
import type { Store } from '../store/store'
import { csvText } from './result-files'

export function createCurvesService(deps: JobDeps, queue: () => Queue): ServiceHandlers<typeof curvesContract> {
  return {
    async measure(input) {
      const store = needStore(deps)
      const task = store.project.task as TaskId
      if (tasks.get(task).truth === 'image')
        throw new TagwrightError(
          'unknown-kind',
          'What more images bring to a denoiser is not told: it learns from crops, not from labels. Compare runs on parts of the images instead.',
          { task },
        )
      const size = input.size ?? usualSize(store.db, task)
      if (input.model !== null && /\.onnx$/i.test(input.model)) {
        const model = resolve(input.model)
        if (!existsSync(model))
          throw new TagwrightError('not-found', `There is no model file ${model}. Check the path.`, { file: model })
        // The file is the model: there is nothing else to begin from.
        return {
          job: queue().add('learning-curves', { ...input, size, weights: null, model, name: basename(model) }).id,
        }
      }
      if (input.weights !== null) refuseRun(store, input.weights)
      const start = await findStartFile(deps, input.weights, '')
      const fits = start.model !== null && models.get(start.model).task === task ? start.model : null
      const model = input.model ?? fits ?? defaultModels[task]
      const name = input.weights === null ? start.name : basename(start.name)
      return { job: queue().add('learning-curves', { ...input, size, weights: start.file, model, name }).id }
    },
    latest() {
      const store = needStore(deps)
      const curves = read(store)
      return { curves, stale: curves !== null && curves.revision !== store.project.revision }
    },
    advise({ more }) {
      const store = needStore(deps)
      const curves = need(store)
      const { overall, classes, next } = adviseLabels(curves, more)
      const told = (one: Advice): CurveAdvice => ({ ...one, text: describeAdvice(one, more, curves.score) })
      return {
        more,
        score: curves.score,
        stale: curves.revision !== store.project.revision,
        overall: told(overall),
        classes: classes.map(told),
        next,
      }
    },
    download({ file, more }) {
      const store = needStore(deps)
      const curves = need(store)
      const folder = join(store.folder, 'cache', 'results')
      mkdirSync(folder, { recursive: true })
      const path = join(folder, `learning-curves-${file}`)
      writeFileSync(path, extname(file) === '.json' ? JSON.stringify(curves, null, 1) : csvText(tables[file as Table](curves, more))) // prettier-ignore
      const mime = extname(file) === '.json' ? 'application/json' : 'text/csv; charset=utf-8'
      return serveFile({ path, mime, name: `learning-curves-${file}` })
    },
  }
}

/** What a run of the project begins with knows the labels already: every part would look like all of them. */
function refuseRun(store: Store, weights: string): void {
  const run = listRuns(store.db).find(({ id, name }) => id === weights || name === weights)
  if (!run && weights !== 'latest') return
  throw new TagwrightError(
    'seen-labels',
    `Run ${run?.id ?? 'latest'} has learned from the labels of this project, so that its curve would be flat. Begin from weights that have not seen them: a published file, e.g. yolox-nano.`,
    { weights },
  )
}

function read(store: Store): LearningCurves | null {
  // What an older version has measured in another form is measured again.
  return learningCurvesSchema.safeParse(getLearningCurves(store.db)).data ?? null
}

function need(store: Store): LearningCurves {
  const curves = read(store)
  if (curves) return curves
  throw new TagwrightError(
    'not-found',
    'No learning curves were measured yet. Measure them: tagwright advise <project>.',
  )
}

type Cell = string | number | null
type Table = 'advice.csv' | 'points.csv'

const tables: Record<Table, (curves: LearningCurves, more: number) => Cell[][]> = {
  'advice.csv'(curves, more) {
    const { overall, classes } = adviseLabels(curves, more)
    return [
      ['class', 'objects', curves.score, 'more', 'gain', 'gain low (10 %)', 'gain high (90 %)', 'images', 'reason'],
      ...[overall, ...classes].map(({ label, objects, now, gain, images, reason }): Cell[] => [
        label ?? 'all (images)',
        objects,
        now,
        more,
        gain?.middle ?? null,
        gain?.low ?? null,
        gain?.high ?? null,
        images,
        reason,
      ]),
    ]
  },
  'points.csv': ({ overall, classes, score }) => [
    ['class', 'objects', 'draw', score],
    ...[{ ...overall, label: 'all (images)' }, ...classes].flatMap(({ label, points }) =>
      points.map(({ n, draw, score: value }): Cell[] => [label, n, draw, value]),
    ),
  ],
}
