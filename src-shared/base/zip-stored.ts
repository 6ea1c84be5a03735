/** Zip files without compression, made in memory: for files that are packed already, such as JPEG pictures. */
import { encodeText } from './text'

export interface ZipEntry {
  /** `/` as separator. */
  name: string
  data: Uint8Array
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c >>> 0
})

/** CRC-32 as in zip, gzip and PNG (ISO 3309). */
export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/**
 * The parts of a zip file in order (APPNOTE 6.3.10, method 0, names in UTF-8). The data itself is not copied.
 * @throws RangeError beyond 65,535 entries or 4 GB, where zip needs its 64-bit form.
 */
export function zipStored(entries: readonly ZipEntry[], now = new Date()): Uint8Array[] {
  if (entries.length > 0xffff) throw new RangeError(`${entries.length} files are more than a zip holds (65,535).`)
  const year = Math.max(1980, now.getFullYear())
  const date = ((year - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate()
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1)
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, data } of entries) {
    const bytes = encodeText(name)
    const common = [
      ...[u16(20), u16(0x800), u16(0), u16(time), u16(date)],
      ...[u32(crc32(data)), u32(data.length), u32(data.length), u16(bytes.length), u16(0)],
    ]
    const header = join([u32(0x04034b50), ...common, bytes])
    directory.push(join([u32(0x02014b50), u16(20), ...common, u16(0), u16(0), u16(0), u32(0), u32(offset), bytes]))
    parts.push(header, data)
    offset += header.length + data.length
    if (offset > 0xffffffff) throw new RangeError('The files are more than the 4 GB that a zip holds.')
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const count = u16(entries.length)
  const end = join([u32(0x06054b50), u16(0), u16(0), count, count, u32(size), u32(offset), u16(0)])
  return [...parts, ...directory, end]
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8)
const u32 = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
