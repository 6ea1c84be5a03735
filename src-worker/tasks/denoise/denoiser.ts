/** A trained denoiser for images of any size: from a run's checkpoint, from weights in memory, or from an ONNX file. */
import { join } from 'node:path'
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { fromFloat16, toFloat16 } from '@shared/base/float16'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { modelInfo } from '@shared/catalog/model-info'
import { modelOf } from '@shared/catalog/models'
import { channelsOf } from '@shared/catalog/models/define'
import type { SurgeryEdit } from '@shared/catalog/surgery'
import type { ModelRef } from '@shared/contract/inference'
import { channelsDoNotFit } from '@shared/domain/plane-channels'
import { makePlanarImage, planeOf, type PlanarImage } from '@shared/domain/planar-image'
import type { Provider } from '@shared/domain/recipe'
import { runTiled, type Tiling } from '@shared/domain/tiles'
import { inspectOnnx } from '../../predict/onnx-detector'
import { resolveProvider } from '../../runtime/auto-provider'
import { type Session, openSession, tensor } from '../../runtime/session'
import { readCheckpoint, weightsOf } from '../../train/checkpoint'
import { methodDenoiser } from './method-denoiser'

/** Largest tile, px: about what a gigabyte of activations allows at 64 channels. */
const TILE = 512
/** Tile of networks whose graph is of one size. */
const FIXED_TILE = 256
/** More surroundings than this are never asked for: what lies so far away counts little. */
const MOST_MARGIN = 48
const BLEND = 16

export interface Denoiser {
  channels: number
  tiling: Tiling
  /** The network's input has one size. */
  fixed: boolean
  /** Values about 0..1, any size; grey images go through colour models repeated, colour ones through grey models plane by plane. */
  denoise(image: PlanarImage): Promise<PlanarImage>
  close(): Promise<void>
}

export interface DenoiserWeights {
  id: string
  params: Record<string, unknown>
  surgery?: readonly SurgeryEdit[]
  tensors: ReadonlyMap<string, Float32Array>
  provider: Provider
}

/** How images are cut for a model. */
export function tilingOf(at: Pick<DenoiserWeights, 'id' | 'params' | 'surgery'>): { tiling: Tiling; fixed: boolean } {
  const model = modelOf(at)
  const unit = model.stride
  // Blocks of surgery may hold shapes.
  const fixed = (model.fixedSize?.(at.params) ?? false) || (at.surgery ?? []).length > 0
  // The field of view of a small picture is that of any: pooling over the whole image does not count.
  const { receptiveField } = modelInfo(at.id, 0, Math.max(64, 2 * unit), at.params, at.surgery ?? [])
  const roundUp = (px: number) => Math.ceil(px / unit) * unit
  const margin = Math.min(MOST_MARGIN, (receptiveField - 1) / 2)
  return { tiling: { tile: roundUp(fixed ? FIXED_TILE : TILE), unit, margin: Math.ceil(margin), blend: BLEND }, fixed }
}

export async function denoiserOf(weights: DenoiserWeights): Promise<Denoiser> {
  const { id, params, tensors } = weights
  const model = modelOf(weights)
  const { tiling, fixed } = tilingOf(weights)
  const size = [tiling.tile, tiling.tile] as const
  const inference = buildInference(model, 0, tensors, { params, batch: 1, size, openSides: !fixed })
  const provider = await resolveProvider(weights.provider)
  const session = await openSession(encodeInference(inference, { name: id }), { provider })
  return createDenoiser(session, { channels: channelsOf(model, params), tiling, fixed, half: false, input: 'images' })
}

const fileMetadata = z.object({
  tile: z.coerce.number().int().positive(),
  unit: z.coerce.number().int().positive(),
  margin: z.coerce.number().int().min(0),
  blend: z.coerce.number().int().min(0),
})

/**
 * @throws what reading a model throws; `unknown-model` for a file that takes or gives no planes.
 */
