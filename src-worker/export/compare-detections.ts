/** How far two sets of detections of one image lie apart. */
import type { Detection } from '@shared/domain/detection'

export interface DetectionErrors {
  /** Largest difference of a coordinate of a box or a point in pixels. */
  box: number
  /** Largest difference of a score; that of the detection itself where it has no counterpart. */
  score: number
}

/**
 * Every detection with a score above `limit` on either side is compared with the nearest one of its class on the other.
 * Both lists should reach below `limit`, so that a score just beneath it is found.
 */
export function compareDetections(a: readonly Detection[], b: readonly Detection[], limit: number): DetectionErrors {
  const errors = { box: 0, score: 0 }
  const compare = (from: readonly Detection[], to: readonly Detection[]) => {
    for (const one of from) {
      if (!(one.score > limit)) continue
      let best: DetectionErrors | null = null
      for (const other of to) {
        if (other.label !== one.label) continue
        const places = one.box.map((v, i) => Math.abs(v - other.box[i]))
        one.keypoints?.forEach(([x, y], k) => {
          const there = other.keypoints?.[k]
          places.push(there ? Math.max(Math.abs(x - there[0]), Math.abs(y - there[1])) : Infinity)
        })
        const box = Math.max(...places)
        const score = Math.abs(one.score - other.score)
        if (!best || box < best.box || (box === best.box && score < best.score)) best = { box, score }
      }
      errors.box = Math.max(errors.box, best?.box ?? 0)
      errors.score = Math.max(errors.score, best?.score ?? one.score)
    }
  }
  compare(a, b)
  compare(b, a)
  return errors
}
