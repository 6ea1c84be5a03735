/** What an image file is, from a few hundred of its bytes: size, orientation, and whether its end is there. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { decodeBmp } from '@shared/base/decode-bmp'
import { readImageHeader, type ImageHeader } from '@shared/base/image-header'
import { dngSize } from './develop-file'
import { imageKind, whyNotDecoded } from './image-kind'
import { tiffEnd } from './tiff/layout'

export interface ImageProbe {
  state: 'ok' | 'missing' | 'unreadable'
  /** Upright pixels, when the header could be read. */
  width?: number
  height?: number
  rawWidth?: number
  rawHeight?: number
  /** EXIF 1..8. */
  orientation?: number
  /** Why it is unreadable, without the file's name. */
  reason?: string
}

const tailBytes = 4096

/**
 * Never throws. A file whose header and end look right is `ok` without being decoded (about 30 microseconds); one whose
 * end is missing, and kinds whose header is not known here, are decoded to be sure, unless `decode` is false.
 */
export async function probeImage(file: string, { decode = true }: { decode?: boolean } = {}): Promise<ImageProbe> {
  let quick: { header: ImageHeader | null; complete: boolean; bytes: number }
  try {
    quick = peek(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'missing' }
    return { state: 'unreadable', reason: `it cannot be opened (${code ?? String(error)})` }
  }
  if (quick.bytes === 0) return { state: 'unreadable', reason: 'it is empty' }
  const { header } = quick
  const kind = imageKind(file)
  const why = whyNotDecoded(kind)
  if (why) return { state: 'unreadable', reason: why }
  if (kind === 'dng') return probeDng(file)
  const size = header
    ? {
        width: header.width,
        height: header.height,
        rawWidth: header.rawWidth,
        rawHeight: header.rawHeight,
        orientation: header.orientation,
      }
    : {}
  if (header && (quick.complete || !decode)) return { state: 'ok', ...size }
  try {
    if (header?.type === 'bmp') {
      decodeBmp(await readFile(file))
      return { state: 'ok', ...size }
    }
    const image = sharp(file, { failOn: 'truncated', limitInputPixels: false })
    const { width, height, orientation = 1, autoOrient } = await image.metadata()
    // Statistics need every pixel and keep none.
    if (decode) await image.stats()
    return {
      state: 'ok',
      width: autoOrient.width,
      height: autoOrient.height,
      rawWidth: width,
      rawHeight: height,
      orientation,
    }
  } catch (error) {
    const text = (error instanceof Error ? error.message : String(error)).split('\n')[0].replace(`${file}: `, '')
    const reason = header ? `it is cut off or damaged (${text})` : `it is not an image that can be decoded (${text})`
    return { state: 'unreadable', ...size, reason }
  }
}

/** The header of a DNG shows the size of its thumbnail. Pixels lie where it says, or the file is cut off. */
function probeDng(file: string): ImageProbe {
  try {
    return { state: 'ok', ...dngSize(file) }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { state: 'unreadable', reason: text.replace(/^The RAW file /, 'it ').replace(/\. [^.]*\.$/, '') }
  }
}

function peek(file: string): { header: ImageHeader | null; complete: boolean; bytes: number } {
  const fd = openSync(file, 'r')
  try {
    const bytes = fstatSync(fd).size
    const first = Buffer.allocUnsafe(Math.min(bytes, tailBytes))
    const got = readSync(fd, first, 0, first.length, 0)
    const readAt = (offset: number, length: number): Uint8Array => {
      if (offset + length <= got) return first.subarray(offset, offset + length)
      const piece = Buffer.allocUnsafe(length)
      return piece.subarray(0, readSync(fd, piece, 0, length, offset))
    }
    const header = readImageHeader(readAt)
    if (!header) return { header, complete: false, bytes }
    const tail = readAt(Math.max(0, bytes - tailBytes), Math.min(bytes, tailBytes))
    const complete =
      header.type === 'tiff'
        ? (tiffEnd(fd) ?? Infinity) <= bytes
        : hasEnd(header.type, readAt(0, 30), Buffer.from(tail), bytes)
    return { header, complete, bytes }
  } finally {
    closeSync(fd)
  }
}

/** The mark that ends the format stands in the last bytes; cameras like to append data of their own. */
function hasEnd(type: ImageHeader['type'], head: Uint8Array, tail: Buffer, bytes: number): boolean {
  switch (type) {
    case 'jpeg':
      return tail.lastIndexOf(Buffer.from([0xff, 0xd9])) >= 0
    case 'png':
      return tail.lastIndexOf('IEND') >= 0
    case 'gif':
      return tail.includes(0x3b)
    case 'webp':
      return Buffer.from(head).readUInt32LE(4) + 8 <= bytes
    case 'bmp':
    case 'tiff':
      // The sizes of a bitmap say little about its end: decoded by the caller. A TIFF says where its blocks lie.
      return false
  }
}
