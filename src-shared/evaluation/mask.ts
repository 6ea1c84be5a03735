/**
 * Binary masks as run lengths, the way COCO stores them: column by column, the first run is background. Facts of the
 * encoding and of the polygon rasteriser: cocodataset/cocoapi, common/maskApi.c; every function gives its numbers.
 */
import { TagwrightError } from '../base/errors'
import { runLengths } from '../base/run-lengths'

export interface Rle {
  /** [height, width] in pixels. */
  size: readonly [height: number, width: number]
  /** Lengths of alternating runs of 0 and 1, in column-major order. */
  counts: ArrayLike<number>
}

/** Encodes a column-major mask (`mask[x * height + y]`, non-zero is foreground). */
export function encodeMask(mask: ArrayLike<number>, height: number, width: number): Rle {
  return { size: [height, width], counts: runLengths(mask, height * width) }
}

/** The inverse of {@link encodeMask}: 0 and 1, column-major. Throws `bad-mask` when the runs exceed the size. */
export function decodeMask({ size: [height, width], counts }: Rle): Uint8Array {
  const mask = new Uint8Array(height * width)
  let at = 0
  for (let i = 0; i < counts.length; i++) {
    const end = at + counts[i]
    if (end > mask.length) throw tooLong(height, width)
    if (i % 2 === 1) mask.fill(1, at, end)
    at = end
  }
  return mask
}

/** Pixels that are set. */
export function maskArea({ counts }: Rle): number {
  let area = 0
  for (let i = 1; i < counts.length; i += 2) area += counts[i]
  return area
}

/** `[x, y, w, h]` of the set pixels, zeros for an empty mask; written into `out` at `offset` when given. */
export function maskBox(rle: Rle, out: Float64Array | number[] = [0, 0, 0, 0], offset = 0): Float64Array | number[] {
  const { counts } = rle
  const [height, width] = rle.size
  const runs = counts.length - (counts.length % 2)
  if (runs === 0) {
    for (let i = 0; i < 4; i++) out[offset + i] = 0
    return out
  }
  let [left, top, right, bottom] = [width, height, 0, 0]
  let end = 0
  let startColumn = 0
  for (let j = 0; j < runs; j++) {
    end += counts[j]
    const pixel = (end - (j % 2)) >>> 0
    const y = pixel % height
    const x = (pixel - y) / height
    if (j % 2 === 0) startColumn = x
    else if (startColumn < x) {
      top = 0
      bottom = height - 1
    }
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  out[offset] = left
  out[offset + 1] = top
  out[offset + 2] = right - left + 1
  out[offset + 3] = bottom - top + 1
  return out
}

/** COCO's compressed string: 5 data bits a character, bit 5 continues, offset 48; deltas to two runs before. */
export function rleToString({ counts }: Rle): string {
  let text = ''
  for (let i = 0; i < counts.length; i++) {
    let rest = counts[i] - (i > 2 ? counts[i - 2] : 0)
    for (let more = true; more;) {
      // Arithmetic shift by 5 and low 5 bits, in doubles: runs may exceed 31 bits.
      const next = Math.floor(rest / 32)
      const bits = rest - next * 32
      rest = next
      more = bits & 16 ? rest !== -1 : rest !== 0
      text += String.fromCharCode((more ? bits + 32 : bits) + 48)
    }
  }
  return text
}

/** Reads {@link rleToString}'s text. Throws `bad-mask` when it is not such a text or does not fit the size. */
export function rleFromString(text: string, height: number, width: number): Rle {
  const counts: number[] = []
  let total = 0
  for (let p = 0; p < text.length;) {
    let value = 0
    let scale = 1
    for (let more = true; more; p++) {
      const code = text.charCodeAt(p) - 48
      if (p >= text.length || !(code >= 0 && code < 64) || scale > 2 ** 50) {
        throw new TagwrightError(
          'bad-mask',
          `The compressed mask breaks off or has a foreign character at position ${p}. Write the mask again.`,
          { position: p },
        )
      }
      value += (code & 31) * scale
      scale *= 32
      more = (code & 32) !== 0
      if (!more && code & 16) value -= scale
    }
    if (counts.length > 2) value += counts[counts.length - 2]
    total += value
    if (value < 0 || total > height * width) throw tooLong(height, width)
    counts.push(value)
  }
  return { size: [height, width], counts }
}

/** Union (or intersection) of masks of one size. Throws `bad-mask` for none or for different sizes. */
export function mergeMasks(masks: readonly Rle[], intersect = false): Rle {
  if (masks.length === 0) throw new TagwrightError('bad-mask', 'There is no mask to merge. Give at least one.')
  let result = masks[0]
  for (const other of masks.slice(1)) {
    if (other.size[0] !== result.size[0] || other.size[1] !== result.size[1]) {
      throw new TagwrightError(
        'bad-mask',
        `Masks of ${result.size.join(' x ')} and ${other.size.join(' x ')} pixels cannot be merged. Use masks of one image.`,
      )
    }
    result = mergeTwo(result, other, intersect)
  }
  return result
}

function mergeTwo(a: Rle, b: Rle, intersect: boolean): Rle {
  const counts: number[] = []
  let [leftA, leftB] = [a.counts[0] ?? 0, b.counts[0] ?? 0]
  let [nextA, nextB] = [1, 1]
  let [inA, inB, inside] = [false, false, false]
  let run = 0
  for (let rest = 1; rest > 0;) {
    const step = Math.min(leftA, leftB)
    run += step
    leftA -= step
    if (leftA === 0 && nextA < a.counts.length) {
      leftA = a.counts[nextA++]
      inA = !inA
    }
    leftB -= step
    if (leftB === 0 && nextB < b.counts.length) {
      leftB = b.counts[nextB++]
      inB = !inB
    }
    rest = leftA + leftB
    const before = inside
    inside = intersect ? inA && inB : inA || inB
    if (inside !== before || rest === 0) {
      counts.push(run)
      run = 0
    }
  }
  return { size: a.size, counts }
}

/**
 * Intersection over union of two masks; with `crowd`, intersection over the area of `detection`.
 * -1 when the sizes differ. The caller skips pairs whose bounding boxes do not meet.
 */
export function maskIou(detection: Rle, truth: Rle, crowd = false): number {
  if (detection.size[0] !== truth.size[0] || detection.size[1] !== truth.size[1]) return -1
  const a = detection.counts
  const b = truth.counts
  let [leftA, leftB] = [a[0] ?? 0, b[0] ?? 0]
  let [nextA, nextB] = [1, 1]
  let [inA, inB] = [false, false]
  let intersection = 0
  let union = 0
  for (let rest = 1; rest > 0;) {
    const step = leftA < leftB ? leftA : leftB
    if (inA || inB) {
      union += step
      if (inA && inB) intersection += step
    }
    leftA -= step
    if (leftA === 0 && nextA < a.length) {
      leftA = a[nextA++]
      inA = !inA
    }
    leftB -= step
    if (leftB === 0 && nextB < b.length) {
      leftB = b[nextB++]
      inB = !inB
    }
    rest = leftA + leftB
  }
  if (intersection === 0) return 0
  return intersection / (crowd ? maskArea(detection) : union)
}

const tooLong = (height: number, width: number): TagwrightError =>
  new TagwrightError(
    'bad-mask',
    `The runs of the mask do not fit its size of ${height} x ${width} pixels. Write the mask with the size of its image.`,
    { height, width },
  )
