/** The inverse of the loader's packing, for diagnosis: bytes of any packing as float NCHW. */
import type { ImagePacking } from '@shared/engine/lower'

/** @param shape [N, C, H, W] of the images. */
export function unpackPixels(bytes: Uint8Array, [n, c, h, w]: readonly number[], packing: ImagePacking): Float32Array {
  if (packing === 'nchw') return Float32Array.from(bytes)
  const out = new Float32Array(bytes.length)
  const step = packing === 's2d-nhwc' ? 2 : 1
  const blocks =
    step === 2
      ? [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ]
      : [[0, 0]]
  let at = 0
  for (let b = 0; b < n; b++)
    for (let y = 0; y < h; y += step)
      for (let x = 0; x < w; x += step)
        for (const [dy, dx] of blocks)
          for (let ch = 0; ch < c; ch++) out[((b * c + ch) * h + y + dy) * w + x + dx] = bytes[at++]
  return out
}
