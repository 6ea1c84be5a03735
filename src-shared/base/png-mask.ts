/**
 * Small grey PNG pictures as masks, in and out (PNG specification, third edition, W3C 2025): one channel or a palette, 1 to 8
 * bits, not interlaced. What other tools store masks in; photographs are decoded elsewhere.
 */
declare class DecompressionStream {
  constructor(format: 'deflate')
  readonly readable: AsyncIterable<Uint8Array>
  readonly writable: { getWriter(): { write(bytes: Uint8Array): Promise<void>; close(): Promise<void> } }
}
declare class CompressionStream extends DecompressionStream {}
declare function atob(text: string): string
declare function btoa(text: string): string

export interface MaskPicture {
  width: number
  height: number
  /** 1 where the picture is not 0, row by row. */
  pixels: Uint8Array
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const maxPixels = 1 << 28

/** Throws Error with a short reason for anything else than such a PNG. */
export async function decodePngMask(base64: string): Promise<MaskPicture> {
  const text = atob(base64)
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0))
  if (signature.some((value, i) => bytes[i] !== value)) throw new Error('it is no PNG')
  const view = new DataView(bytes.buffer)
  let header: { width: number; height: number; depth: number } | null = null
  const data: Uint8Array[] = []
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at)
    const type = text.slice(at + 4, at + 8)
    if (at + 12 + length > bytes.length) throw new Error('it is cut off')
    if (type === 'IHDR') {
      const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)]
      const [depth, color, , , interlace] = bytes.subarray(at + 16, at + 21)
      if ((color !== 0 && color !== 3) || depth > 8) throw new Error('it has more than one channel of 8 bits')
      if (interlace !== 0) throw new Error('it is interlaced')
      if (width * height > maxPixels || width * height === 0) throw new Error(`its size is ${width} x ${height}`)
      header = { width, height, depth }
    } else if (type === 'IDAT') data.push(bytes.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  if (!header) throw new Error('it has no header')
  const { width, height, depth } = header
  const rowBytes = Math.ceil((width * depth) / 8)
  const raw = await pump(new DecompressionStream('deflate'), data, (rowBytes + 1) * height)
  if (raw.length !== (rowBytes + 1) * height) throw new Error('its pixels are cut off')
  const pixels = new Uint8Array(width * height)
  let above: Uint8Array = new Uint8Array(rowBytes)
  for (let y = 0; y < height; y++) {
    const row = raw.subarray(y * (rowBytes + 1) + 1, (y + 1) * (rowBytes + 1))
    unfilter(raw[y * (rowBytes + 1)], row, above)
    for (let x = 0; x < width; x++) {
      const bit = x * depth
      const value = (row[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1)
      pixels[y * width + x] = value === 0 ? 0 : 1
    }
    above = row
  }
  return { width, height, pixels }
}

/** Undoes a row's filter in place; one byte a pixel or less, so the left neighbour is the byte before. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array): void {
  if (filter > 4) throw new Error('its pixels are damaged')
  for (let i = 0; i < row.length; i++) {
    const [left, up, corner] = [i > 0 ? row[i - 1] : 0, above[i], i > 0 ? above[i - 1] : 0]
    if (filter === 1) row[i] += left
    else if (filter === 2) row[i] += up
    else if (filter === 3) row[i] += (left + up) >> 1
    else if (filter === 4) {
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
      row[i] += a <= b && a <= c ? left : b <= c ? up : corner
    }
  }
}

/** A grey PNG of 8 bits, 0 and 255, as base64. */
export async function encodePngMask({ width, height, pixels }: MaskPicture): Promise<string> {
  const raw = new Uint8Array((width + 1) * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) raw[y * (width + 1) + 1 + x] = pixels[y * width + x] ? 255 : 0
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header[8] = 8
  const parts = [
    Uint8Array.from(signature),
    chunk('IHDR', header),
    chunk('IDAT', await pump(new CompressionStream('deflate'), [raw], Infinity)),
    chunk('IEND', new Uint8Array(0)),
  ]
  let text = ''
  for (const part of parts) for (const byte of part) text += String.fromCharCode(byte)
  return btoa(text)
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc(bytes.subarray(4, 8 + data.length)))
  return bytes
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  return (value ^ 0xffffffff) >>> 0
}

/** @param limit bytes that may come out: a small file can unpack to gigabytes. */
async function pump(stream: DecompressionStream, parts: readonly Uint8Array[], limit: number): Promise<Uint8Array> {
  const writer = stream.writable.getWriter()
  const writing = (async () => {
    for (const part of parts) await writer.write(part)
    await writer.close()
  })()
  // Reported by the reading side.
  writing.catch(() => {})
  const found: Uint8Array[] = []
  let length = 0
  for await (const piece of stream.readable) {
    found.push(piece)
    length += piece.length
    if (length > limit) throw new Error('it holds more pixels than it states')
  }
  await writing
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of found) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
