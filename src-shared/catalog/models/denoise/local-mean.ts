import type { Value } from '../../../engine/graph'
import { matmul } from '../../../engine/ops'

/**
 * Mean over a window around each pixel, which is moved inside where it would leave the map: NAFNet's test-time local
 * converter (Chu et al. 2022, arXiv:2112.04491; average pooling without border, its result repeated outwards). Two
 * products with constant matrices instead of two running sums.
 * @param window side in cells; a side that is shorter is averaged whole.
 */
export function localMean(x: Value, window: number): Value {
  const [, , h, w] = x.shape
  const { graph } = x.node
  const rows = graph.constant(meanMatrix(h, window), [h, h])
  const columns = graph.constant(transposed(meanMatrix(w, window), w), [w, w])
  return matmul(rows, matmul(x, columns))
}

/** Row i holds the weights of the window of cell i. */
function meanMatrix(length: number, window: number): Float32Array {
  const size = Math.max(1, Math.min(length, Math.round(window)))
  const out = new Float32Array(length * length)
  for (let i = 0; i < length; i++) {
    // Valid windows begin at 0 .. length - size; the first one is that of the cells `(size - 1) / 2` and before.
    const start = Math.min(length - size, Math.max(0, i - ((size - 1) >> 1)))
    out.fill(1 / size, i * length + start, i * length + start + size)
  }
  return out
}

function transposed(matrix: Float32Array, n: number): Float32Array {
  const out = new Float32Array(matrix.length)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[j * n + i] = matrix[i * n + j]
  return out
}
