/**
 * Masks as Label Studio's brushes have them: an RGBA image packed as thi.ng/rle-pack does (its README states the coding;
 * label-studio-converter reads and writes the same). Bits from the highest down: 32 of the number of words, 5 of a word's
 * size less 1, 4 x 4 of the sizes of counts less 1; then blocks of a flag, two bits that choose a size, the count less 1,
 * and one word (flag 1: a run) or as many words as counted. A pixel belongs to the mask where its alpha is not 0.
 */
import { maskOfWindow, windowOfMask, type MaskWindow } from '../common/mask-window'

type Mask = { size: [number, number]; counts: number[] }

/** Sizes of counts in bits, as Label Studio's own packer has them. */
const countSizes = [3, 4, 8, 16]
const headBits = 32 + 5 + 16

class BitReader {
  private readonly bytes: readonly number[]
  private at = 0

  constructor(bytes: readonly number[]) {
    this.bytes = bytes
  }

  get left(): number {
    return 8 * this.bytes.length - this.at
  }

  read(bits: number): number {
    let value = 0
    for (let i = 0; i < bits; i++, this.at++)
      value = 2 * value + ((this.bytes[this.at >> 3] >> (7 - (this.at & 7))) & 1)
    return value
  }
}

/** @returns what is wrong, as the end of a sentence about the region. */
export function readBrush(rle: unknown, width: number, height: number): { mask: Mask } | { problem: string } {
  const isBytes = Array.isArray(rle) && rle.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)
  if (!isBytes || 8 * rle.length < headBits) return { problem: 'has a brush that is no list of packed bytes' }
  const bits = new BitReader(rle as number[])
  const words = bits.read(32)
  if (words !== 4 * width * height)
    return { problem: `has a brush of ${words} values where ${width} x ${height} pixels have ${4 * width * height}` }
  const wordSize = bits.read(5) + 1
  const sizes = countSizes.map(() => bits.read(4) + 1)
  const pixels = new Uint8Array(width * height)
  for (let at = 0; at < words;) {
    if (bits.left < 3) return { problem: 'has a brush that ends too early' }
    const isRun = bits.read(1) === 1
    const size = sizes[bits.read(2)]
    if (bits.left < size) return { problem: 'has a brush that ends too early' }
    const count = bits.read(size) + 1
    if (bits.left < wordSize * (isRun ? 1 : count)) return { problem: 'has a brush that ends too early' }
    const end = at + count
    if (end > words) return { problem: 'has a brush with more values than it states' }
    if (isRun) {
      // Words 3, 7, 11... are the alphas of pixels 0, 1, 2...
      if (bits.read(wordSize) > 0) pixels.fill(1, Math.ceil((at - 3) / 4), Math.floor((end - 4) / 4) + 1)
      at = end
    } else for (; at < end; at++) if (bits.read(wordSize) > 0 && at % 4 === 3) pixels[at >> 2] = 1
  }
  const window: MaskWindow = { left: 0, top: 0, width, height, pixels }
  return { mask: maskOfWindow(window, width, height) }
}

/** The packed bytes; all four channels of a pixel are alike, 0 or 255. */
export function writeBrush(mask: Mask): number[] {
  const [height, width] = mask.size
  const pixels = new Uint8Array(width * height)
  const window = windowOfMask(mask)
  if (window)
    for (let y = 0; y < window.height; y++)
      for (let x = 0; x < window.width; x++)
        pixels[(y + window.top) * width + x + window.left] = window.pixels[y * window.width + x]
  const bytes: number[] = []
  let used = 0
  const put = (value: number, bits: number) => {
    for (let i = bits - 1; i >= 0; i--, used++) {
      if ((used & 7) === 0) bytes.push(0)
      bytes[used >> 3] |= (Math.floor(value / 2 ** i) & 1) << (7 - (used & 7))
    }
  }
  put(4 * pixels.length, 32)
  put(7, 5)
  for (const size of countSizes) put(size - 1, 4)
  for (let at = 0; at < pixels.length;) {
    let end = at + 1
    while (end < pixels.length && pixels[end] === pixels[at]) end++
    for (let left = 4 * (end - at); left > 0;) {
      const which = countSizes.findIndex((size) => left <= 2 ** size)
      const size = countSizes.at(which)!
      const count = Math.min(left, 2 ** size)
      put(1, 1)
      put(which < 0 ? countSizes.length - 1 : which, 2)
      put(count - 1, size)
      put(255 * pixels[at], 8)
      left -= count
    }
    at = end
  }
  return bytes
}
