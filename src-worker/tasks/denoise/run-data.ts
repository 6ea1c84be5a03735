/** What a denoising run takes the place of in the run loop: its recipe's open values, its batches and its evaluation. */
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { modelOf } from '@shared/catalog/models'
import { channelsOf } from '@shared/catalog/models/define'
import { cropsOf } from '@shared/domain/crops'
import { noiseLevels, type SetNoise } from '@shared/domain/noise'
import { withChannels } from '@shared/domain/plane-channels'
import { makePlanarImage } from '@shared/domain/planar-image'
import type { Recipe } from '@shared/domain/recipe'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { overLevels } from '@shared/evaluation/restoration'
import { exposureOf } from '@shared/raw/develop'
import type { Batches, RunPlan, TrainHost } from '../../train/run-types'
import type { RunData } from '../worker-task'
import { type CropBatch, cropBatches, type CropBatchesOptions } from './crop-batches'
import { denoiserOf } from './denoiser'
import { evaluateImages } from './evaluate-images'
import { type BadPlanes, PlaneCache } from './plane-cache'
import { readPlanes, writePlanes } from '../../data/planes'

/** Images whose planes are counted. */
const LOOKED_AT = 20
/** Evaluation while training looks at the middle of an image: so many sides of a crop. */
const EVALUATED_SIDES = 2

const tellBad =
  ({ report }: Pick<TrainHost, 'report'>, what: string) =>
  ({ name, message }: BadPlanes) =>
    report.log('warning', `${name}: ${message} ${what}`)

const cropOptions = ({ recipe, train }: RunPlan, host: TrainHost): CropBatchesOptions => ({
  samples: train,
  batch: recipe.batch.size,
  side: recipe.input.size,
  channels: channelsOf(modelOf(recipe.model), recipe.model.params),
  noise: recipe.noise as SetNoise,
  seed: recipe.seed,
  epochs: recipe.epochs,
  threads: host.threadFile ? host.loaderThreads : 0,
  threadFile: host.threadFile ?? undefined,
  onBad: tellBad(host, 'Another image takes its place.'),
})

