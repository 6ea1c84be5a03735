import { blockMultiplier } from './multiply-block'

/** 2-D transforms of the n x n blocks at every position of a plane, for a band of rows that moves down the picture. */
export interface BlockRows {
  /** n * n values of the block whose upper left corner is (x, y) lie from here in `data`. Valid within the band. */
  at(x: number, y: number): number
  data: Float32Array
  /** Makes rows available down to `last`; the `band` rows up to it stay. Rows only move down. */
  advance(last: number): void
}

/** @param transform n x n, applied to rows and columns. @param band rows kept at once. */
export function transformBlockRows(
  plane: Float32Array,
  width: number,
  height: number,
  n: number,
  transform: Float64Array,
  band: number,
): BlockRows {
  const columns = width - n + 1
  const length = n * n
  const data = new Float32Array(band * columns * length)
  const block = new Float64Array(length)
  const half = new Float64Array(length)
  const full = new Float64Array(length)
  // The transformed lines of the last n lines of pixels, n values a position: neighbouring blocks share them.
  const lines = new Float64Array(n * columns * n)
  const multiplier = blockMultiplier(n)
  let nextLine = 0
  let nextRow = 0

  const transformLine = (y: number): void => {
    const base = (y % n) * columns * n
    // n positions at once as the rows of a block.
    for (let x = 0; x < columns; x += n) {
      const some = Math.min(n, columns - x)
      for (let p = 0; p < some; p++) for (let i = 0; i < n; i++) block[p * n + i] = plane[y * width + x + p + i]
      multiplier.rows(transform, block, 0, half, 0)
      for (let i = 0; i < some * n; i++) lines[base + x * n + i] = half[i]
    }
  }
  const transformRow = (y: number): void => {
    const base = (y % band) * columns * length
    for (let x = 0; x < columns; x++) {
      for (let i = 0; i < n; i++) {
        const from = ((y + i) % n) * columns * n + x * n
        for (let j = 0; j < n; j++) block[i * n + j] = lines[from + j]
      }
      multiplier.columns(transform, block, 0, full, 0)
      const to = base + x * length
      for (let i = 0; i < length; i++) data[to + i] = full[i]
    }
  }

  return {
    data,
    at: (x, y) => ((y % band) * columns + x) * length,
    advance(last) {
      for (; nextRow <= Math.min(last, height - n); nextRow++) {
        for (; nextLine < nextRow + n; nextLine++) transformLine(nextLine)
        transformRow(nextRow)
      }
    },
  }
}
