import { TagwrightError } from '../base/errors'

/**
 * A picture as networks and filters see it: 32-bit floats, one plane after the other (channels x height x width, rows
 * from the top). The scale of the values (0..1, 0..255, sensor counts) is the caller's and is never clipped here.
 */
export interface PlanarImage {
  width: number
  height: number
  channels: number
  /** channels * height * width values. */
  data: Float32Array
}

export function makePlanarImage(width: number, height: number, channels: number): PlanarImage {
  return { width, height, channels, data: new Float32Array(width * height * channels) }
}

/** One channel as a view: writing to it writes to the image. */
export function planeOf(image: PlanarImage, channel: number): Float32Array {
  const pixels = image.width * image.height
  return image.data.subarray(channel * pixels, (channel + 1) * pixels)
}

/** @throws TagwrightError `size-mismatch` unless both have the same width, height and channels. */
export function checkSameSize(a: PlanarImage, b: PlanarImage): void {
  if (a.width === b.width && a.height === b.height && a.channels === b.channels) return
  throw new TagwrightError(
    'size-mismatch',
    `The pictures have different sizes (${describe(a)} and ${describe(b)}). Compare a picture with its own version only.`,
  )
}

const describe = ({ width, height, channels }: PlanarImage): string => `${width}x${height}x${channels}`
