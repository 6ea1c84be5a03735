/** Where a run's batches come from: augmented images, or the kept features of a frozen trunk. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { rng } from '@shared/base/rng'
import { modelOf } from '@shared/catalog/models'
import { tasks } from '@shared/catalog/tasks'
import { createLoader } from '../data/loader'
import type { Loader, LoaderOptions } from '../data/types'
import { FeatureCache, type VariantSource, variantsAt } from './feature-cache'
import type { Batches, RunPlan, TrainHost, TrainInput } from './run-types'
import type { ResolvedRecipe } from './resolve-recipe'
import type { TrainState } from './train-state'
import type { TrunkRunner } from './trunk-runner'

export type { Batches } from './run-types'

/** Rows of targets: the smallest that holds a batch's boxes. */
export const maxGt = [4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256]
/** Sides of multi-scale training differ by so many px, or by the model's stride where that is larger. */
const SIZE_STEP = 32
/** Of kept features, when the recipe leaves it to the program. */
const AUTO_BYTES = 4 * 2 ** 30

export async function openBatches(
  plan: RunPlan,
  state: TrainState,
  input: TrainInput,
  host: TrainHost,
): Promise<Batches> {
  const { recipe, train } = plan
  const trunk = state.frozenTrunk
  if (!trunk || !input.cacheDir || !keepsFeatures(recipe, trunk.length, train.length))
    return createLoader(loaderOptions(plan, state, host))
  const features = await openFeatures(plan, state, trunk, input.cacheDir, host)
  const { seed, epochs } = recipe
  const ofEpoch = (epoch: number) => variantsAt(epoch, epochs, recipe.features.variants)
  return {
    batches: (from) => features.batches({ seed, epochs, variantsAt: ofEpoch, ...featureBatches(plan) }, from),
    close: () => features.close(),
  }
}

/** Of batches from kept features, what the run decides. */
export const featureBatches = ({ recipe, header }: RunPlan) => ({
  batch: recipe.batch.size,
  side: recipe.input.size,
  maxGt,
  width: 5 + 3 * (tasks.get(recipe.task).points?.(header.labels)?.count ?? 0),
})

/** What the trunk makes of all training images: from the cache where it is there, computed when it is asked for. */
export function openFeatures(
  plan: RunPlan,
  state: TrainState,
  trunk: TrunkRunner,
  cacheDir: string,
  host: TrainHost,
): Promise<FeatureCache> {
  const { recipe, train } = plan
  const { variants } = recipe.features
  // The loader leaves out a last, partly filled batch: images from the start fill it.
  const short = Math.ceil(train.length / recipe.batch.size) * recipe.batch.size - train.length
  const padded = [...train, ...Array.from({ length: short }, (_, i) => train[i % train.length])]
  const augment = { augment: recipe.augment, variants, size: recipe.input.size, seed: recipe.seed }
  const key = createHash('sha256')
    .update(JSON.stringify([state.trunkHash(), augment, train, recipe.batch.size]))
    .digest('hex')
  const position = new Map(train.map(({ id }, i) => [id, i]))
  return FeatureCache.open(trunk, {
    key,
    folder: join(cacheDir, 'features'),
    images: train.length,
    variants,
    source: variantSource(),
    onProgress: (done, total) => host.report.progress('computing features', done, total),
  })

  /** One loader whose epochs are the variants. */
  function variantSource(): VariantSource {
    let loader: Loader | null = null
    let made: ReturnType<Loader['batches']> | null = null
    return {
      async *batches(variant) {
        const options = loaderOptions(plan, state, host)
        loader ??= createLoader({ ...options, samples: padded, epochs: variants, closeEpochs: Math.ceil(variants / 4) })
        made ??= loader.batches({ epoch: variant, batch: 0 })
        for (let i = 0; i < loader.batchesPerEpoch; i++) {
          const next = await made.next()
          if (next.done) return
          const { value: batch } = next
          yield { batch, positions: batch.sampleIds.map((id) => position.get(id)!) }
        }
      },
      async close() {
        await made?.return()
        await loader?.close()
        loader = made = null
      },
    }
  }
}

function loaderOptions({ recipe, train, header }: RunPlan, state: TrainState, host: TrainHost): LoaderOptions {
  const step = Math.max(SIZE_STEP, modelOf(recipe.model).stride)
  return {
    samples: train,
    batch: recipe.batch.size,
    size: recipe.input.multiScale ? epochSizes(recipe, step) : recipe.input.size,
    maxSize: recipe.input.size + step * recipe.input.multiScale,
    seed: recipe.seed,
    epochs: recipe.epochs,
    closeEpochs: recipe.loss.closeEpochs,
    augment: recipe.augment,
    maxGt,
    points: tasks.get(recipe.task).points?.(header.labels),
    input: modelOf(recipe.model).input,
    pack: { layout: state.layout, type: 'uint8' },
    threads: host.threadFile ? host.loaderThreads : 0,
    threadFile: host.threadFile ?? undefined,
    onBadSample: ({ name, message }) =>
      host.report.log('warning', `${name}: ${message} Another image takes its place.`),
    signal: host.signal,
  }
}

/** @param length numbers of one image's features. */
export function keepsFeatures(
  { input, features: { cache, variants } }: Pick<ResolvedRecipe, 'input' | 'features'>,
  length: number,
  images: number,
): boolean {
  if (input.multiScale > 0 || cache === false) return false
  return cache === true || 2 * length * images * variants <= AUTO_BYTES
}

/** Input side per epoch: the same for the same seed, wherever the run resumes. */
function epochSizes({ input, seed }: ResolvedRecipe, step: number): (epoch: number) => number {
  const { size, multiScale } = input
  return (epoch) => Math.max(step, size + step * rng(seed, 'size', epoch).int(-multiScale, multiScale))
}
