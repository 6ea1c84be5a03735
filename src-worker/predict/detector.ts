/** A detector ready to run: a session, what its input wants, and what its output means. */
import type { DetectorSpec } from '@shared/catalog/detector-signatures'
import { TagwrightError } from '@shared/base/errors'
import { fromFloat16, toFloat16 } from '@shared/base/float16'
import type { Thresholds } from '@shared/contract/inference'
import { nms } from '@shared/evaluation/nms'
import type { Detection, FoundPoint } from '@shared/domain/detection'
import { pointSigmas } from '@shared/evaluation/point-sigmas'
import { oksNms } from '@shared/evaluation/oks-nms'
import { tensor, type Session } from '../runtime/session'
import type { EvalBatch, LetterboxedSample, Packing } from '../data/types'
import { decodeOutput, type Candidates } from './decode-output'

export interface Detector {
  readonly spec: DetectorSpec
  /** How the loader has to pack images. */
  readonly pack: Packing
  /** Candidates of each of the first `count` images, in pixels of the network input. */
  run(images: EvalBatch['images'], shape: readonly number[], count: number, conf: number): Promise<Candidates[]>
  /** The output tensor as it is. */
  runRaw(images: EvalBatch['images'], shape: readonly number[]): Promise<Float32Array>
  close(): Promise<void>
}

export function createDetector(session: Session, spec: DetectorSpec): Detector {
  const { input, output } = spec
  const feed = async (images: EvalBatch['images'], shape: readonly number[]) => {
    const given =
      input.type === 'float16'
        ? tensor('float16', toFloat16(images as Float32Array), shape)
        : tensor(input.type, images, shape)
    const result = (await session.run({ [input.name]: given }))[output.name]
    return { data: floats(result.data, output.name), dims: result.dims }
  }
  return {
    spec,
    pack: { layout: input.layout, type: input.type === 'uint8' ? 'uint8' : 'float32' },
    async run(images, shape, count, conf) {
      const result = await feed(images, shape)
      const { width, height } = input
      return Array.from({ length: count }, (_, image) =>
        decodeOutput(result, { format: output.format, image, conf, width, height, points: spec.points ?? undefined }),
      )
    },
    runRaw: async (images, shape) => (await feed(images, shape)).data,
    close: () => session.close(),
  }
}

function floats(data: unknown, name: string): Float32Array {
  if (data instanceof Float32Array) return data
  if (data instanceof Uint16Array) return fromFloat16(data)
  if (data instanceof Float64Array) return Float32Array.from(data)
  // Node's own float16 arrays, where the runtime hands them out.
  if (ArrayBuffer.isView(data) && data.constructor.name === 'Float16Array') {
    return Float32Array.from(data as unknown as ArrayLike<number>)
  }
  throw new TagwrightError('unknown-model', `The output "${name}" of the model holds no floating-point numbers.`)
}

/**
 * Suppresses and brings boxes into upright image pixels, cut at the image's edge; what lies outside or has no area goes.
 * Labels are the model's class indexes; best first.
 */
export function toDetections(
  candidates: Candidates,
  sample: Pick<LetterboxedSample, 'scale' | 'offsetX' | 'offsetY' | 'width' | 'height'>,
  { iou, maxDet, oks }: Thresholds,
  suppressed: boolean,
  sigmas?: readonly (readonly number[])[],
): Detection[] {
  const { boxes, scores, classes, count, points } = candidates
  const kept = suppressed
    ? Array.from({ length: Math.min(count, maxDet) }, (_, i) => i)
    : oks !== undefined && points && sigmas
      ? oksNms({ boxes, points: points.data, pointCount: points.count, scores, classes }, { oks, maxDet, sigmas })
      : nms(boxes, scores, classes, { iou, maxDet, maxCandidates: Infinity })
  const { scale, offsetX, offsetY, width, height } = sample
  const out: Detection[] = []
  const x = (value: number) => Math.min(Math.max((value - offsetX) / scale, 0), width)
  const y = (value: number) => Math.min(Math.max((value - offsetY) / scale, 0), height)
  for (const row of kept) {
    const box = [x(boxes[4 * row]), y(boxes[4 * row + 1]), x(boxes[4 * row + 2]), y(boxes[4 * row + 3])] as const
    if (!(box[2] > box[0] && box[3] > box[1])) continue
    const keypoints =
      points && pointsOf(points.data.subarray(3 * row * points.count, 3 * (row + 1) * points.count), sample)
    out.push({ label: classes[row], score: scores[row], box, ...(keypoints ? { keypoints } : {}) })
  }
  return out
}

/** In upright image pixels; points may lie outside of the image. */
const pointsOf = (
  points: Float32Array,
  { scale, offsetX, offsetY }: Pick<LetterboxedSample, 'scale' | 'offsetX' | 'offsetY'>,
): FoundPoint[] =>
  Array.from({ length: points.length / 3 }, (_, k) => [
    (points[3 * k] - offsetX) / scale,
    (points[3 * k + 1] - offsetY) / scale,
    points[3 * k + 2],
  ])

/** OKS sigmas by class and point of what a detector tells. */
export const detectorSigmas = ({ points, classes }: DetectorSpec): number[][] =>
  points
    ? Array.from({ length: classes ?? 1 }, (_, c) => {
        const { names, sigmas } = points.skeletons[c] ?? { names: [], sigmas: [] }
        const own = names.length > 0 ? pointSigmas({ names, sigmas }) : []
        const usual = pointSigmas({ names: Array<string>(points.count).fill(''), sigmas: [] })
        return usual.map((sigma, k) => own[k] ?? sigma)
      })
    : []
