/** Overlapping squares that cover an image, as SAHI cuts them (obss/sahi, `get_slice_bboxes`). */

export interface Slice {
  x: number
  y: number
  width: number
  height: number
}

/**
 * Squares of `size` px, each overlapping the next by `overlap` of its side; those at the right and bottom are moved back
 * inside, so that all are full. An image that fits into one square is one slice; otherwise the whole image comes last
 * (unless `whole` is false), for objects larger than a square.
 */
export function sliceImage(
  { width, height }: { width: number; height: number },
  slice: { size: number; overlap: number; whole?: boolean } | null,
): Slice[] {
  const whole = { x: 0, y: 0, width, height }
  if (!slice || (width <= slice.size && height <= slice.size)) return [whole]
  const starts = (side: number): number[] => {
    const step = Math.max(1, slice.size - Math.floor(slice.size * slice.overlap))
    const out = [0]
    while (out.at(-1)! + slice.size < side) out.push(Math.min(out.at(-1)! + step, side - slice.size))
    return out
  }
  const size = { width: Math.min(slice.size, width), height: Math.min(slice.size, height) }
  const parts = starts(height).flatMap((y) => starts(width).map((x) => ({ x, y, ...size })))
  return slice.whole === false ? parts : [...parts, whole]
}
