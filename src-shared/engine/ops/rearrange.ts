/** Channels to pixels: sub-pixel upsampling. */
import { type Op, type Value } from '../graph'
import { reshape, transpose } from './shape'

/**
 * PyTorch's PixelShuffle (Shi et al. 2016, arXiv:1609.05158): [N, C r r, H, W] -> [N, C, H r, W r]; of the r r channels
 * that make one, the rows come first (ONNX's mode CRD).
 */
export const DepthToSpace: Op = {
  name: 'DepthToSpace',
  infer([x], a) {
    const r = a.scale as number
    const [n, c, h, w] = x!.shape
    if (c % (r * r) !== 0) throw new Error(`${c} channels do not make cells of ${r} x ${r}`)
    return [{ shape: [n, c / (r * r), h * r, w * r], dtype: x!.dtype }]
  },
  grad({ node, inputs: [x], gradients: [g] }) {
    const r = node.attrs.scale as number
    const [n, c, h, w] = x.shape
    return [reshape(transpose(reshape(g!, [n, c / (r * r), h, r, w, r]), [0, 1, 3, 5, 2, 4]), x.shape)]
  },
  onnx: { attrs: (a) => ({ blocksize: { i: a.scale as number }, mode: { s: 'CRD' } }) },
  examples: [{ inputs: [{ shape: [2, 8, 2, 3] }], attrs: { scale: 2 } }],
}

export const pixelShuffle = (x: Value, scale: number): Value => x.node.graph.apply(DepthToSpace, [x], { scale })[0]

export const rearrangeOps = { DepthToSpace }
