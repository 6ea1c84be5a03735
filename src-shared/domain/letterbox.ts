/** Where an image of any size lies inside a network input of fixed size. */
import type { ModelInput } from './model-input'

export interface Letterbox {
  /** image x = (input x - offsetX) / scale, the same for y. */
  scale: number
  offsetX: number
  offsetY: number
  /** Size of the resized image inside the input, in whole pixels. */
  width: number
  height: number
}

/**
 * `topleft` as YOLOX (`preproc`): size truncated, no offset. `center` as YOLOv5 (`letterbox`, auto=False): size rounded
 * half to even, border split, an odd pixel goes right or below. The scale of boxes is the unrounded ratio in both, as in
 * the originals.
 */
export function letterboxGeometry(
  image: { width: number; height: number },
  input: { width: number; height: number },
  align: ModelInput['align'],
): Letterbox {
  const scale = Math.min(input.width / image.width, input.height / image.height)
  if (align === 'topleft') {
    const width = Math.max(1, Math.trunc(image.width * scale))
    const height = Math.max(1, Math.trunc(image.height * scale))
    return { scale, offsetX: 0, offsetY: 0, width, height }
  }
  const width = Math.max(1, roundHalfEven(image.width * scale))
  const height = Math.max(1, roundHalfEven(image.height * scale))
  const offsetX = roundHalfEven((input.width - width) / 2 - 0.1)
  const offsetY = roundHalfEven((input.height - height) / 2 - 0.1)
  return { scale, offsetX, offsetY, width, height }
}

/** Python's round(); never gives -0. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  if (x - floor !== 0.5) return Math.round(x) + 0
  return floor % 2 === 0 ? floor : floor + 1
}
