/** What a run is made of: its recipe with every value resolved, and its frozen data. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkData } from '@shared/catalog/check-data'
import { modelOf } from '@shared/catalog/models'
import { tasks } from '@shared/catalog/tasks'
import { checkTask } from '@shared/catalog/training-program'
import { parseRecipe, type Recipe } from '@shared/domain/recipe'
import { shapeBox } from '@shared/domain/shape-box'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { suggestSlice } from '@shared/domain/suggest-slice'
import { readSnapshot } from '../data/read-snapshot'
import { sliceSamples } from '../data/slice-samples'
import { resolveProvider } from '../runtime/auto-provider'
import { workerTasks } from '../tasks'
import { keepNetwork, openNetwork } from './open-network'
import { resolveRecipe } from './resolve-recipe'
import type { RunPlan, TrainInput } from './run-types'

export type { RunPlan, TrainHost, TrainInput } from './run-types'

export async function makePlan(input: TrainInput): Promise<RunPlan> {
  const file = join(input.runDir, 'recipe.json')
  const given: Recipe = parseRecipe(
    input.resume && existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : input.recipe,
  )
  const { header, samples } = await readSnapshot(input.snapshot)
  const task = tasks.get(given.task)
  const ofSplits = (splits: readonly string[]) => samples.filter((s) => s.split !== null && splits.includes(s.split))
  const inSplits = (splits: readonly string[]) => ofSplits(splits).flatMap((sample) => task.prepare(sample) ?? [])
  const train = inSplits(given.data.trainSplits)
  // Evaluating on training images would flatter the run and choose the most over-fitted weights.
  const learned = new Set(train.map(({ id }) => id))
  const val = inSplits([given.data.evalSplit]).filter(({ id }) => !learned.has(id))
  const images = ofSplits(given.data.trainSplits)
  const [tagged, marked] = [true, false].map((isTag) => images.filter(({ annotations }) => annotations.some(({ shape }) => (shape.kind === 'tag') === isTag)).length) // prettier-ignore
  const points = task.points?.(header.labels).count ?? 0
  checkData(task, { labels: header.labels.length, splits: given.data.trainSplits, images: images.length, tagged, marked, points }) // prettier-ignore
  const own = workerTasks[given.task].data
  if (own) return planOf(await own.complete(given, train, val))
  const provider = await resolveProvider(given.provider)
  const slice = given.data.slice === 'auto' ? suggestSlice(objectSides(train), given.input.size) : given.data.slice
  const sliced =
    slice === null
      ? train
      : await sliceSamples(train, { size: slice, folder: join(input.cacheDir ?? input.runDir, 'slices') })
  const model = await completeModel(given, header.labels, input.runDir)
  const recipe = resolveRecipe({ ...given, model, data: { ...given.data, slice } }, sliced.length, provider, val.length)
  const notes = task.notes?.(images) ?? []
  return { recipe, header, train: sliced, val, notes }

  async function planOf(made: Awaited<ReturnType<NonNullable<typeof own>['complete']>>): Promise<RunPlan> {
    const model = await completeModel(made.recipe, header.labels, input.runDir)
    const provider = await resolveProvider(given.provider)
    const recipe = resolveRecipe({ ...made.recipe, model }, made.train.length, provider, made.val.length)
    return { recipe, header, train: made.train, val: made.val, notes: [] }
  }
}

/** The recipe's model with nothing left open; a network from a file is kept with the run. */
async function completeModel(
  { task, model, input }: Recipe,
  labels: SnapshotHeader['labels'],
  runDir: string,
): Promise<Recipe['model']> {
  await openNetwork(model, runDir)
  const def = modelOf(model)
  checkTask(task, model.id, def)
  if (!def.complete) return model
  if (def.needsFile) await keepNetwork(String(model.params.file), runDir)
  return { ...model, params: def.complete(model.params, input.size, labels) }
}

/** Square roots of the areas of the objects' boxes, px. */
const objectSides = (samples: readonly SnapshotSample[]): number[] =>
  samples.flatMap(({ annotations }) =>
    annotations.flatMap(({ box, shape }) => {
      const bounds = box ?? shapeBox(shape)
      return bounds ? [Math.sqrt((bounds[2] - bounds[0]) * (bounds[3] - bounds[1]))] : []
    }),
  )
