import type { PlanarImage } from '../domain/planar-image'
import { packBayer, unpackBayer } from './bayer-planes'
import { decodeMosaic, runToEnd } from './decode-mosaic'
import { readDng } from './dng'
import type { GivenLevels } from './levels'
import { writeMosaic } from './write-mosaic'

/** Four planes of a Bayer mosaic, black 0 and white 1, to better ones of the same size. */
export type DenoisePlanes = (planes: PlanarImage) => PlanarImage | Promise<PlanarImage>

/**
 * Reads a DNG, denoises its mosaic and gives the same file with the new pixels; see `writeMosaic` for what else changes.
 *
 * @param given levels that stand for those of the file, such as contest files name them.
 * @throws TagwrightError `bad-raw`.
 */
export async function denoiseDng(
  file: Uint8Array,
  denoise: DenoisePlanes,
  given: GivenLevels = {},
): Promise<Uint8Array> {
  // prettier-ignore
  const readAt = (offset: number, length: number): Uint8Array => file.subarray(offset, offset + length)
  const dng = readDng(readAt)
  const mosaic = runToEnd(decodeMosaic(readAt, dng))
  const planes = await denoise(packBayer(mosaic, dng, given))
  return runToEnd(writeMosaic(file, dng, unpackBayer(planes, mosaic, dng, given)))
}
