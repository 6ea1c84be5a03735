/**
 * Size and orientation of an image from its first bytes: JPEG, PNG, WebP, GIF, BMP, TIFF. Nothing is decoded.
 * Sources: ITU T.81 B.2, EXIF 2.32 4.6, PNG (third edition) 5, RFC 9649, GIF89a 17-18, TIFF 6.0 section 2, BigTIFF.
 */

export interface ImageHeader {
  type: 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff'
  /** Pixels as stored. */
  rawWidth: number
  rawHeight: number
  /** EXIF orientation 1..8; from 5 on width and height change places. */
  orientation: number
  /** Upright pixels. */
  width: number
  height: number
}

/** Bytes of the file at `offset`; shorter at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array

/** Null when the bytes are of no known kind or end before the size. */
export function readImageHeader(readAt: ReadAt): ImageHeader | null {
  const start = readAt(0, 32)
  const found =
    start[0] === 0xff && start[1] === 0xd8
      ? readJpeg(readAt)
      : text(start, 1, 3) === 'PNG' && start[0] === 0x89
        ? readPng(readAt)
        : text(start, 0, 4) === 'RIFF' && text(start, 8, 4) === 'WEBP'
          ? readWebp(readAt)
          : text(start, 0, 3) === 'GIF'
            ? size('gif', le16(start, 6), le16(start, 8))
            : text(start, 0, 2) === 'BM'
              ? readBmp(start)
              : isTiff(start)
                ? readTiff(readAt)
                : null
  return found && found.rawWidth > 0 && found.rawHeight > 0 ? found : null
}

const be16 = (b: Uint8Array, i: number): number => (b[i] << 8) | b[i + 1]
const be32 = (b: Uint8Array, i: number): number => ((b[i] << 24) | (b[i + 1] << 16) | (b[i + 2] << 8) | b[i + 3]) >>> 0
const le16 = (b: Uint8Array, i: number): number => b[i] | (b[i + 1] << 8)
const le32 = (b: Uint8Array, i: number): number => (b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24)) >>> 0
const text = (b: Uint8Array, at: number, length: number): string => String.fromCharCode(...b.subarray(at, at + length))

function size(type: ImageHeader['type'], rawWidth: number, rawHeight: number, orientation = 1): ImageHeader {
  const turned = orientation >= 5
  return {
    type,
    rawWidth,
    rawHeight,
    orientation,
    width: turned ? rawHeight : rawWidth,
    height: turned ? rawWidth : rawHeight,
  }
}

function readJpeg(readAt: ReadAt): ImageHeader | null {
  let orientation = 1
  // Segments may be large (profiles, previews): only their heads are read.
  for (let at = 2, steps = 0; steps < 1000; steps++) {
    const head = readAt(at, 10)
    if (head.length < 4 || head[0] !== 0xff) return null
    const marker = head[1]
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker === 0xda || marker === 0xd9) return null
    const length = be16(head, 2)
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return head.length < 9 ? null : size('jpeg', be16(head, 7), be16(head, 5), orientation)
    }
    if (marker === 0xe1 && text(head, 4, 4) === 'Exif') {
      const exifAt = at + 10
      orientation = tiffTags((offset, n) => readAt(exifAt + offset, n))?.orientation ?? orientation
    }
    at += 2 + length
  }
  return null
}

function readPng(readAt: ReadAt): ImageHeader | null {
  const head = readAt(0, 24)
  if (head.length < 24) return null
  let orientation = 1
  // eXIf comes before the pixels, when there is one.
  for (let at = 8, steps = 0; steps < 100; steps++) {
    const chunk = readAt(at, 8)
    if (chunk.length < 8) break
    const kind = text(chunk, 4, 4)
    if (kind === 'IDAT' || kind === 'IEND') break
    const body = at + 8
    if (kind === 'eXIf') orientation = tiffTags((offset, n) => readAt(body + offset, n))?.orientation ?? 1
    at = body + be32(chunk, 0) + 4
  }
  return size('png', be32(head, 16), be32(head, 20), orientation)
}

