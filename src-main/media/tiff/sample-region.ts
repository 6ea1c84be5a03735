/**
 * A rectangle of a large TIFF at a fraction of its size, without reading the rest: every `step`-th pixel of every
 * `step`-th row. What cannot be read within the time is filled from its surroundings, so that something can be shown.
 */
import { readSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import type { TiffLayout } from './layout'

export interface SampledRegion {
  width: number
  height: number
  /** RGB, rows of width * 3. */
  data: Buffer
  /** false: parts are filled from their surroundings. */
  whole: boolean
}

export interface SampleOptions {
  /** Source pixels; the result has ceil(width / step) by ceil(height / step). */
  x: number
  y: number
  width: number
  height: number
  step: number
  /** Milliseconds after which the rest is filled in; default: no limit. */
  budget?: number
  signal?: AbortSignal
}

const inflateAsync = promisify(inflate) as (data: Buffer) => Promise<Buffer>
/** Reads from a warm cache take microseconds; other work gets its turn after this many milliseconds. */
const slice = 8
const parallel = 3

export async function sampleRegion(fd: number, layout: TiffLayout, options: SampleOptions): Promise<SampledRegion> {
  const { x, y, step, signal } = options
  const width = Math.ceil(options.width / step)
  const height = Math.ceil(options.height / step)
  const data = Buffer.alloc(width * height * 3)
  const half = step >> 1
  const xs = Int32Array.from({ length: width }, (_, i) => Math.min(layout.width - 1, x + Math.min(i * step + half, options.width - 1))) // prettier-ignore
  const ys = Int32Array.from({ length: height }, (_, j) => Math.min(layout.height - 1, y + Math.min(j * step + half, options.height - 1))) // prettier-ignore
  const deadline = performance.now() + (options.budget ?? Infinity)
  const region: Region = { fd, layout, width, height, data, xs, ys, deadline, signal }
  const whole = await (layout.compression === 'none' ? sampleRows(region) : sampleBlocks(region))
  return { width, height, data, whole }
}

interface Region {
  fd: number
  layout: TiffLayout
  width: number
  height: number
  data: Buffer
  /** Source column and row of each column and row of the result. */
  xs: Int32Array
  ys: Int32Array
  deadline: number
  signal?: AbortSignal
}

/** Uncompressed: only the bytes of the wanted rows are read. */
async function sampleRows(region: Region): Promise<boolean> {
  const { fd, layout, width, height, data, xs, ys, deadline, signal } = region
  const pixel = layout.channels * layout.bytesPerSample
  const spans = columnSpans(region)
  const buffer = Buffer.allocUnsafe(Math.max(...spans.map(({ first, last }) => (xs[last] - xs[first] + 1) * pixel)))
  const done = new Uint8Array(height)
  let breath = performance.now()
  for (const row of spread(height)) {
    const sourceY = ys[row]
    const blockRow = Math.floor(sourceY / layout.blockHeight)
    const inside = sourceY - blockRow * layout.blockHeight
    for (const { block, first, last } of spans) {
      const from = xs[first] - block * layout.blockWidth
      const at = layout.offsets[blockRow * layout.across + block] + (inside * layout.blockWidth + from) * pixel
      const bytes = (xs[last] - xs[first] + 1) * pixel
      const got = readSync(fd, buffer, 0, bytes, at)
      if (got < bytes) buffer.fill(0, got, bytes)
      for (let i = first; i <= last; i++)
        putPixel(layout, buffer, (xs[i] - xs[first]) * pixel, data, (row * width + i) * 3)
    }
    done[row] = 1
    const now = performance.now()
    if (now > deadline) break
    if (now - breath > slice) {
      await breathe()
      signal?.throwIfAborted()
      breath = performance.now()
    }
  }
  return fillRows(done, data, width * 3)
}

/** The columns of the result by the block that holds them. */
function columnSpans({ layout, width, xs }: Region): { block: number; first: number; last: number }[] {
  const spans: { block: number; first: number; last: number }[] = []
  for (let i = 0; i < width; i++) {
    const block = Math.floor(xs[i] / layout.blockWidth)
    const span = spans.at(-1)
    if (span?.block === block) span.last = i
    else spans.push({ block, first: i, last: i })
  }
  return spans
}

/** Compressed: whole blocks have to be read. Widely spaced ones come first and stand for those around them. */
async function sampleBlocks(region: Region): Promise<boolean> {
  const { fd, layout, width, height, data, ys, deadline, signal } = region
  const columns = columnSpans(region)
  const rows: { block: number; first: number; last: number }[] = []
  for (let j = 0; j < height; j++) {
    const block = Math.floor(ys[j] / layout.blockHeight)
    const last = rows.at(-1)
    if (last?.block === block) last.last = j
    else rows.push({ block, first: j, last: j })
  }
  const decoded = new Uint8Array(rows.length * columns.length)
  let left = decoded.length
  const work = async (row: number, column: number, stride: number): Promise<void> => {
    const { block: blockRow, first: top, last: bottom } = rows[row]
    const { block, first, last } = columns[column]
    const pixels = await readBlock(fd, layout, blockRow * layout.across + block)
    paint(region, pixels, blockRow, block, top, bottom, first, last)
    decoded[row * columns.length + column] = 1
    left--
    // The neighbours that are not read yet take this block's middle pixel.
    const middle = (((top + bottom) >> 1) * width + ((first + last) >> 1)) * 3
    for (let r = row; r < Math.min(rows.length, row + stride); r++) {
      for (let c = column; c < Math.min(columns.length, column + stride); c++) {
        if (decoded[r * columns.length + c]) continue
        for (let j = rows[r].first; j <= rows[r].last; j++) {
          for (let i = columns[c].first; i <= columns[c].last; i++)
            data.copy(data, (j * width + i) * 3, middle, middle + 3)
        }
      }
    }
  }
  let stride = 1
  while (stride < Math.max(rows.length, columns.length)) stride *= 2
  for (; stride >= 1; stride = stride >> 1) {
    let batch: Promise<void>[] = []
    for (let row = 0; row < rows.length; row += stride) {
      for (let column = 0; column < columns.length; column += stride) {
        if (decoded[row * columns.length + column]) continue
        batch.push(work(row, column, stride))
        if (batch.length < parallel) continue
        await Promise.all(batch)
        batch = []
        signal?.throwIfAborted()
        if (performance.now() > deadline && left > 0) return false
      }
    }
    await Promise.all(batch)
    if (stride === 1) break
  }
  return left === 0
}

async function readBlock(fd: number, layout: TiffLayout, index: number): Promise<Buffer> {
  const compressed = Buffer.allocUnsafe(layout.sizes[index])
  readSync(fd, compressed, 0, compressed.length, layout.offsets[index])
  const wanted = layout.blockWidth * layout.blockHeight * layout.channels * layout.bytesPerSample
  const pixels = await inflateAsync(compressed).catch(() => Buffer.alloc(wanted))
  if (layout.predictor) addUp(pixels, layout)
  return pixels
}

/** Undoes horizontal differencing, TIFF 6.0 section 14. */
function addUp(pixels: Buffer, layout: TiffLayout): void {
  const samples = layout.blockWidth * layout.channels
  const rowBytes = samples * layout.bytesPerSample
  for (let start = 0; start + rowBytes <= pixels.length; start += rowBytes) {
    if (layout.bytesPerSample === 1) {
      for (let i = start + layout.channels; i < start + samples; i++)
        pixels[i] = (pixels[i] + pixels[i - layout.channels]) & 255
    } else {
      for (let i = layout.channels; i < samples; i++) {
        const [at, before] = [start + i * 2, start + (i - layout.channels) * 2]
        if (layout.littleEndian)
          pixels.writeUInt16LE((pixels.readUInt16LE(at) + pixels.readUInt16LE(before)) & 0xffff, at)
        else pixels.writeUInt16BE((pixels.readUInt16BE(at) + pixels.readUInt16BE(before)) & 0xffff, at)
      }
    }
  }
}

function paint(
  { layout, width, data, xs, ys }: Region,
  pixels: Buffer,
  blockRow: number,
  block: number,
  top: number,
  bottom: number,
  first: number,
  last: number,
): void {
  const pixel = layout.channels * layout.bytesPerSample
  for (let j = top; j <= bottom; j++) {
    const row = (ys[j] - blockRow * layout.blockHeight) * layout.blockWidth
    for (let i = first; i <= last; i++) {
      const at = (row + xs[i] - block * layout.blockWidth) * pixel
      if (at + pixel <= pixels.length) putPixel(layout, pixels, at, data, (j * width + i) * 3)
    }
  }
}

/** 16 bits keep their upper byte, as libvips converts them. */
function putPixel(layout: TiffLayout, from: Buffer, at: number, to: Buffer, target: number): void {
  const wide = layout.bytesPerSample === 2
  const high = wide && layout.littleEndian ? 1 : 0
  const stride = layout.channels >= 3 ? (wide ? 2 : 1) : 0
  const flip = layout.inverted ? 255 : 0
  to[target] = from[at + high] ^ flip
  to[target + 1] = from[at + high + stride] ^ flip
  to[target + 2] = from[at + high + 2 * stride] ^ flip
}

/** 0..n-1 in an order that covers the range evenly at any moment. */
export function* spread(n: number): Generator<number> {
  let stride = 1
  while (stride < n) stride *= 2
  yield* [0].slice(0, n)
  for (; stride >= 2; stride /= 2) for (let i = stride / 2; i < n; i += stride) yield i
}

/** Rows that were not read become copies of the nearest one above; the first is always read. */
function fillRows(done: Uint8Array, data: Buffer, rowBytes: number): boolean {
  let whole = true
  for (let row = 1; row < done.length; row++) {
    if (done[row]) continue
    whole = false
    data.copy(data, row * rowBytes, (row - 1) * rowBytes, row * rowBytes)
  }
  return whole
}
