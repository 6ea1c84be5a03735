/** An exported file, opened again as anybody would, against the network as it was trained, on the same images. */
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import type { ModelDef } from '@shared/catalog/models/define'
import type { Thresholds } from '@shared/contract/inference'
import type { ExportReport } from '@shared/contract/worker'
import { rng } from '@shared/base/rng'
import { openSession, tensor } from '../runtime/session'
import { decodeOutput } from '../predict/decode-output'
import { toDetections } from '../predict/detector'
import { openOnnxDetector } from '../predict/onnx-detector'
import { pictureBatches } from '../predict/picture-batches'
import { compareDetections } from './compare-detections'

export interface ParityOptions {
  /** The exported file. */
  file: string
  model: ModelDef
  params: Record<string, unknown>
  classes: number
  tensors: ReadonlyMap<string, Float32Array>
  size: readonly [number, number]
  /** Image files; seeded noise is compared when none can be read. */
  images: readonly string[]
  /** The suppression of the file, or of the comparison where the file has none. */
  thresholds: Thresholds
  /** Largest differences that pass. */
  tolerance: { box: number; score: number }
  /** Nothing was detected above the limit: boxes could not be compared. */
  onNothing(limit: number): void
  signal: AbortSignal | undefined
}

/** Detections above this score must agree. */
const SCORE_LIMIT = 0.1

/** Batch norms are not folded on the reference side; suppression is that of evaluation/nms. */
export async function checkParity(options: ParityOptions): Promise<ExportReport['parity']> {
  const { model, classes, tensors, params, size, tolerance } = options
  const [height, width] = size
  const points = model.points?.(params) ?? 0
  const exported = await openOnnxDetector(options.file, { batch: 1, provider: 'cpu' })
  const { suppressed } = exported.spec.output
  // Below the limit both sides are looked at a little further, unless the file itself ends above.
  const conf = suppressed ? options.thresholds.conf : SCORE_LIMIT / 2
  const limit = Math.max(SCORE_LIMIT, conf + tolerance.score)
  const thresholds = { ...options.thresholds, conf }
  const worst = { box: 0, score: 0, raw: 0, probability: 0 }
  let images = 0
  let compared = 0
  const inference = buildInference(model, classes, tensors, { params, batch: 1, size, fold: false })
  const session = await openSession(encodeInference(inference), { provider: 'cpu' })
  try {
    for await (const pixels of inputs()) {
      const shape = [1, 3, height, width]
      const { output } = await session.run({ images: tensor('float32', pixels, shape) })
      const raw = { data: output.data as Float32Array, dims: output.dims }
      const at = {
        image: 0,
        conf,
        width,
        height,
        points: points > 0 ? ({ count: points, size: 3 } as const) : undefined,
      }
      const reference = decodeOutput(raw, { ...at, format: 'centre-objectness-classes-points' })
      const [found] = await exported.run(pixels, shape, 1, conf)
      const place = { scale: 1, offsetX: 0, offsetY: 0, width, height }
      const want = toDetections(reference, place, thresholds, false)
      const got = toDetections(found, place, thresholds, suppressed)
      const errors = compareDetections(want, got, limit)
      worst.box = Math.max(worst.box, errors.box)
      worst.score = Math.max(worst.score, errors.score)
      worst.raw = Math.max(worst.raw, errors.box, errors.score)
      compared += want.filter(({ score }) => score > limit).length
      if (!suppressed) {
        const apart = difference(raw.data, await exported.runRaw(pixels, shape), 5 + classes, 3 * points)
        worst.raw = Math.max(worst.raw, apart.all)
        worst.probability = Math.max(worst.probability, apart.probability)
      }
    }
  } finally {
    await session.close()
    await exported.close()
  }
  if (compared === 0) options.onNothing(limit)
  return {
    images,
    maxBoxError: worst.box,
    maxScoreError: worst.score,
    // Reports are JSON, which knows no infinity.
    maxError: Math.min(worst.raw, Number.MAX_VALUE),
    ok: worst.box <= tolerance.box && Math.max(worst.score, worst.probability) <= tolerance.score,
  }

  async function* inputs(): AsyncGenerator<Float32Array<ArrayBuffer>, void, void> {
    const batches = pictureBatches({
      files: options.images,
      batch: 1,
      width,
      height,
      input: exported.spec.pixels,
      pack: { layout: 'nchw', type: 'float32' },
      slice: null,
      onFailed: () => {},
      signal: options.signal,
    })
    for await (const { images: pixels } of batches) {
      images++
      yield pixels as Float32Array<ArrayBuffer>
    }
    if (images > 0) return
    const random = rng('parity')
    yield Float32Array.from({ length: 3 * height * width }, () => random.int(0, model.input.range))
  }
}

/**
 * Largest differences of two outputs: of all numbers, and of the probabilities. Each box has `known` numbers, of which
 * the first four are no probabilities, then x, y and visibility of points, `points` numbers in all.
 */
function difference(
  a: Float32Array,
  b: Float32Array,
  known: number,
  points: number,
): { all: number; probability: number } {
  if (a.length !== b.length) return { all: Infinity, probability: Infinity }
  let [all, probability] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    // Infinite sizes of hopeless boxes are equal when both are infinite.
    if (a[i] === b[i]) continue
    const apart = Math.abs(a[i] - b[i])
    // NaN on one side only must not pass as 0.
    all = Number.isNaN(apart) ? Infinity : Math.max(all, apart)
    const at = i % (known + points)
    const isProbability = at < known ? at >= 4 : (at - known) % 3 === 2
    if (isProbability) probability = Number.isNaN(apart) ? Infinity : Math.max(probability, apart)
  }
  return { all, probability }
}
