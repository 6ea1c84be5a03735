/** Rows of a YOLO label file. Values are fractions of the image; pixels are made here and nowhere else. */
import type { Shape } from '../../../domain/annotation'
import type { DatasetIssue } from '../../../domain/dataset'
import type { Keypoint, Point } from '../../../domain/geometry'
import { short } from '../common/check-shape'

export interface RowRules {
  /** Number of classes; rows above are refused. */
  classes: number
  /** From data.yaml: points per object and numbers per point (2 or 3). */
  keypoints?: readonly [count: number, dimensions: 2 | 3]
  /** Nine numbers are the four corners of a rotated box, not a polygon. */
  rotated: boolean
  width: number
  height: number
}

export interface Row {
  class: number
  shape: Shape
  /** 1-based. */
  line: number
  /** A sixth number: a track id or a score of another tool. */
  trailing?: number
}

export interface RowsResult {
  rows: Row[]
  issues: Omit<DatasetIssue, 'file'>[]
  /** How many numbers the polygon rows have: all 9 means that they may be rotated boxes. */
  polygonRows: number
  nineColumnRows: number
}

/** What six decimals can be off by at the border: not worth a word. */
const rounding = 2e-6

/** Never throws: a row that cannot be used is an issue with its line, and the rest of the file is read. */
export function parseRows(text: string, rules: RowRules): RowsResult {
  const result: RowsResult = { rows: [], issues: [], polygonRows: 0, nineColumnRows: 0 }
  const seen = new Map<string, number>()
  let at = 0
  for (const raw of text.split('\n')) {
    at++
    const line = at
    const words = raw.trim().split(/\s+/)
    if (words[0] === '') continue
    const skip = (code: string, message: string) => result.issues.push({ level: 'skipped', code, message, line })
    const values = words.map(Number)
    const bad = values.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0) {
      skip(
        'bad-row',
        bad === 0
          ? `The class "${words[0]}" is not a number; a YOLO row starts with the class index. Correct the row.`
          : `"${words[bad]}" is not a number. Correct the row.`,
      )
      continue
    }
    const index = values[0]
    if (!Number.isInteger(index) || index < 0) {
      skip('bad-class', `The class ${words[0]} is not a whole number from 0. Correct the row.`)
      continue
    }
    if (index >= rules.classes) {
      const known =
        rules.classes === 0
          ? 'no class is named'
          : `the list has ${rules.classes} ${rules.classes === 1 ? 'class (0)' : `classes (0 to ${rules.classes - 1})`}`
      skip('unknown-class', `There is no class ${index}; ${known}. Add the name to the list, or correct the row.`)
      continue
    }
    const key = values.join(' ')
    const first = seen.get(key)
    if (first !== undefined) {
      skip('duplicate-row', `The row is the same as line ${first} and is taken once.`)
      continue
    }
    seen.set(key, line)
    const read = readRow(values, rules, (code, message) =>
      result.issues.push({ level: 'warning', code, message, line }),
    )
    if ('problem' in read) skip(read.code, read.problem)
    else {
      result.rows.push({
        class: index,
        line,
        shape: read.shape,
        ...(read.trailing !== undefined ? { trailing: read.trailing } : {}),
      })
      if (read.shape.kind === 'polygon') {
        result.polygonRows++
        if (values.length === 9) result.nineColumnRows++
      }
    }
  }
  return result
}

type Problem = { problem: string; code: string }
type Warn = (code: string, message: string) => void

function readRow(values: number[], rules: RowRules, warn: Warn): { shape: Shape; trailing?: number } | Problem {
  const count = values.length
  if (rules.keypoints && count > 6) {
    const [points, dimensions] = rules.keypoints
    const needed = 5 + points * dimensions
    if (count !== needed) {
      return {
        code: 'bad-row',
        problem: `The row has ${count} numbers; with kpt_shape [${points}, ${dimensions}] a row has ${needed}. Correct the row or kpt_shape.`,
      }
    }
    const box = readBox(values, rules, warn)
    if ('problem' in box) return box
    return { shape: { kind: 'keypoints', keypoints: readKeypoints(values, rules, dimensions), box: box.box } }
  }
  if (count === 5 || count === 6) {
    const box = readBox(values, rules, warn)
    if ('problem' in box) return box
    return { shape: { kind: 'box', box: box.box }, ...(count === 6 ? { trailing: values[5] } : {}) }
  }
  if (count < 5 || count % 2 === 0) {
    return {
      code: 'bad-row',
      problem: `The row has ${count} ${count === 1 ? 'number' : 'numbers'}; a YOLO box row has 5, a polygon row 1 and two per point. Correct the row.`,
    }
  }
  return readPolygon(values, rules, warn)
}

