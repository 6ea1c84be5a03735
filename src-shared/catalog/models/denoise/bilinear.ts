import type { Value } from '../../../engine/graph'
import { matmul } from '../../../engine/ops'

/**
 * Bilinear enlargement by a whole factor, [N, C, H, W] -> [N, C, H scale, W scale]; pixels are squares (`half_pixel`), what
 * lies beyond the edge is the edge. Two products with constant matrices, so that its gradient is two products too.
 */
export function enlarge(x: Value, scale: number): Value {
  if (scale === 1) return x
  const [, , h, w] = x.shape
  const { graph } = x.node
  const rows = graph.constant(weights(h, scale, false), [h * scale, h])
  const columns = graph.constant(weights(w, scale, true), [w, w * scale])
  return matmul(rows, matmul(x, columns))
}

/** What each of `length` cells gives to each enlarged one. */
function weights(length: number, scale: number, transposed: boolean): Float32Array {
  const size = length * scale
  const out = new Float32Array(size * length)
  for (let i = 0; i < size; i++) {
    const at = Math.min(length - 1, Math.max(0, (i + 0.5) / scale - 0.5))
    const low = Math.floor(at)
    const high = Math.min(length - 1, low + 1)
    const give = (j: number, share: number) => (out[transposed ? j * size + i : i * length + j] += share)
    give(low, 1 - (at - low))
    give(high, at - low)
  }
  return out
}
