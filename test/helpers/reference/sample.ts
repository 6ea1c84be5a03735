/** Bilinear sampling of the float64 interpreter: each position visits the cells less than one cell away. */
import type { RefRule, RefTensor } from './tensor'

/** Calls `visit` for each cell around each position, with its weight as a product of a row's and a column's. */
function eachCell(
  x: readonly number[],
  at: RefTensor,
  visit: (cell: { n: number; p: number; offset: number; row: number; column: number; r: number; q: number }) => void,
): void {
  const [batch, , h, w] = x
  const points = at.shape[2]
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < points; p++) {
      const [r, q] = [at.data[2 * n * points + p], at.data[(2 * n + 1) * points + p]]
      for (let i = Math.max(0, Math.floor(r)); i <= Math.min(h - 1, Math.floor(r) + 1); i++)
        for (let j = Math.max(0, Math.floor(q)); j <= Math.min(w - 1, Math.floor(q) + 1); j++)
          visit({ n, p, offset: i * w + j, row: 1 - Math.abs(r - i), column: 1 - Math.abs(q - j), r: i - r, q: j - q })
    }
}
const slope = (distance: number): number => (distance > 0 ? 1 : -1)

export const sample = {
  BilinearSample: (({ inputs: [x, at], like }) => {
    const y = like(0)
    const [, c, h, w] = x.shape
    const points = at.shape[2]
    eachCell(x.shape, at, ({ n, p, offset, row, column }) => {
      for (let k = 0; k < c; k++)
        y.data[(n * c + k) * points + p] += row * column * x.data[(n * c + k) * h * w + offset]
    })
    return [y]
  }) as RefRule,
  BilinearScatter: (({ inputs: [dy, at], like }) => {
    const dx = like(0)
    const [, c, h, w] = dx.shape
    const points = at.shape[2]
    eachCell(dx.shape, at, ({ n, p, offset, row, column }) => {
      for (let k = 0; k < c; k++)
        dx.data[(n * c + k) * h * w + offset] += row * column * dy.data[(n * c + k) * points + p]
    })
    return [dx]
  }) as RefRule,
  BilinearSlope: (({ inputs: [dy, x, at], like }) => {
    const dat = like(0)
    const [, c, h, w] = x.shape
    const points = at.shape[2]
    eachCell(x.shape, at, ({ n, p, offset, row, column, r, q }) => {
      for (let k = 0; k < c; k++) {
        const product = dy.data[(n * c + k) * points + p] * x.data[(n * c + k) * h * w + offset]
        dat.data[2 * n * points + p] += product * slope(r) * column
        dat.data[(2 * n + 1) * points + p] += product * slope(q) * row
      }
    })
    return [dat]
  }) as RefRule,
}
