/** Lays out float NCHW pixels (whole numbers 0..255) as a program's image input wants them. */
import type { ImagePacking } from '@shared/engine/lower'

export function packImages(nchw: Float32Array, [n, c, h, w]: number[], packing: ImagePacking): Uint8Array {
  const out = new Uint8Array(nchw.length)
  let at = 0
  const pixel = (b: number, ch: number, y: number, x: number) => nchw[((b * c + ch) * h + y) * w + x]
  if (packing === 'nchw') return Uint8Array.from(nchw)
  for (let b = 0; b < n; b++) {
    if (packing === 'nhwc') {
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) for (let ch = 0; ch < c; ch++) out[at++] = pixel(b, ch, y, x)
      continue
    }
    for (let y = 0; y < h; y += 2)
      for (let x = 0; x < w; x += 2)
        for (const [dy, dx] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ])
          for (let ch = 0; ch < c; ch++) out[at++] = pixel(b, ch, y + dy, x + dx)
  }
  return out
}
