/** The worker's `evaluate` for denoisers: PSNR and SSIM on one split of a snapshot, at noise levels, with pictures. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import type { ModelRef } from '@shared/contract/inference'
import type { workerContract } from '@shared/contract/worker'
import { type Noise, type SetNoise, noiseLevels, noiseSchema } from '@shared/domain/noise'
import type { PlanarImage } from '@shared/domain/planar-image'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { overLevels } from '@shared/evaluation/restoration'
import { developPlanes, type PlanesLook } from '@shared/raw/develop-planes'
import { writeAtomic } from '../../files/write-atomic'
import type { EvaluateHost } from '../../predict/evaluate'
import { inspectOnnx } from '../../predict/onnx-detector'
import { readSnapshot } from '../../data/read-snapshot'
import { dngLook } from '../../data/dng-file'
import { writePlanes } from '../../data/planes'
import { openDenoiser } from './denoiser'
import { type Compared, evaluateImages } from './evaluate-images'
import { PlaneCache } from './plane-cache'

type Evaluate = (typeof workerContract)['methods']['evaluate']

/** Images with pictures at most. */
const PICTURES = 24

export async function evaluateDenoiser(
  input: z.output<Evaluate['input']>,
  { report, signal }: EvaluateHost,
): Promise<z.input<Evaluate['output']>> {
  const started = performance.now()
  report.progress('opening the model', 0, null)
  const { samples: all } = await readSnapshot(input.snapshot, input.split ? [input.split] : undefined)
  const warnings: { code: string; message: string }[] = []
  const warn = (code: string, message: string) => {
    report.log('warning', message)
    warnings.push({ code, message })
  }
  const noise = await noiseFor(input.model, input.levels, all)
  const samples = noise.id === 'pairs' ? all.filter(({ pair }) => pair !== undefined) : all
  if (samples.length === 0)
    throw new TagwrightError(
      'no-samples',
      all.length > 0
        ? `None of the ${all.length} images has a clean one beside it, and the model was trained on pairs. Import pairs, or give --levels to add noise.`
        : 'The chosen split holds no images. Assign images to it or choose another.',
    )
  const denoiser = await openDenoiser(input.model, input.provider)
  const pictures = input.pictures === undefined ? null : new Pictures(input.pictures)
  try {
    const restoration = await evaluateImages(denoiser, {
      samples,
      noise,
      cache: new PlaneCache(({ name, message }) => warn('image-unreadable', `${name}: ${message} It is left out.`)),
      side: null,
      // A grey model is measured on grey images, as its tables are.
      channels: denoiser.channels === 1 ? 1 : null,
      seed: 0,
      classical: input.methods ?? [],
      signal,
      onImage: (compared) => pictures?.add(compared),
      onProgress: (done, total) => report.progress('denoising', done, total),
    })
    await pictures?.end()
    const { psnr, ssim } = overLevels(restoration, 1)
    return {
      iouType: 'image',
      coco: { PSNR: psnr, SSIM: ssim },
      stats: [psnr, ssim],
      perClass: [],
      images: restoration.images,
      seconds: (performance.now() - started) / 1000,
      thresholds: null,
      warnings,
      restoration,
    }
  } finally {
    await denoiser.close()
  }
}

/** The noise that a model was trained on, at other levels where they are given. */
async function noiseFor(
  model: ModelRef,
  levels: readonly number[] | undefined,
  samples: readonly SnapshotSample[],
): Promise<SetNoise> {
  // prettier-ignore
  const told = model.kind === 'run' ? await runNoise(model.runDir) : model.kind === 'onnx' ? await fileNoise(model.file) : null
  const noise = noiseSchema.parse(told ?? {})
  const hasPairs = samples.some(({ pair }) => pair !== undefined)
  const trained = noise.id === 'auto' ? (hasPairs ? 'pairs' : 'gaussian') : noise.id
  // Levels are those of made noise.
  const id = trained === 'pairs' && levels ? 'gaussian' : trained
  const set = { ...noise, id, levels: levels ? [...levels] : trained === id ? noise.levels : ('auto' as const) }
  return { ...set, levels: noiseLevels(set) }
}

async function runNoise(runDir: string): Promise<Noise | null> {
  const file = join(runDir, 'recipe.json')
  return existsSync(file) ? ((JSON.parse(await readFile(file, 'utf8')) as { noise?: Noise }).noise ?? null) : null
}

async function fileNoise(file: string): Promise<unknown> {
  const text = (await inspectOnnx(file)).metadata.get('noise')
  try {
    return text === undefined ? null : JSON.parse(text)
  } catch {
    return null
  }
}

interface Picture {
  sample: number
  name: string
  width: number
  height: number
  levels: number[]
}

/** Before, after and truth of the first images, for people: PNG files and `pictures.json`. */
class Pictures {
  private readonly folder: string
  private readonly rows = new Map<number, Picture>()
  /** Of camera files, by sample. */
  private readonly looks = new Map<number, PlanesLook>()

  constructor(folder: string) {
    this.folder = folder
  }

  async add({ sample, level, clean, noisy, output }: Compared): Promise<void> {
    if (!this.rows.has(sample.id)) {
      if (this.rows.size === PICTURES) return
      const look = clean.channels === 4 ? await dngLook(sample.pair ?? sample.file, clean) : null
      if (look) this.looks.set(sample.id, look)
      const { width, height } = await this.write(sample.id, 'truth', clean)
      this.rows.set(sample.id, { sample: sample.id, name: sample.name, width, height, levels: [] })
    }
    this.rows.get(sample.id)!.levels.push(level)
    await this.write(sample.id, `${level}-noisy`, noisy)
    await this.write(sample.id, `${level}-model`, output)
  }

  private async write(sample: number, name: string, image: PlanarImage): Promise<PlanarImage> {
    const look = this.looks.get(sample)
    const shown = look ? developPlanes(image, look) : image
    await writePlanes(join(this.folder, `${sample}-${name}.png`), shown)
    return shown
  }

  async end(): Promise<void> {
    if (this.rows.size > 0)
      await writeAtomic(join(this.folder, 'pictures.json'), [JSON.stringify([...this.rows.values()])])
  }
}
