/** Rounding to the pixel grid and sticking to edges nearby. */
import type { Box, Point } from '@shared/domain/geometry'

/** Two decimals: far finer than a hand, and free of rounding noise in the stored numbers. */
export const tidy = (value: number): number => Math.round(value * 100) / 100 + 0

export const roundPoint = ([x, y]: Point, whole: boolean): Point =>
  whole ? [Math.round(x) + 0, Math.round(y) + 0] : [tidy(x), tidy(y)]

export const roundBox = (box: Box, whole: boolean): [number, number, number, number] => {
  const [x1, y1] = roundPoint([box[0], box[1]], whole)
  const [x2, y2] = roundPoint([box[2], box[3]], whole)
  return [x1, y1, x2, y2]
}

/** Edges that points stick to, image pixels. */
export interface SnapLines {
  readonly xs: readonly number[]
  readonly ys: readonly number[]
}

export function snapLines(boxes: Iterable<Box>): SnapLines {
  const xs: number[] = []
  const ys: number[] = []
  for (const [x1, y1, x2, y2] of boxes) {
    xs.push(x1, x2)
    ys.push(y1, y2)
  }
  return { xs, ys }
}

const nearest = (value: number, lines: readonly number[], tolerance: number): number => {
  let best = value
  let least = tolerance
  for (const line of lines) {
    const far = Math.abs(line - value)
    if (far <= least) {
      best = line
      least = far
    }
  }
  return best
}

/** Each coordinate sticks to the nearest line within the tolerance (image pixels). */
export const snapPoint = ([x, y]: Point, { xs, ys }: SnapLines, tolerance: number): Point => [
  nearest(x, xs, tolerance),
  nearest(y, ys, tolerance),
]