export const runData: RunData = {
  async complete(recipe: Recipe, train: readonly SnapshotSample[], val: readonly SnapshotSample[]) {
    const { noise } = recipe
    const hasPairs = train.some(({ pair }) => pair !== undefined)
    const isPairs = noise.id === 'auto' ? hasPairs : noise.id === 'pairs'
    const usable = (samples: readonly SnapshotSample[]) =>
      isPairs ? samples.filter(({ pair }) => pair !== undefined) : [...samples]
    const used = usable(train)
    if (used.length === 0)
      throw new TagwrightError(
        'no-pairs',
        `None of the ${train.length} training images has a clean one beside it. Import pairs (--format image-pairs), or make noise with noise.id=gaussian.`,
      )
    const { params } = recipe.model
    const channels = typeof params.channels === 'number' ? params.channels : await countPlanes(used)
    // A mosaic is linear light: noise of one strength everywhere would drown its shadows as no camera does.
    const made = channels === 4 ? 'poisson-gaussian' : 'gaussian'
    const set: SetNoise = { ...noise, id: noise.id !== 'auto' ? noise.id : isPairs ? 'pairs' : made, levels: [] }
    const crops = cropsOf(recipe.data.crops, used.length)
    return {
      recipe: {
        ...recipe,
        model: { ...recipe.model, params: { ...params, channels } },
        noise: { ...set, levels: noiseLevels({ ...set, levels: noise.levels }) },
        data: { ...recipe.data, crops },
      },
      train: Array.from({ length: crops }, () => used).flat(),
      val: usable(val),
    }
  },

  openBatches(plan: RunPlan, host: TrainHost): Batches {
    const options = cropOptions(plan, host)
    return {
      async *batches(from) {
        for await (const batch of cropBatches(options, from)) {
          host.signal.throwIfAborted()
          yield { ...batch, targets: new Float32Array(0), maxGt: 0, release: () => {} }
        }
      },
      close: async () => {},
    }
  },

  openEvaluation(plan: RunPlan, host: TrainHost) {
    const { recipe, val } = plan
    const { id, params, surgery } = recipe.model
    const cache = new PlaneCache(tellBad(host, 'It is left out of the evaluation.'))
    return {
      found: null,
      async run(tensors, _, signal) {
        const denoiser = await denoiserOf({ id, params, surgery, tensors, provider: recipe.provider })
        try {
          const restoration = await evaluateImages(denoiser, {
            samples: val,
            noise: recipe.noise as SetNoise,
            cache,
            side: EVALUATED_SIDES * recipe.input.size,
            channels: denoiser.channels,
            seed: recipe.seed,
            signal,
          })
          const { psnr, ssim } = overLevels(restoration, 1)
          const { levels } = restoration
          const each = levels.length > 1 ? levels.map(({ title, scores }) => [`PSNR ${title}`, scores[1].psnr]) : []
          return { PSNR: psnr, SSIM: ssim, ...Object.fromEntries(each) }
        } finally {
          await denoiser.close()
        }
      },
      close: async () => {},
    }
  },

  async preview(plan, host, { out, batches }) {
    const made: { file: string; width: number; height: number }[] = []
    const { recipe, train } = plan
    const options = cropOptions(plan, host)
    for await (const batch of cropBatches({ ...options, samples: train, epochs: Math.max(recipe.epochs, batches) })) {
      made.push(await drawBatch(batch, join(out, `train_batch${made.length}.png`)))
      host.report.progress('drawing', made.length, batches)
      if (made.length === batches) break
    }
    return made
  },

  async *normBatches(plan, host, count) {
    const options = cropOptions(plan, host)
    const batch = Math.min(options.batch, plan.train.length)
    let seen = 0
    for await (const { tensors } of cropBatches({ ...options, batch, epochs: 1 })) {
      yield { images: tensors.images.data as Float32Array<ArrayBuffer>, count: batch, release: () => {} }
      seen += batch
      if (seen >= count) return
    }
  },
}

/** Noisy and clean crops side by side. */
async function drawBatch({ tensors, count, width }: CropBatch, file: string) {
  const [, channels] = tensors.images.shape
  const columns = Math.ceil(Math.sqrt(count / 2)) * 2
  const sheet = makePlanarImage(columns * width, Math.ceil((2 * count) / columns) * width, channels)
  for (const [which, { data }] of [tensors.images, tensors.clean].entries())
    for (let i = 0; i < count; i++) {
      const cell = 2 * i + which
      const [left, top] = [(cell % columns) * width, Math.floor(cell / columns) * width]
      for (let c = 0; c < channels; c++)
        for (let y = 0; y < width; y++) {
          const from = ((i * channels + c) * width + y) * width
          sheet.data.set(data.subarray(from, from + width), (c * sheet.height + top + y) * sheet.width + left)
        }
    }
  // Mosaics are linear light and mostly dark.
  const light = channels === 4 ? exposureOf(tensors.clean.data.map((v) => Math.min(1, Math.max(0, v)))) : 1
  for (let i = 0; light !== 1 && i < sheet.data.length; i++) sheet.data[i] *= light
  await writePlanes(file, [1, 3, 4].includes(channels) ? sheet : withChannels({ ...sheet, channels: 1 }, 1))
  return { file, width: sheet.width, height: sheet.height }
}

/** One plane when the images looked at are grey, else three. @throws the first image's error when none can be read. */
async function countPlanes(samples: readonly SnapshotSample[]): Promise<number> {
  const step = Math.max(1, Math.floor(samples.length / LOOKED_AT))
  let failure: unknown = null
  let most = 0
  for (let i = 0; i < samples.length && i < LOOKED_AT * step; i += step) {
    try {
      most = Math.max(most, (await readPlanes(samples[i].pair ?? samples[i].file)).channels)
      if (most > 1) break
    } catch (error) {
      failure ??= error
    }
  }
  if (most === 0) throw failure
  return most
}
