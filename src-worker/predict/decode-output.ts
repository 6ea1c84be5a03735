/** From a detector's output tensor to candidate boxes in pixels of the network input. */
import type { OutputFormat } from '@shared/catalog/detector-signatures'

/** Boxes with a score above the limit, in the order of the output. */
export interface Candidates {
  count: number
  /** Rows x1, y1, x2, y2. */
  boxes: Float32Array
  scores: Float32Array
  /** Index of the model's class. */
  classes: Int32Array
  /** Rows of x, y (pixels of the input) and confidence of `count` points; absent: the model tells none. */
  points?: { data: Float32Array; count: number }
}

export interface OutputTensor {
  data: Float32Array
  dims: readonly number[]
}

export interface DecodeOptions {
  format: OutputFormat
  /** Position in the batch. */
  image: number
  /** Scores must be larger. */
  conf: number
  /** Size of the network input, for grids. */
  width: number
  height: number
  /** Points behind the classes of each row, of x, y and (size 3) a confidence; default none. */
  points?: { count: number; size: 2 | 3 } | undefined
}

/** Arithmetic is rounded to float32 as inside a graph, so that both give the same numbers. */
const f = Math.fround

export function decodeOutput(output: OutputTensor, options: DecodeOptions): Candidates {
  const found = new Found(options.conf, options.points)
  const { format } = options
  if (format === 'centre-objectness-classes' || format === 'centre-objectness-classes-points')
    decodeRows(output, options, found)
  else if (format === 'yolox-grid') decodeGrid(output, options, found)
  else if (format === 'centre-classes-columns') decodeColumns(output, options, found)
  else if (format === 'corners-score-class' || format === 'corners-score-class-points')
    decodeSuppressed(output, options, found)
  else decodeListed(output, options, found)
  return found.finish(output.data)
}

class Found {
  readonly limit: number
  private count = 0
  private boxes = new Float32Array(4 * 256)
  private scores = new Float32Array(256)
  private classes = new Int32Array(256)
  /** Where the first number of a row's points is, and how far apart they are. */
  private pointsAt = new Int32Array(256)
  private pointStep = 1
  private readonly points: { count: number; size: 2 | 3 } | null

  constructor(conf: number, points: DecodeOptions['points']) {
    this.limit = f(conf)
    this.points = points ?? null
  }

  /** Numbers of a row's points. */
  get pointNumbers(): number {
    return this.points ? this.points.count * this.points.size : 0
  }

  add(x1: number, y1: number, x2: number, y2: number, score: number, label: number, points = 0, step = 1): void {
    // Also what is not a number stays out.
    if (!(score > this.limit) || !Number.isFinite(x1 + y1 + x2 + y2) || !(label >= 0)) return
    if (this.count === this.scores.length) this.grow()
    this.boxes.set([x1, y1, x2, y2], 4 * this.count)
    this.scores[this.count] = score
    this.pointsAt[this.count] = points
    this.pointStep = step
    this.classes[this.count++] = label
  }

  addCentred(cx: number, cy: number, w: number, h: number, score: number, label: number, points = 0, step = 1): void {
    const [dx, dy] = [f(w * 0.5), f(h * 0.5)]
    this.add(f(cx - dx), f(cy - dy), f(cx + dx), f(cy + dy), score, label, points, step)
  }

  private grow(): void {
    const wider = <T extends Float32Array | Int32Array>(old: T, next: T): T => (next.set(old), next)
    this.boxes = wider(this.boxes, new Float32Array(2 * this.boxes.length))
    this.scores = wider(this.scores, new Float32Array(2 * this.scores.length))
    this.classes = wider(this.classes, new Int32Array(2 * this.classes.length))
    this.pointsAt = wider(this.pointsAt, new Int32Array(2 * this.pointsAt.length))
  }

  finish(data: Float32Array): Candidates {
    const { count, points } = this
    return {
      ...(points ? { points: { data: this.readPoints(data, points), count: points.count } } : {}),
      count,
      boxes: this.boxes.slice(0, 4 * count),
      scores: this.scores.slice(0, count),
      classes: this.classes.slice(0, count),
    }
  }

