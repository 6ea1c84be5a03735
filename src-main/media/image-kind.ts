/** What a file is by its first bytes, and what to say of kinds that cannot be decoded here. */
import { closeSync, openSync, readSync } from 'node:fs'
import { extension } from '@shared/catalog/formats/common/paths'
import { isDng } from '@shared/raw/dng'
import { readerOf } from './develop-file'

export type ImageKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'dng' | 'avif' | 'heic' | 'raw' | 'other'

const mimes: Partial<Record<ImageKind, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
}

/** Kinds that every supported browser decodes; null for the others. */
export const browserMime = (kind: ImageKind): string | null => mimes[kind] ?? null

const rawExtensions = new Set(
  '.3fr .arw .cr2 .cr3 .crw .dcr .erf .fff .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f'.split(
    ' ',
  ),
)

/** A camera's raw file of a kind that is not read here, by its name: many of them look like a TIFF from inside. */
export const isCameraRaw = (path: string): boolean => rawExtensions.has(extension(path))

/** Throws what opening the file throws. */
export function imageKind(file: string): ImageKind {
  const head = Buffer.alloc(32)
  const fd = openSync(file, 'r')
  let dng: boolean
  try {
    readSync(fd, head, 0, head.length, 0)
    dng = !isCameraRaw(file) && isDng(readerOf(fd))
  } finally {
    closeSync(fd)
  }
  if (isCameraRaw(file)) return 'raw'
  if (head[0] === 0xff && head[1] === 0xd8) return 'jpeg'
  if (head[0] === 0x89 && head.toString('latin1', 1, 4) === 'PNG') return 'png'
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') return 'webp'
  if (head.toString('latin1', 0, 4) === 'GIF8') return 'gif'
  if (head.toString('latin1', 0, 2) === 'BM') return 'bmp'
  const order = head.toString('latin1', 0, 2)
  const magic = order === 'II' ? head.readUInt16LE(2) : order === 'MM' ? head.readUInt16BE(2) : 0
  if (dng) return 'dng'
  if (magic === 42 || magic === 43) return 'tiff'
  if (head.toString('latin1', 4, 8) === 'ftyp') {
    // ISO/IEC 23008-12: the major brand, then the compatible ones.
    const brands = head.toString('latin1', 8, 32)
    if (/avif|avis/.test(brands)) return 'avif'
    if (/hei[cxms]|hev[cxms]|mif1|msf1/.test(brands)) return 'heic'
    if (/crx /.test(brands)) return 'raw'
  }
  return 'other'
}

/** Why a file of this kind has no pixels here, with the next step; null when it can be tried. */
export function whyNotDecoded(kind: ImageKind): string | null {
  if (kind === 'heic') return 'it is a HEIC photograph, which cannot be decoded here; convert it to JPEG or PNG'
  if (kind === 'raw')
    return 'it is a camera RAW file, which cannot be decoded here; convert it to DNG, TIFF, PNG or JPEG'
  return null
}
