/**
 * The distance of the spectra: the mean of |Re| + |Im| of the two-dimensional discrete Fourier transform of the
 * difference. Devices have no differentiable FFT; for crops of some hundred px two products with constant matrices are it.
 */
import type { Graph, Value } from '../../engine/graph'
import { abs, add, matmul, slice, sub } from '../../engine/ops'
import { defineRestorationLoss } from './define'
import { meanOf } from './means'

export default defineRestorationLoss({
  title: 'Fourier',
  source: 'Cho et al. 2021 (MIMO-UNet), arXiv:2108.05054',
  weight: 0.1,
  build(output, truth) {
    const apart = sub(output, truth)
    const { re, im } = transform(apart)
    return meanOf(add(abs(re), abs(im)))
  },
})

/** The unnormalised transform of each plane of [N, C, H, W]: both parts [N, C, H, W]; the sign of `im` is turned. */
export function transform(x: Value): { re: Value; im: Value } {
  const [, , h, w] = x.shape
  const { graph } = x.node
  const rows = matmul(waves(graph, h, 'rows'), x)
  const both = matmul(rows, waves(graph, w, 'columns'))
  const part = (row: 0 | 1, column: 0 | 1) =>
    slice(slice(both, 2, row * h, (row + 1) * h), 3, column * w, (column + 1) * w)
  return { re: sub(part(0, 0), part(1, 1)), im: add(part(0, 1), part(1, 0)) }
}

/** Cosines, then sines: [2 n, n] for rows, [n, 2 n] for columns. */
function waves(graph: Graph, n: number, kind: 'rows' | 'columns'): Value {
  const data = new Float32Array(2 * n * n)
  for (let k = 0; k < n; k++)
    for (let j = 0; j < n; j++) {
      // The product is reduced first: large angles lose digits.
      const angle = (2 * Math.PI * ((k * j) % n)) / n
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
      if (kind === 'rows') {
        data[k * n + j] = cos
        data[(n + k) * n + j] = sin
      } else {
        data[j * 2 * n + k] = cos
        data[j * 2 * n + n + k] = sin
      }
    }
  return graph.constant(data, kind === 'rows' ? [2 * n, n] : [n, 2 * n])
}
