/**
 * Windows bitmaps to RGBA: 1, 4 and 8 bit with a palette, 16, 24 and 32 bit, bit fields, bottom-up and top-down.
 * libvips does not read them. Source: Microsoft, "Bitmap Header Types" and "Bitmap Compression".
 */
import { TagwrightError } from './errors'

export interface Bitmap {
  width: number
  height: number
  /** 4 bytes a pixel, top row first. */
  data: Uint8ClampedArray
}

/** Larger sides are refused before memory is taken. */
const maxPixels = 2 ** 28

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d

/** Throws `bad-bmp` for what is not a bitmap, is cut off, or is compressed (RLE, JPEG and PNG inside). */
export function decodeBmp(bytes: Uint8Array): Bitmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fail = (what: string): never => {
    throw new TagwrightError('bad-bmp', `The bitmap ${what}. Save it again as PNG.`)
  }
  if (!isBmp(bytes) || bytes.length < 26) fail('has no readable header')
  const pixelsAt = view.getUint32(10, true)
  const headerSize = view.getUint32(14, true)
  const core = headerSize === 12
  if ((!core && headerSize < 40) || bytes.length < 14 + headerSize) fail('has no readable header')
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true)
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true)
  const height = Math.abs(signedHeight)
  const bits = view.getUint16(core ? 24 : 28, true)
  const compression = core ? 0 : view.getUint32(30, true)
  if (width <= 0 || height === 0 || width * height > maxPixels)
    fail(`has the size ${width} x ${height}, which cannot be read`)
  if (![1, 4, 8, 16, 24, 32].includes(bits)) fail(`has ${bits} bits a pixel, which is not known`)
  if (compression !== 0 && compression !== 3 && compression !== 6) fail('is compressed')
  if (compression !== 0 && bits !== 16 && bits !== 32) fail('is compressed')
  const rowBytes = Math.floor((bits * width + 31) / 32) * 4
  if (pixelsAt + rowBytes * height > bytes.length)
    fail(`is cut off: it has ${bytes.length} of ${pixelsAt + rowBytes * height} bytes`)

  const data = new Uint8ClampedArray(width * height * 4)
  const rowAt = (y: number) => pixelsAt + rowBytes * (signedHeight < 0 ? y : height - 1 - y)
  if (bits <= 8) {
    const entry = core ? 3 : 4
    const paletteAt = 14 + headerSize
    const stated = core ? 0 : view.getUint32(46, true)
    const colors = Math.min(stated || 1 << bits, 1 << bits, Math.floor((pixelsAt - paletteAt) / entry))
    for (let y = 0, out = 0; y < height; y++) {
      const row = rowAt(y)
      for (let x = 0; x < width; x++, out += 4) {
        const bit = x * bits
        const index = (bytes[row + (bit >> 3)] >> (8 - bits - (bit & 7))) & ((1 << bits) - 1)
        if (index < colors) {
          const at = paletteAt + index * entry
          data[out] = bytes[at + 2]
          data[out + 1] = bytes[at + 1]
          data[out + 2] = bytes[at]
        }
        data[out + 3] = 255
      }
    }
  } else if (bits === 24 || (bits === 32 && compression === 0)) {
    const step = bits / 8
    for (let y = 0, out = 0; y < height; y++) {
      for (let x = 0, at = rowAt(y); x < width; x++, at += step, out += 4) {
        data[out] = bytes[at + 2]
        data[out + 1] = bytes[at + 1]
        data[out + 2] = bytes[at]
        // The fourth byte of plain 32-bit bitmaps is padding, whatever it holds.
        data[out + 3] = 255
      }
    }
  } else {
    // Fields stand in the header or follow it; without them 16 bits are 5-5-5.
    const fields =
      compression === 0
        ? [0x7c00, 0x3e0, 0x1f, 0]
        : [54, 58, 62, 66].map((at, i) =>
            i < 3 || headerSize >= 56 || compression === 6 ? view.getUint32(at, true) : 0,
          )
    const scales = fields.map((mask) => {
      const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)
      return { mask, shift, top: mask >>> shift || 1 }
    })
    for (let y = 0, out = 0; y < height; y++) {
      for (let x = 0, at = rowAt(y); x < width; x++, at += bits / 8, out += 4) {
        const pixel = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true)
        for (let c = 0; c < 4; c++) {
          const { mask, shift, top } = scales[c]
          data[out + c] = mask === 0 ? 255 : ((((pixel & mask) >>> shift) * 255) / top + 0.5) | 0
        }
      }
    }
  }
  return { width, height, data }
}
