/** An image before and after it was cleaned, as files that a browser shows: camera DNG developed alike, TIFF converted. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import sharp from 'sharp'
import { developFile } from './develop-file'
import { browserMime, imageKind } from './image-kind'
import { imageVersion, renderImage, statImage, writeWhole, type RenderedImage } from './render-image'

type Pair = readonly [before: RenderedImage, after: RenderedImage]

/** The files themselves; null: browsers do not show both. */
export function pairAsItIs(before: string, after: string): Pair | null {
  const [from, to] = [before, after].map((file) => browserMime(imageKind(file)))
  return from && to
    ? [
        { path: before, mime: from },
        { path: after, mime: to },
      ]
    : null
}

/** @param cacheFolder of files that are made for it. @throws as `renderImage`. */
export async function shownPair(before: string, after: string, cacheFolder: string): Promise<Pair> {
  if (imageKind(before) !== 'dng' || imageKind(after) !== 'dng')
    return [await renderImage(before, { cacheFolder }), await renderImage(after, { cacheFolder })]
  // Less noise makes the brightest hundredth darker: exposed by itself the clean one would look brighter.
  const first = await developed(before, cacheFolder)
  const second = await developed(after, cacheFolder, first.exposure)
  return [first, second]
}

async function developed(file: string, cacheFolder: string, exposure?: number) {
  const { data, width, height, ...used } = await developFile(file, { exposure })
  const version = `${file}\n${imageVersion(statImage(file))}\n${used.exposure}`
  const name = createHash('sha256').update(version).digest('hex')
  const path = join(cacheFolder, name.slice(0, 2), `${name.slice(2, 34)}.png`)
  await writeWhole(path, async (temporary) => {
    await sharp(data, { raw: { width, height, channels: 4 } })
      .removeAlpha()
      .png({ compressionLevel: 2 })
      .toFile(temporary)
  })
  return { path, mime: 'image/png', exposure: used.exposure }
}
