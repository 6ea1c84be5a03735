/** A small seeded batch for a detector: noise with brighter rectangles, and their boxes. */
import { rng } from '@shared/base/rng'

export interface DetectorBatch {
  /** Whole numbers 0..255, NCHW. */
  images: Float32Array
  shape: [number, number, number, number]
  /** [N, M, 5] rows (class, cx, cy, w, h) in px; the last row of each image is padding. */
  targets: Float32Array
  targetShape: [number, number, number]
}

export function makeDetectorBatch(
  batch: number,
  [height, width]: readonly [number, number],
  classes: number,
  truths = 3,
  seed = 0,
): DetectorBatch {
  const random = rng('batch', seed)
  const images = Float32Array.from({ length: batch * 3 * height * width }, () => random.int(60, 140))
  const targets = new Float32Array(batch * (truths + 1) * 5)
  for (let n = 0; n < batch; n++)
    for (let m = 0; m < truths; m++) {
      const label = random.int(0, classes - 1)
      const w = random.int(width >> 3, width >> 1)
      const h = random.int(height >> 3, height >> 1)
      const left = random.int(0, width - w)
      const top = random.int(0, height - h)
      targets.set([label, left + w / 2, top + h / 2, w, h], (n * (truths + 1) + m) * 5)
      for (let c = 0; c < 3; c++)
        for (let y = top; y < top + h; y++)
          for (let x = left; x < left + w; x++)
            images[((n * 3 + c) * height + y) * width + x] = 180 + 20 * c + 10 * label
    }
  return { images, shape: [batch, 3, height, width], targets, targetShape: [batch, truths + 1, 5] }
}