  private readPoints(data: Float32Array, { count: points, size }: { count: number; size: 2 | 3 }): Float32Array {
    const out = new Float32Array(3 * points * this.count)
    for (let row = 0, to = 0; row < this.count; row++) {
      for (let k = 0, at = this.pointsAt[row]; k < points; k++, at += size * this.pointStep) {
        out[to++] = data[at]
        out[to++] = data[at + this.pointStep]
        out[to++] = size === 3 ? data[at + 2 * this.pointStep] : 1
      }
    }
    return out
  }
}

/** [N, A, 5 + C (+ 3 K)]: cx, cy, w, h in pixels, objectness, class probabilities, points. */
function decodeRows({ data, dims: [, rows, width] }: OutputTensor, { image }: DecodeOptions, found: Found): void {
  for (let a = 0, at = image * rows * width; a < rows; a++, at += width) {
    const objectness = data[at + 4]
    // A product with a probability is never larger.
    if (!(objectness > found.limit)) continue
    const points = at + width - found.pointNumbers
    const best = bestClass(data, at + 5, points, 1)
    const score = f(objectness * data[best])
    found.addCentred(data[at], data[at + 1], data[at + 2], data[at + 3], score, best - at - 5, points)
  }
}

/** The same before decoding: cells of the strides 8, 16, 32, row-major, centres and logarithms of sizes in cells. */
function decodeGrid({ data, dims: [, rows, width] }: OutputTensor, options: DecodeOptions, found: Found): void {
  let at = options.image * rows * width
  for (const stride of [8, 16, 32]) {
    const [across, down] = [Math.floor(options.width / stride), Math.floor(options.height / stride)]
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++, at += width) {
        const objectness = data[at + 4]
        if (!(objectness > found.limit)) continue
        const best = bestClass(data, at + 5, at + width, 1)
        found.addCentred(
          f(f(data[at] + x) * stride),
          f(f(data[at + 1] + y) * stride),
          f(f(Math.exp(data[at + 2])) * stride),
          f(f(Math.exp(data[at + 3])) * stride),
          f(objectness * data[best]),
          best - at - 5,
        )
      }
    }
  }
}

/** [N, 4 + C (+ 2 or 3 K), A]: the same quantities as columns, without objectness. */
function decodeColumns({ data, dims: [, width, rows] }: OutputTensor, { image }: DecodeOptions, found: Found): void {
  const start = image * rows * width
  for (let a = 0; a < rows; a++) {
    const at = start + a
    const points = at + (width - found.pointNumbers) * rows
    const best = bestClass(data, at + 4 * rows, points, rows)
    const label = (best - at) / rows - 4
    const [w, h] = [data[at + 2 * rows], data[at + 3 * rows]]
    found.addCentred(data[at], data[at + rows], w, h, data[best], label, points, rows)
  }
}

/** [N, max, 6 (+ 3 K)]: x1, y1, x2, y2, score, class, points; suppressed already, rows of zeros at the end. */
function decodeSuppressed({ data, dims: [, rows, width] }: OutputTensor, { image }: DecodeOptions, found: Found): void {
  for (let a = 0, at = image * rows * width; a < rows; a++, at += width)
    found.add(data[at], data[at + 1], data[at + 2], data[at + 3], data[at + 4], Math.round(data[at + 5]), at + 6)
}

/** [n, 7]: image, class, score, x1, y1, x2, y2; suppressed already. */
function decodeListed({ data, dims: [rows, width] }: OutputTensor, { image }: DecodeOptions, found: Found): void {
  for (let a = 0, at = 0; a < rows; a++, at += width) {
    if (Math.round(data[at]) !== image) continue
    found.add(data[at + 3], data[at + 4], data[at + 5], data[at + 6], data[at + 2], Math.round(data[at + 1]))
  }
}

/** Position of the largest of the numbers from `from` to `to`, the first of equal ones. */
function bestClass(data: Float32Array, from: number, to: number, step: number): number {
  let best = from
  for (let i = from + step; i < to; i += step) if (data[i] > data[best]) best = i
  return best
}
