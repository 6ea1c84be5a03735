/** Makes very large TIFF files for tests and benchmarks, in a stream: a picture that shows where one is in it. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { deflateSync } from 'node:zlib'

export interface LargeTiffOptions {
  /** Pixels; or give width and height. */
  side?: number
  width?: number
  height?: number
  layout: 'striped' | 'tiled'
  /** Default none. */
  compression?: 'none' | 'deflate'
  /** 3: RGB (default); 1: grey. */
  channels?: 1 | 3
  /** Default 8. */
  bits?: 8 | 16
  /** Default 16. */
  rowsPerStrip?: number
  /** A multiple of 16; default 256. */
  tileSide?: number
  /** Horizontal differencing before compression. Default false. */
  predictor?: boolean
}

/** The colour at a place, 0..255 a channel; tests compare with it. Slow gradients with a grid line every 1024 pixels. */
export function largeTiffPixel(x: number, y: number, width: number, height: number): [number, number, number] {
  if ((x & 1023) < 8 || (y & 1023) < 8) return [255, 255, 255]
  return [((x * 256) / width) | 0, ((y * 256) / height) | 0, ((x >> 6) ^ (y >> 6)) & 255]
}

/**
 * Classic TIFF (below 4 GiB) or BigTIFF, chosen by size. Blocks are written one after another: memory stays at one row
 * of blocks. A 40,000 x 40,000 RGB file has 4.8 GB.
 */
export function writeLargeTiff(path: string, options: LargeTiffOptions): { bytes: number } {
  const { layout, compression = 'none', channels = 3, bits = 8, predictor = false } = options
  const width = options.width ?? options.side!
  const height = options.height ?? options.side!
  const sample = bits / 8
  const tiled = layout === 'tiled'
  const blockWidth = tiled ? (options.tileSide ?? 256) : width
  const blockHeight = tiled ? (options.tileSide ?? 256) : Math.min(options.rowsPerStrip ?? 16, height)
  const across = Math.ceil(width / blockWidth)
  const down = Math.ceil(height / blockHeight)
  const big = width * height * channels * sample > 0xf0000000
  const offsets: number[] = []
  const sizes: number[] = []
  const fd = openSync(path, 'w')
  let at = 0
  const put = (bytes: Buffer): void => {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, at + done)
    at += bytes.length
  }
  try {
    at = big ? 16 : 8
    const rowBytes = blockWidth * channels * sample
    for (let row = 0; row < down; row++) {
      const rows = tiled ? blockHeight : Math.min(blockHeight, height - row * blockHeight)
      for (let column = 0; column < across; column++) {
        const block = Buffer.alloc(rows * rowBytes)
        for (let y = 0; y < rows; y++) {
          const line = block.subarray(y * rowBytes, (y + 1) * rowBytes)
          fillLine(line, column * blockWidth, row * blockHeight + y, blockWidth, width, height, channels, bits)
          if (predictor) difference(line, channels, bits)
        }
        const bytes = compression === 'deflate' ? deflateSync(block, { level: 1 }) : block
        offsets.push(at)
        sizes.push(bytes.length)
        put(bytes)
      }
    }
    writeDirectory()
  } finally {
    closeSync(fd)
  }
  return { bytes: at }

  function writeDirectory(): void {
    const word = big ? 8 : 4
    const type = big ? 16 : 4
    const tables = [Array.from({ length: channels }, () => bits), offsets, sizes] as const
    const [bitsAt, offsetsAt, sizesAt] = tables.map((table, i) => {
      const place = at
      const entry = i === 0 ? 2 : word
      if (table.length * entry <= word) return -1
      const bytes = Buffer.alloc(table.length * entry)
      table.forEach((value, n) => {
        if (entry === 2) bytes.writeUInt16LE(value, n * 2)
        else if (big) bytes.writeBigUInt64LE(BigInt(value), n * 8)
        else bytes.writeUInt32LE(value, n * 4)
      })
      put(bytes)
      return place
    })
    const tags: [tag: number, type: number, count: number, value: number][] = [
      [256, 4, 1, width],
      [257, 4, 1, height],
      [258, 3, channels, bitsAt < 0 ? bits : bitsAt],
      [259, 3, 1, compression === 'deflate' ? 8 : 1],
      [262, 3, 1, channels === 1 ? 1 : 2],
      ...(tiled ? [] : ([[273, type, offsets.length, offsetsAt < 0 ? offsets[0] : offsetsAt]] as [number, number, number, number][])),
      [277, 3, 1, channels],
      ...(tiled ? [] : ([[278, 4, 1, blockHeight], [279, type, sizes.length, sizesAt < 0 ? sizes[0] : sizesAt]] as [number, number, number, number][])),
      ...(predictor ? ([[317, 3, 1, 2]] as [number, number, number, number][]) : []),
      ...(tiled
        ? ([
            [322, 3, 1, blockWidth],
            [323, 3, 1, blockHeight],
            [324, type, offsets.length, offsetsAt < 0 ? offsets[0] : offsetsAt],
            [325, type, sizes.length, sizesAt < 0 ? sizes[0] : sizesAt],
          ] as [number, number, number, number][])
        : []),
    ] // prettier-ignore
    const directoryAt = at
    const entryBytes = big ? 20 : 12
    const head = big ? 8 : 2
    const bytes = Buffer.alloc(head + tags.length * entryBytes + word)
    if (big) bytes.writeBigUInt64LE(BigInt(tags.length), 0)
    else bytes.writeUInt16LE(tags.length, 0)
    tags.forEach(([tag, kind, count, value], i) => {
      const place = head + i * entryBytes
      bytes.writeUInt16LE(tag, place)
      bytes.writeUInt16LE(kind, place + 2)
      // Three channels' bits do not fit into a classic entry: the value is an offset then. In BigTIFF all three fit.
      if (big) {
        bytes.writeBigUInt64LE(BigInt(count), place + 4)
        if (tag === 258 && count > 1 && bitsAt < 0) {
          for (let n = 0; n < count; n++) bytes.writeUInt16LE(bits, place + 12 + n * 2)
        } else if (kind === 3 && count === 1) bytes.writeUInt16LE(value, place + 12)
        else bytes.writeBigUInt64LE(BigInt(value), place + 12)
      } else {
        bytes.writeUInt32LE(count, place + 4)
        if (kind === 3 && count === 1) bytes.writeUInt16LE(value, place + 8)
        else bytes.writeUInt32LE(value, place + 8)
      }
    })
    put(bytes)
    const header = Buffer.alloc(big ? 16 : 8)
    header.write('II')
    header.writeUInt16LE(big ? 43 : 42, 2)
    if (big) {
      header.writeUInt16LE(8, 4)
      header.writeBigUInt64LE(BigInt(directoryAt), 8)
    } else header.writeUInt32LE(directoryAt, 4)
    writeSync(fd, header, 0, header.length, 0)
  }
}

