/** Where the pixels of a TIFF or BigTIFF lie. TIFF 6.0; BigTIFF by the libtiff specification. Only what can be read in parts. */
import { fstatSync, readSync } from 'node:fs'

export interface TiffLayout {
  width: number
  height: number
  /** Samples per pixel, interleaved. */
  channels: number
  bytesPerSample: 1 | 2
  littleEndian: boolean
  compression: 'none' | 'deflate'
  /** Horizontal differencing. */
  predictor: boolean
  /** WhiteIsZero. */
  inverted: boolean
  /** Strips are blocks as wide as the image. */
  tiled: boolean
  blockWidth: number
  blockHeight: number
  /** Blocks across and down. */
  across: number
  down: number
  /** Per block, row by row. */
  offsets: Float64Array
  sizes: Float64Array
}

const maxBlocks = 16_000_000
const sizeOfType: Record<number, number> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8 }

/** Null when the file is no TIFF, is turned, or is stored in a way that cannot be read in parts here. */
export const readTiffLayout = (fd: number): TiffLayout | null => read(fd, parse)

/** Where the last block of the first image ends, whatever its compression; null when the directory cannot be read. */
export const tiffEnd = (fd: number): number | null =>
  read(fd, (readAt) => {
    const tags = readTags(readAt)
    if (!tags) return null
    const [offsets, sizes] = tags.list(324).length > 0 ? [tags.list(324), tags.list(325)] : [tags.list(273), tags.list(279)] // prettier-ignore
    if (offsets.length === 0 || sizes.length !== offsets.length) return null
    let end = 0
    offsets.forEach((offset, i) => (end = Math.max(end, offset + sizes[i])))
    return end
  })

type ReadAt = (offset: number, length: number) => Buffer

function read<T>(fd: number, use: (readAt: ReadAt) => T): T | null {
  const fileBytes = fstatSync(fd).size
  const readAt: ReadAt = (offset, length) => {
    if (!(offset >= 0 && offset + length <= fileBytes)) throw new RangeError('beyond the end')
    const bytes = Buffer.allocUnsafe(length)
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset))
  }
  try {
    return use(readAt)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

interface Tags {
  has(tag: number): boolean
  /** Empty when the tag is not there. */
  list(tag: number): Float64Array
  littleEndian: boolean
}

/** The first directory. */
function readTags(read: ReadAt): Tags | null {
  const head = read(0, 16)
  const littleEndian = head.toString('latin1', 0, 2) === 'II'
  if (!littleEndian && head.toString('latin1', 0, 2) !== 'MM') return null
  const u16 = (b: Buffer, at: number) => (littleEndian ? b.readUInt16LE(at) : b.readUInt16BE(at))
  const u32 = (b: Buffer, at: number) => (littleEndian ? b.readUInt32LE(at) : b.readUInt32BE(at))
  const u64 = (b: Buffer, at: number) => Number(littleEndian ? b.readBigUInt64LE(at) : b.readBigUInt64BE(at))
  const magic = u16(head, 2)
  if (magic !== 42 && magic !== 43) return null
  const big = magic === 43
  const at = big ? u64(head, 8) : u32(head, 4)
  const entries = big ? u64(read(at, 8), 0) : u16(read(at, 2), 0)
  if (entries > 512) return null
  const entryBytes = big ? 20 : 12
  const directory = read(at + (big ? 8 : 2), entries * entryBytes)

  const values = (entry: number): Float64Array => {
    const type = u16(directory, entry + 2)
    const size = sizeOfType[type] ?? 0
    const count = big ? u64(directory, entry + 4) : u32(directory, entry + 4)
    if (size === 0 || count > maxBlocks) return new Float64Array(0)
    const inline = entry + (big ? 12 : 8)
    const bytes = size * count
    const data =
      bytes <= (big ? 8 : 4)
        ? directory.subarray(inline, inline + bytes)
        : read(big ? u64(directory, inline) : u32(directory, inline), bytes)
    const one = size === 1 ? (i: number) => data[i] : size === 2 ? (i: number) => u16(data, i * 2) : size === 4 ? (i: number) => u32(data, i * 4) : (i: number) => u64(data, i * 8) // prettier-ignore
    return Float64Array.from({ length: count }, (_, i) => one(i))
  }
  const tags = new Map<number, number>()
  for (let i = 0; i < entries; i++) tags.set(u16(directory, i * entryBytes), i * entryBytes)
  const list = (tag: number): Float64Array => (tags.has(tag) ? values(tags.get(tag)!) : new Float64Array(0))
  return { has: (tag) => tags.has(tag), list, littleEndian }
}

function parse(read: ReadAt): TiffLayout | null {
  const tags = readTags(read)
  if (!tags) return null
  const { list, littleEndian } = tags
  const number = (tag: number, otherwise: number): number => list(tag)[0] ?? otherwise

  const width = number(256, 0)
  const height = number(257, 0)
  const channels = number(277, 1)
  const bits = list(258)
  const format = number(339, 1)
  const photometric = number(262, 1)
  const code = number(259, 1)
  const compression = code === 1 ? 'none' : code === 8 || code === 32946 ? 'deflate' : null
  const predictor = number(317, 1)
  const tiled = tags.has(322)
  const plain =
    width > 0 &&
    height > 0 &&
    channels >= 1 &&
    channels <= 8 &&
    compression !== null &&
    (bits.length === 0 ? false : bits.every((value) => value === bits[0]) && (bits[0] === 8 || bits[0] === 16)) &&
    format === 1 &&
    // 0 and 1: grey; 2: RGB. Palettes, YCbCr, CMYK and Lab need more than a copy of bytes.
    (photometric === 2 ? channels >= 3 : photometric <= 1 && channels <= 2) &&
    (number(284, 1) === 1 || channels === 1) &&
    (predictor === 1 || (predictor === 2 && compression === 'deflate')) &&
    number(266, 1) === 1 &&
    number(274, 1) === 1
  if (!plain) return null
  const blockWidth = tiled ? number(322, 0) : width
  const blockHeight = tiled ? number(323, 0) : Math.min(number(278, height), height)
  if (!(blockWidth > 0 && blockHeight > 0)) return null
  const across = Math.ceil(width / blockWidth)
  const down = Math.ceil(height / blockHeight)
  const offsets = list(tiled ? 324 : 273)
  const sizes = list(tiled ? 325 : 279)
  if (offsets.length < across * down || sizes.length < across * down) return null
  return {
    width,
    height,
    channels,
    bytesPerSample: bits[0] === 16 ? 2 : 1,
    littleEndian,
    compression,
    predictor: predictor === 2,
    inverted: photometric === 0,
    tiled,
    blockWidth,
    blockHeight,
    across,
    down,
    offsets,
    sizes,
  }
}