export async function openDenoiser(ref: ModelRef, provider: Provider): Promise<Denoiser> {
  if (ref.kind === 'method') return methodDenoiser(ref)
  if (ref.kind === 'run') {
    const checkpoint = await readCheckpoint(join(ref.runDir, `${ref.checkpoint}.ckpt`))
    const { model: id, modelParams: params, surgery } = checkpoint.meta
    return denoiserOf({ id, params, ...(surgery ? { surgery } : {}), tensors: weightsOf(checkpoint), provider })
  }
  const info = await inspectOnnx(ref.file)
  const [input] = info.inputs
  const shape = input?.shape
  const channels = shape?.[1]
  if (info.inputs.length !== 1 || shape?.length !== 4 || typeof channels !== 'number' || channels > 16)
    throw new TagwrightError(
      'unknown-model',
      `${ref.file} is no denoiser that is understood: it must take one input [N, channels, height, width]. Its inputs: ${info.inputs.map(({ name, shape: s }) => `${name} [${s?.join(', ')}]`).join('; ')}.`,
    )
  const [, , height, width] = shape
  const fixed = typeof height === 'number' && typeof width === 'number'
  if (fixed && height !== width)
    throw new TagwrightError('unknown-model', `${ref.file} takes ${width} x ${height} px; tiles must be square.`)
  const told = fileMetadata.safeParse(Object.fromEntries(['tile', 'unit', 'margin', 'blend'].map((key) => [key, info.metadata.get(key)]))) // prettier-ignore
  const side = fixed ? height : TILE
  const tiling = told.success
    ? told.data
    : { tile: side, unit: fixed && side % 16 !== 0 ? 1 : 16, margin: 16, blend: BLEND }
  const session = await openSession(ref.file, { provider: await resolveProvider(provider), placement: 'any' })
  const half = input.type === 'float16'
  return createDenoiser(session, { channels, tiling: { ...tiling, ...(fixed ? { tile: side } : {}) }, fixed, half, input: input.name }) // prettier-ignore
}

function createDenoiser(
  session: Session,
  { channels, tiling, fixed, half, input }: Pick<Denoiser, 'channels' | 'tiling' | 'fixed'> & { half: boolean; input: string }, // prettier-ignore
): Denoiser {
  const [output] = session.outputs
  const run = async ({ data, width, height }: PlanarImage): Promise<PlanarImage> => {
    const shape = [1, channels, height, width]
    const fed = half ? tensor('float16', toFloat16(data), shape) : tensor('float32', data, shape)
    const made = (await session.run({ [input]: fed }))[output]
    const numbers = made.data instanceof Uint16Array ? fromFloat16(made.data) : (made.data as Float32Array)
    if (numbers.length !== data.length)
      throw new TagwrightError(
        'unknown-model',
        `The model makes [${made.dims}] of [${shape}]; a denoiser gives the shape that it takes.`,
      )
    // Running a model blocks the thread: heartbeats and an abort get their turn here.
    await new Promise((resolve) => setImmediate(resolve))
    return { data: numbers, width, height, channels }
  }
  const whole = (image: PlanarImage) => runTiled(image, tiling, run, fixed)
  return {
    channels,
    tiling,
    fixed,
    async denoise(image) {
      if (image.channels === channels) return whole(image)
      const { width, height } = image
      const out = makePlanarImage(width, height, image.channels)
      if (channels === 1) {
        for (let c = 0; c < image.channels; c++)
          planeOf(out, c).set((await whole({ width, height, channels: 1, data: planeOf(image, c) })).data)
        return out
      }
      if (image.channels !== 1) throw channelsDoNotFit(image.channels, channels)
      const repeated = makePlanarImage(width, height, channels)
      for (let c = 0; c < channels; c++) planeOf(repeated, c).set(image.data)
      const made = await whole(repeated)
      for (let c = 0; c < channels; c++) planeOf(made, c).forEach((v, i) => (out.data[i] += v / channels))
      return out
    },
    close: () => session.close(),
  }
}
