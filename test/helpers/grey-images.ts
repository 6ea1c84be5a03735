import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { rng } from '@shared/base/rng'
import { makePlanarImage, type PlanarImage } from '@shared/domain/planar-image'

/** The pictures of a folder in the order of their names. */
export const pictureNames = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /\.(png|jpg|bmp|tif)$/i.test(name))
    .sort()

/** First channel, 0..255. */
export async function readGrey(folder: string, name: string): Promise<PlanarImage> {
  const { data, info } = await sharp(join(folder, name)).extractChannel(0).raw().toBuffer({ resolveWithObject: true })
  const image = makePlanarImage(info.width, info.height, 1)
  image.data.set(data)
  return image
}

/** White Gaussian noise as in the published tables: neither clipped nor rounded. */
export function addGaussian(image: PlanarImage, sigma: number, ...seed: (number | string)[]): PlanarImage {
  const draw = rng(...seed)
  return { ...image, data: image.data.map((value) => value + sigma * draw.normal()) }
}
