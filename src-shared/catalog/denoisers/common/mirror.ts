/** Positions -margin .. length + margin - 1 of a line that continues as its mirror image, the edge repeated. */
export function mirror(length: number, margin: number): Int32Array {
  return Int32Array.from({ length: length + 2 * margin }, (_, i) => {
    const folded = (((i - margin) % (2 * length)) + 2 * length) % (2 * length)
    return folded < length ? folded : 2 * length - 1 - folded
  })
}