function fillLine(
  line: Buffer,
  x0: number,
  y: number,
  count: number,
  width: number,
  height: number,
  channels: number,
  bits: number,
): void {
  const green = y < height ? ((y * 256) / height) | 0 : 0
  const grid = (y & 1023) < 8
  for (let i = 0; i < count; i++) {
    const x = x0 + i
    if (x >= width || y >= height) continue
    const white = grid || (x & 1023) < 8
    const red = white ? 255 : ((x * 256) / width) | 0
    const at = i * channels
    if (bits === 16) {
      line.writeUInt16LE(red * 257, at * 2)
      if (channels === 3) {
        line.writeUInt16LE((white ? 255 : green) * 257, at * 2 + 2)
        line.writeUInt16LE((white ? 255 : ((x >> 6) ^ (y >> 6)) & 255) * 257, at * 2 + 4)
      }
    } else {
      line[at] = red
      if (channels === 3) {
        line[at + 1] = white ? 255 : green
        line[at + 2] = white ? 255 : ((x >> 6) ^ (y >> 6)) & 255
      }
    }
  }
}

/** TIFF 6.0 section 14. */
function difference(line: Buffer, channels: number, bits: number): void {
  if (bits === 8) for (let i = line.length - 1; i >= channels; i--) line[i] = (line[i] - line[i - channels]) & 255
  else {
    for (let i = line.length / 2 - 1; i >= channels; i--) {
      line.writeUInt16LE((line.readUInt16LE(i * 2) - line.readUInt16LE((i - channels) * 2)) & 0xffff, i * 2)
    }
  }
}
