/** What a run is made of: its recipe with every value resolved, and its frozen data. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { parseRecipe, type Recipe } from '@shared/domain/recipe'
import { shapeBox } from '@shared/domain/shape-box'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { suggestSlice } from '@shared/domain/suggest-slice'
import { readSnapshot } from '../data/read-snapshot'
import { sliceSamples } from '../data/slice-samples'
import type { WorkerReport } from '../report'
import { resolveProvider } from '../runtime/auto-provider'
import { type ResolvedRecipe, resolveRecipe } from './resolve-recipe'

export interface TrainInput {
  runDir: string
  recipe: Record<string, unknown>
  snapshot: string
  resume: boolean
  weights: string | null
  /** Folder for what may be deleted at any time; null keeps nothing. */
  cacheDir: string | null
}
export interface TrainHost {
  report: WorkerReport
  signal: AbortSignal
  /** Absolute path of the built decode-thread.js; null decodes on this thread. */
  threadFile: string | null
  /** Threads for decoding and augmenting. */
  loaderThreads: number
}

/** Everything that stays the same during a run. */
export interface RunPlan {
  recipe: ResolvedRecipe
  header: SnapshotHeader
  train: SnapshotSample[]
  val: SnapshotSample[]
}

export async function makePlan(input: TrainInput): Promise<RunPlan> {
  const file = join(input.runDir, 'recipe.json')
  const given: Recipe = parseRecipe(
    input.resume && existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : input.recipe,
  )
  const { header, samples } = await readSnapshot(input.snapshot)
  const inSplits = (splits: readonly string[]) => samples.filter((s) => s.split !== null && splits.includes(s.split))
  const train = inSplits(given.data.trainSplits)
  // Evaluating on training images would flatter the run and choose the most over-fitted weights.
  const val = inSplits([given.data.evalSplit]).filter((s) => !train.includes(s))
  if (header.labels.length === 0)
    throw new TagwrightError(
      'no-labels',
      'The project has no labels. Annotate some images or import annotations, then train.',
    )
  if (train.length === 0)
    throw new TagwrightError(
      'no-samples',
      `No images are in the splits ${given.data.trainSplits.join(', ')}. Assign splits (tagwright import ... --split auto) or choose others with --train-splits.`,
    )
  if (!train.some((s) => s.annotations.some((a) => a.shape.kind !== 'tag')))
    throw new TagwrightError(
      'no-annotations',
      `None of the ${train.length} training images has an annotation. Annotate some, then train.`,
    )
  const provider = await resolveProvider(given.provider)
  const slice = given.data.slice === 'auto' ? suggestSlice(objectSides(train), given.input.size) : given.data.slice
  const sliced =
    slice === null
      ? train
      : await sliceSamples(train, { size: slice, folder: join(input.cacheDir ?? input.runDir, 'slices') })
  const recipe = resolveRecipe({ ...given, data: { ...given.data, slice } }, sliced.length, provider)
  return { recipe, header, train: sliced, val }
}

/** Square roots of the areas of the objects' boxes, px. */
const objectSides = (samples: readonly SnapshotSample[]): number[] =>
  samples.flatMap(({ annotations }) =>
    annotations.flatMap(({ box, shape }) => {
      const bounds = box ?? shapeBox(shape)
      return bounds ? [Math.sqrt((bounds[2] - bounds[0]) * (bounds[3] - bounds[1]))] : []
    }),
  )
