import type { ReadAt } from '../base/image-header'
import type { Dng } from './dng'
import { decodeLosslessJpeg } from './lossless-jpeg'
import { packedRowBytes, unpackBits } from './packed-bits'
import { badRaw } from './tiff-tree'

/**
 * The stored values of all pixels, masked borders included, row by row; not yet linear. A generator, so that a caller
 * may do other things between blocks: `runToEnd` runs it at once.
 *
 * @throws TagwrightError `bad-raw` for pixels that are cut off or damaged.
 */
export function* decodeMosaic(readAt: ReadAt, dng: Dng): Generator<void, Uint16Array> {
  checkBytes(dng)
  const mosaic = new Uint16Array(dng.width * dng.height)
  for (let block = 0; block < dng.offsets.length; block++) {
    const { x, y, width, height } = blockPlace(dng, block)
    const { samples } = decodeBlock(readAt, dng, block)
    for (let row = 0; row < height; row++) {
      const from = row * dng.blockWidth
      mosaic.set(samples.subarray(from, from + width), (y + row) * dng.width + x)
    }
    yield
  }
  return mosaic
}

/** Result of a generator that yields only to let others work. */
export function runToEnd<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** The part of a block that lies within the picture. */
export function blockPlace(dng: Dng, block: number): { x: number; y: number; width: number; height: number } {
  const x = (block % dng.across) * dng.blockWidth
  const y = Math.floor(block / dng.across) * dng.blockHeight
  return { x, y, width: Math.min(dng.blockWidth, dng.width - x), height: Math.min(dng.blockHeight, dng.height - y) }
}

/** Rows that a block stores: tiles are whole, the last strip ends with the picture. */
export const storedRows = (dng: Dng, block: number): number =>
  dng.tiled ? dng.blockHeight : blockPlace(dng, block).height

/** A header can promise any size: no memory is taken that the file's own bytes could not fill. */
function checkBytes(dng: Dng): void {
  const bytes = dng.sizes.reduce((a, b) => a + b, 0)
  // A difference takes one bit at least.
  const least = dng.compression === 'none' ? (dng.width * dng.height * dng.bits) / 8 : (dng.width * dng.height) / 8
  if (bytes < Math.floor(least)) throw badRaw(`holds ${bytes} bytes for ${dng.width} x ${dng.height} pixels`)
}

export interface DecodedBlock {
  /** blockWidth * storedRows values, or more. */
  samples: Uint16Array
  /** Of the JPEG's frame: samples of a line and component, components. Null when the frame holds another number of samples. */
  frame: { width: number; components: number } | null
}

export function decodeBlock(readAt: ReadAt, dng: Dng, block: number): DecodedBlock {
  const rows = storedRows(dng, block)
  const length = dng.blockWidth * rows
  const plain = packedRowBytes(dng.blockWidth, dng.bits) * rows
  const size = dng.compression === 'none' ? plain : dng.sizes[block]
  if (dng.sizes[block] < size) throw badRaw(`holds ${dng.sizes[block]} of ${size} bytes of block ${block}`)
  const bytes = readAt(dng.offsets[block], size)
  if (bytes.length < size) throw badRaw(`ends within its pixels, in block ${block}: it is cut off`)
  if (dng.compression === 'none') {
    const samples = new Uint16Array(length)
    unpackBits(bytes, dng.blockWidth, rows, dng.bits, dng.tree.littleEndian, samples)
    return { samples, frame: null }
  }
  if (length > size * 16) throw badRaw(`holds ${size} bytes for ${length} pixels of block ${block}`)
  // Samples follow each other whatever the frame's own width is: two columns are often stored as two components.
  const { data, width, components } = decodeLosslessJpeg(bytes, length * 2)
  if (data.length >= length) return { samples: data, frame: data.length === length ? { width, components } : null }
  const samples = new Uint16Array(length)
  const needed = dng.blockWidth * blockPlace(dng, block).height
  if (data.length < needed) throw badRaw(`holds ${data.length} of ${length} pixels of block ${block}`)
  samples.set(data)
  return { samples, frame: null }
}