function readBox(
  values: number[],
  { width, height }: RowRules,
  warn: Warn,
): { box: [number, number, number, number] } | Problem {
  const [, cx, cy, w, h] = values
  const text = `${short(cx)} ${short(cy)} ${short(w)} ${short(h)}`
  if (Math.max(Math.abs(cx), Math.abs(cy), Math.abs(w), Math.abs(h)) > 2) {
    return {
      code: 'not-normalised',
      problem: `The box ${text} is not in fractions of the image: YOLO values lie between 0 and 1. Divide pixels by the image's width and height.`,
    }
  }
  if (!(w > 0 && h > 0))
    return {
      code: 'zero-area',
      problem: `The box ${text} has no area and is skipped. Redraw it if an object is there.`,
    }
  const edges = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
  const clipped = edges.map((value) => Math.min(1, Math.max(0, value)))
  const [x1, y1, x2, y2] = clipped
  if (!(x2 > x1 && y2 > y1)) {
    return {
      code: 'outside-image',
      problem: `The box ${text} lies outside of the image and is skipped. Check that the file belongs to this image.`,
    }
  }
  if (edges.some((value, i) => Math.abs(value - clipped[i]) > rounding)) {
    warn('clipped', `The box ${text} reaches beyond the image and is clipped to it.`)
  }
  return { box: [x1 * width, y1 * height, x2 * width, y2 * height] }
}

function readKeypoints(
  values: number[],
  { width, height }: RowRules,
  dimensions: 2 | 3,
): [number, number, 0 | 1 | 2][] {
  const points: [number, number, 0 | 1 | 2][] = []
  for (let i = 5; i < values.length; i += dimensions) {
    const [x, y] = [values[i], values[i + 1]]
    // Without a flag, a point at the corner means "not there".
    const v = dimensions === 3 ? values[i + 2] : x === 0 && y === 0 ? 0 : 2
    points.push(v > 0 ? [x * width, y * height, v >= 2 ? 2 : 1] : [0, 0, 0])
  }
  return points
}

function readPolygon(values: number[], rules: RowRules, warn: Warn): { shape: Shape } | Problem {
  const { width, height } = rules
  if (values.slice(1).some((value) => Math.abs(value) > 2)) {
    return {
      code: 'not-normalised',
      problem:
        "The points are not in fractions of the image: YOLO values lie between 0 and 1. Divide pixels by the image's width and height.",
    }
  }
  const rotated = rules.rotated && values.length === 9
  const ring: Point[] = []
  let moved = 0
  for (let i = 1; i < values.length; i += 2) {
    // The corners of a rotated box may lie outside: clipping would turn it into another shape.
    const x = rotated ? values[i] : Math.min(1, Math.max(0, values[i]))
    const y = rotated ? values[i + 1] : Math.min(1, Math.max(0, values[i + 1]))
    moved = Math.max(moved, Math.abs(x - values[i]), Math.abs(y - values[i + 1]))
    ring.push([x * width, y * height])
  }
  const xs = ring.map(([x]) => x)
  const ys = ring.map(([, y]) => y)
  if (!(Math.max(...xs) > Math.min(...xs) && Math.max(...ys) > Math.min(...ys))) {
    return { code: 'zero-area', problem: 'The polygon has no area and is skipped. Redraw it if an object is there.' }
  }
  if (moved > rounding) warn('clipped', `The polygon reaches beyond the image and is clipped to it.`)
  if (!rotated) return { shape: { kind: 'polygon', rings: [ring.map(([x, y]): [number, number] => [x, y])] } }
  return { shape: { kind: 'rotated-box', rotatedBox: fitRotatedBox(ring, warn) } }
}

/** Centre, mean side lengths and the direction of the first side; the corners are clockwise. */
function fitRotatedBox(corners: readonly Point[], warn: Warn): [number, number, number, number, number] {
  const [a, b, c, d] = corners
  const cx = (a[0] + b[0] + c[0] + d[0]) / 4
  const cy = (a[1] + b[1] + c[1] + d[1]) / 4
  // Opposite sides are averaged as vectors, so that rounding of single corners cancels out.
  const along = [(b[0] - a[0] + c[0] - d[0]) / 2, (b[1] - a[1] + c[1] - d[1]) / 2]
  const across = [(d[0] - a[0] + c[0] - b[0]) / 2, (d[1] - a[1] + c[1] - b[1]) / 2]
  const w = Math.hypot(along[0], along[1])
  const h = Math.hypot(across[0], across[1])
  const lean = Math.abs(along[0] * across[0] + along[1] * across[1]) / Math.max(w * h, 1e-12)
  if (lean > 0.05) warn('not-a-rectangle', 'The four corners are no rectangle; the nearest rotated box is taken.')
  const angle = (Math.atan2(along[1], along[0]) * 180) / Math.PI
  return [cx, cy, w, h, angle]
}

/** At most nine decimals, trailing zeros dropped. */
export const fraction = (value: number): string => {
  const text = value.toFixed(9)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

export const keypointFractions = (keypoints: readonly Keypoint[], width: number, height: number): string[] =>
  keypoints.flatMap(([x, y, v]) => (v === 0 ? ['0', '0', '0'] : [fraction(x / width), fraction(y / height), String(v)]))