function readWebp(readAt: ReadAt): ImageHeader | null {
  const b = readAt(12, 18)
  if (b.length < 18) return null
  switch (text(b, 0, 4)) {
    case 'VP8 ':
      return size('webp', le16(b, 14) & 0x3fff, le16(b, 16) & 0x3fff)
    case 'VP8L':
      return size(
        'webp',
        1 + (((b[10] & 0x3f) << 8) | b[9]),
        1 + (((b[12] & 0xf) << 10) | (b[11] << 2) | ((b[10] & 0xc0) >> 6)),
      )
    case 'VP8X': {
      const width = 1 + (b[12] | (b[13] << 8) | (b[14] << 16))
      const height = 1 + (b[15] | (b[16] << 8) | (b[17] << 16))
      return size('webp', width, height, b[8] & 0x08 ? webpOrientation(readAt) : 1)
    }
    default:
      return null
  }
}

function webpOrientation(readAt: ReadAt): number {
  for (let at = 12, steps = 0; steps < 100; steps++) {
    const chunk = readAt(at, 8)
    if (chunk.length < 8) return 1
    const length = le32(chunk, 4)
    if (text(chunk, 0, 4) === 'EXIF') {
      const skip = text(readAt(at + 8, 4), 0, 4) === 'Exif' ? 6 : 0
      const body = at + 8 + skip
      return tiffTags((offset, n) => readAt(body + offset, n))?.orientation ?? 1
    }
    at += 8 + length + (length & 1)
  }
  return 1
}

function readBmp(b: Uint8Array): ImageHeader | null {
  if (b.length < 26) return null
  if (le32(b, 14) === 12) return size('bmp', le16(b, 18), le16(b, 20))
  return size('bmp', le32(b, 18) | 0, Math.abs(le32(b, 22) | 0))
}

/** 42: TIFF, 43: BigTIFF; 0: neither. */
const tiffMagic = (b: Uint8Array): number => {
  const order = text(b, 0, 2)
  const magic = order === 'II' ? le16(b, 2) : order === 'MM' ? be16(b, 2) : 0
  return magic === 42 || magic === 43 ? magic : 0
}
const isTiff = (b: Uint8Array): boolean => tiffMagic(b) !== 0

function readTiff(readAt: ReadAt): ImageHeader | null {
  const tags = tiffTags(readAt)
  return tags?.width && tags.height ? size('tiff', tags.width, tags.height, tags.orientation ?? 1) : null
}

/** Tags of the first directory; EXIF blocks have the same layout. */
function tiffTags(readAt: ReadAt): { width?: number; height?: number; orientation?: number } | null {
  const head = readAt(0, 8)
  if (head.length < 8 || !isTiff(head)) return null
  const little = head[0] === 0x49
  const u16 = (b: Uint8Array, i: number) => (little ? le16(b, i) : be16(b, i))
  const u32 = (b: Uint8Array, i: number) => (little ? le32(b, i) : be32(b, i))
  // BigTIFF: 8-byte offsets and counts. What lies beyond 4 GiB needs the upper half, too.
  const big = tiffMagic(head) === 43
  const word = (b: Uint8Array, i: number) =>
    little ? u32(b, i) + u32(b, i + 4) * 2 ** 32 : u32(b, i) * 2 ** 32 + u32(b, i + 4)
  const at = big ? word(readAt(8, 8), 0) : u32(head, 4)
  const countBytes = big ? 8 : 2
  const entryBytes = big ? 20 : 12
  const count = readAt(at, countBytes)
  if (count.length < countBytes) return null
  const entries = Math.min(big ? word(count, 0) : u16(count, 0), 512)
  const directory = readAt(at + countBytes, entries * entryBytes)
  const tags: { width?: number; height?: number; orientation?: number } = {}
  for (let i = 0; i + entryBytes <= directory.length; i += entryBytes) {
    const place = i + (big ? 12 : 8)
    const type = u16(directory, i + 2)
    const value = type === 3 ? u16(directory, place) : type === 16 ? word(directory, place) : u32(directory, place)
    const tag = u16(directory, i)
    if (tag === 0x100) tags.width = value
    else if (tag === 0x101) tags.height = value
    else if (tag === 0x112 && value >= 1 && value <= 8) tags.orientation = value
  }
  return tags
}
