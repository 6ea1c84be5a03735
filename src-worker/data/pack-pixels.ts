/** Packed RGB pixels to the tensor layout that a graph wants. */
import type { ModelInput } from '@shared/domain/model-input'
import type { PixelSpace } from './pixel-space'
import type { Packing, PixelLayout } from './types'

export type ImageData = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>

/** Shape of a batch; width and height must be even for the `s2d` layouts. */
export function packedShape(layout: PixelLayout, batch: number, width: number, height: number): number[] {
  switch (layout) {
    case 'nhwc':
      return [batch, height, width, 3]
    case 'nchw':
      return [batch, 3, height, width]
    case 's2d-nhwc':
      return [batch, height / 2, width / 2, 12]
    case 's2d-nchw':
      return [batch, 12, height / 2, width / 2]
  }
}

/** A zeroed tensor for `batch` images, in `buffer` when that has exactly the right size. */
export function allocateImages(pack: Packing, values: number, buffer?: ArrayBuffer): ImageData {
  const bytes = values * (pack.type === 'uint8' ? 1 : 4)
  const memory = buffer?.byteLength === bytes ? buffer : new ArrayBuffer(bytes)
  return pack.type === 'uint8' ? new Uint8Array(memory) : new Float32Array(memory)
}

/** Writes rows of packed pixels into one image of a batch. */
export interface ImagePacker {
  row(row: Int32Array, y: number): void
  /** Writes rows y and y + 1 (y even) from byte addresses of the pixel memory; only where a kernel can. */
  pair?: (upper: number, lower: number, y: number) => void
}

/**
 * @param out the batch; @param start first value of this image.
 * @param input colour order, and scaling for `float32`: (byte * range / 255 - mean) / std.
 */
export function imagePacker(
  space: PixelSpace,
  pack: Packing,
  input: ModelInput,
  out: ImageData,
  start: number,
  width: number,
  height: number,
): ImagePacker {
  const place = placement(pack.layout, width, height)
  const write = out instanceof Uint8Array ? byteWriter(out) : floatWriter(out, input)
  const last = 2 * place.channel
  const [r, b] = input.order === 'RGB' ? [0, last] : [last, 0]
  const packer: ImagePacker = {
    row(row, y) {
      const base = start + place.row(y)
      if (place.odd === null) write(row, 0, 1, width, base, place.pixel, r, place.channel, b)
      else {
        write(row, 0, 2, width, base, place.pixel, r, place.channel, b)
        write(row, 1, 2, width, base + place.odd, place.pixel, r, place.channel, b)
      }
    },
  }
  if (pack.layout === 's2d-nhwc' && out instanceof Uint8Array && width % 4 === 0) {
    const kernel = input.order === 'RGB' ? space.kernels.packRgb : space.kernels.packBgr
    const packed = space.bytes.subarray(space.packed, space.packed + 6 * width)
    packer.pair = (upper, lower, y) => {
      kernel(upper, upper + 4 * width, lower, space.packed)
      out.set(packed, start + place.row(y))
    }
  }
  return packer
}

interface Placement {
  row(y: number): number
  /** Distance between pixels (of one parity when `odd` is set), and between channels. */
  pixel: number
  channel: number
  /** Offset of odd columns, or null when one stride serves all. */
  odd: number | null
}

function placement(layout: PixelLayout, width: number, height: number): Placement {
  const quarter = (width / 2) * (height / 2)
  switch (layout) {
    case 'nhwc':
      return { row: (y) => y * width * 3, pixel: 3, channel: 1, odd: null }
    case 'nchw':
      return { row: (y) => y * width, pixel: 1, channel: width * height, odd: null }
    case 's2d-nhwc':
      // Blocks (even row, even col), (odd, even), (even, odd), (odd, odd): columns are 6 apart, rows 3.
      return { row: (y) => (y >> 1) * width * 6 + (y & 1) * 3, pixel: 6, channel: 1, odd: null }
    case 's2d-nchw':
      return {
        row: (y) => (y >> 1) * (width / 2) + (y & 1) * 3 * quarter,
        pixel: 1,
        channel: quarter,
        odd: 6 * quarter,
      }
  }
}

type Writer = (
  row: Int32Array,
  from: number,
  step: number,
  end: number,
  at: number,
  stride: number,
  r: number,
  g: number,
  b: number,
) => void

const byteWriter =
  (out: Uint8Array): Writer =>
  (row, from, step, end, at, stride, r, g, b) =>
    writeBytes(out, row, from, step, end, at, stride, r, g, b)

function writeBytes(
  out: Uint8Array,
  row: Int32Array,
  from: number,
  step: number,
  end: number,
  at: number,
  stride: number,
  r: number,
  g: number,
  b: number,
): void {
  let o = at
  for (let x = from; x < end; x += step, o += stride) {
    const p = row[x]
    out[o + r] = p & 255
    out[o + g] = (p >> 8) & 255
    out[o + b] = (p >> 16) & 255
  }
}

function floatWriter(out: Float32Array, input: ModelInput): Writer {
  // Tables in the model's channel order; red is its first or last channel.
  const table = (channel: number) =>
    Float32Array.from({ length: 256 }, (_, v) => ((v * input.range) / 255 - input.mean[channel]) / input.std[channel])
  const rgb = input.order === 'RGB'
  const red = table(rgb ? 0 : 2)
  const green = table(1)
  const blue = table(rgb ? 2 : 0)
  return (row, from, step, end, at, stride, r, g, b) => {
    let o = at
    for (let x = from; x < end; x += step, o += stride) {
      const p = row[x]
      out[o + r] = red[p & 255]
      out[o + g] = green[(p >> 8) & 255]
      out[o + b] = blue[(p >> 16) & 255]
    }
  }
}
