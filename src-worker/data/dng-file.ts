/** Camera DNG files for denoising: their four planes, and the file again with better ones. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { PlanarImage } from '@shared/domain/planar-image'
import { packBayer } from '@shared/raw/bayer-planes'
import { decodeMosaic, runToEnd } from '@shared/raw/decode-mosaic'
import { denoiseDng, type DenoisePlanes } from '@shared/raw/denoise-dng'
import { planesLook, type PlanesLook } from '@shared/raw/develop-planes'
import { isDng, readDng, type Dng } from '@shared/raw/dng'
import type { GivenLevels } from '@shared/raw/levels'
import { writeAtomic } from '../files/write-atomic'
import { readImageFile } from './read-image-file'

const readerOf = (bytes: Uint8Array) => (offset: number, length: number) => bytes.subarray(offset, offset + length)

/** By its content: other TIFF files and RAW files are not. */
export const isDngFile = (bytes: Uint8Array): boolean => isDng(readerOf(bytes))

/**
 * Four planes in the order R, G beside R, G beside B, B; black 0, white 1, nothing clipped. See `packBayer`.
 *
 * @throws TagwrightError `bad-raw`.
 */
export function readDngPlanes(bytes: Uint8Array, levels: GivenLevels = {}): { planes: PlanarImage; dng: Dng } {
  const dng = readDng(readerOf(bytes))
  return { planes: packBayer(runToEnd(decodeMosaic(readerOf(bytes), dng)), dng, levels), dng }
}

/** How the planes of a file are shown; null: it is no DNG, and nothing tells its colours. */
export async function dngLook(file: string, planes: PlanarImage): Promise<PlanesLook | null> {
  const bytes = await readImageFile(file)
  return isDngFile(bytes) ? planesLook(planes, readDng(readerOf(bytes))) : null
}

/**
 * Writes `out`: the DNG `file` with a denoised mosaic and its tags. Returns the size of the active area.
 *
 * @param denoise may take long; everything else takes a second or two for a camera's file.
 * @throws TagwrightError `image-missing`, `bad-raw`, `would-overwrite` when `out` is the file itself.
 */
export async function denoiseDngFile(
  file: string,
  out: string,
  denoise: DenoisePlanes,
  levels: GivenLevels = {},
): Promise<{ width: number; height: number }> {
  if (file === out) {
    throw new TagwrightError('would-overwrite', `${file} would be written over. Choose another folder with --out.`)
  }
  const bytes = await readImageFile(file)
  const { width, height } = readDng(readerOf(bytes)).active
  const clean = await denoiseDng(bytes, denoise, levels)
  await mkdir(dirname(out), { recursive: true })
  await writeAtomic(out, [clean])
  return { width, height }
}
