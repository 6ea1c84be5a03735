/** The worker's `exportOnnx` for denoisers: planes in, planes out, any size where the network allows it. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { rng } from '@shared/base/rng'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { channelsOf } from '@shared/catalog/models/define'
import { noiseSchema, type SetNoise } from '@shared/domain/noise'
import type { PlanarImage } from '@shared/domain/planar-image'
import { cut } from '@shared/domain/tiles'
import { openCheckpoint, worstDifference, writeModel } from '../../export/export-file'
import { onnxMetadata } from '../../export/onnx-metadata'
import { readSnapshot } from '../../data/read-snapshot'
import { toPlanarImage } from '../../data/planes'
import { withChannels } from '@shared/domain/plane-channels'
import { openSession, tensor } from '../../runtime/session'
import type { WorkerTask } from '../worker-task'
import { openDenoiser, tilingOf } from './denoiser'
import { makeNoisy } from './make-noisy'
import { PlaneCache } from './plane-cache'

/** Images of the parity report, and their side, px. */
const PARITY_IMAGES = 4
const PARITY_SIDE = 128
/** What a value may differ by: an eighth of a step of 8 bits, and a whole step. */
const TOLERANCE = { full: 5e-4, half: 4e-3 }

export const exportDenoiser: WorkerTask['exportOnnx'] = async (input, { report, signal }) => {
  const { runDir, out, dynamic, half } = input
  if (input.nms)
    throw new TagwrightError('bad-option', 'Suppression is for detectors; a denoiser has no boxes. Leave out --nms.')
  report.progress('reading the checkpoint', 0, null)
  const { meta, at, model, tensors } = await openCheckpoint(runDir, input.checkpoint)
  const channels = channelsOf(model, meta.modelParams)
  const { tiling, fixed } = tilingOf(at)
  const size = [tiling.tile, tiling.tile] as const
  report.progress('writing the file', 0, null)
  const options = { params: meta.modelParams, batch: 1, size, openSides: !fixed }
  const inference = buildInference(model, 0, tensors, { ...options, half, dynamic })
  const file = join(runDir, 'recipe.json')
  const noise = noiseSchema.parse(existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')).noise ?? {}) : {})
  const metadata = {
    ...onnxMetadata({ model, meta: { ...meta, size: [...size] }, format: 'image', dynamic, half, nms: null, date: new Date(), licence: input.licence ?? null }), // prettier-ignore
    description: `${model.title} for denoising, trained with Tagwright`,
    channels: String(channels),
    noise: JSON.stringify(noise),
    tile: String(tiling.tile),
    unit: String(tiling.unit),
    margin: String(tiling.margin),
    blend: String(tiling.blend),
  }
  const written = await writeModel(out, inference, { name: meta.model, metadata })
  report.progress('checking the file', 0, null)
  const parity = await compare()
  if (!parity.ok)
    report.log('warning', `The file does not compute quite the same as the network: values differ by up to ${parity.maxError.toExponential(1)}.`) // prettier-ignore
  return {
    ...written,
    parity,
    half: null,
  }

  /** The file as anybody would open it, against the network without folded norms, on the same images. */
  async function compare() {
    const exported = await openDenoiser({ kind: 'onnx', file: out }, 'cpu')
    const side = fixed ? tiling.tile : Math.ceil(PARITY_SIDE / model.stride) * model.stride
    const plain = buildInference(model, 0, tensors, { ...options, size: [side, side], openSides: false, fold: false })
    const session = await openSession(encodeInference(plain), { provider: 'cpu' })
    let [worst, images] = [0, 0]
    try {
      for await (const image of inputs(side)) {
        signal?.throwIfAborted()
        const shape = [1, channels, side, side]
        const want = (await session.run({ images: tensor('float32', image.data, shape) })).output.data as Float32Array
        const { data: got } = await exported.denoise(image)
        worst = Math.max(worst, worstDifference(want, got))
        images++
      }
    } finally {
      await session.close()
      await exported.close()
    }
    const error = Math.min(worst, Number.MAX_VALUE)
    const ok = error <= (half ? TOLERANCE.half : TOLERANCE.full)
    return { images, maxBoxError: 0, maxScoreError: error, maxError: error, ok }
  }

  /** Noisy pieces of the run's images. */
  async function* inputs(side: number): AsyncGenerator<PlanarImage> {
    const snapshot = join(runDir, 'snapshot.jsonl.gz')
    const samples = existsSync(snapshot) ? (await readSnapshot(snapshot)).samples : []
    const cache = new PlaneCache(() => {})
    let given = 0
    for (const sample of samples) {
      if (given === PARITY_IMAGES) break
      const pair = existsSync(sample.file) ? await cache.get(sample, noise.id === 'pairs' && !!sample.pair) : null
      if (!pair) continue
      const piece = cut(withChannels(toPlanarImage(pair.noisy ?? pair.clean), channels), 0, 0, side, side)
      yield pair.noisy ? piece : await makeNoisy(piece, noise as SetNoise, rng('parity', sample.id))
      given++
    }
    if (given > 0) return
    report.log('warning', 'No image of the run can be read; the file was compared with the network on noise only.')
    const random = rng('parity')
    const data = Float32Array.from({ length: channels * side * side }, () => random.next())
    yield { data, width: side, height: side, channels }
  }
}
