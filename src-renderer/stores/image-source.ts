/** Where the canvas gets an image from: the whole file, or tiles of a large one. */
import { api } from '../client/api'
import type { EditorImage, WholeImage } from '../editor/editor'
import type { ImageInfo } from '@shared/contract/media'
import { useSession } from './session'

/** Names the project as well: within one page a browser shows an address again without asking whether it still holds. */
export const thumbnailUrl = (sample: number, width: number, version?: string): string =>
  `/media/${sample}?w=${width}${version ? `&v=${version}` : ''}&p=${projectMark()}`

/** Short, and never the same for two projects. */
const projectMark = (): string => encodeURIComponent(useSession().project?.createdAt ?? '')

/** The image that is a sample's truth. */
export const pairThumbnailUrl = (sample: number, width: number): string => `${thumbnailUrl(sample, width)}&of=pair`

/** Noisy and clean image of a sample, of one size: whole, or as large as is sent of images that are shown in tiles. */
export async function pairUrls(sample: number): Promise<{ noisy: string; truth: string }> {
  const { tiled, version } = await api.media.info({ sample })
  return tiled
    ? { noisy: thumbnailUrl(sample, 4096, version), truth: pairThumbnailUrl(sample, 4096) }
    : {
        noisy: `/media/${sample}/full?v=${version}&p=${projectMark()}`,
        truth: `/media/${sample}/full?of=pair&p=${projectMark()}`,
      }
}

/** Throws what `media.info` throws: `not-found` for a missing file, `unreadable-image`. */
export async function imageSource(sample: number): Promise<{ info: ImageInfo; image: EditorImage }> {
  const info = await api.media.info({ sample })
  const { width, height, version } = info
  if (!info.tiled) return { info, image: { width, height, source: wholeImage(sample, version) } }
  return {
    info,
    image: {
      width,
      height,
      source: {
        kind: 'tiles',
        levels: info.levels.length,
        tileSize: info.tileSize,
        url: (level, column, row) => `/media/${sample}/tile/${level}/${column}/${row}?v=${version}&p=${projectMark()}`,
      },
    },
  }
}

const wholeImage = (sample: number, version: string): WholeImage => ({
  kind: 'image',
  url: `/media/${sample}/full?v=${version}&p=${projectMark()}`,
  previewUrl: thumbnailUrl(sample, 512, version),
})

/** Sources of the images around the current one, nearest first; what cannot be read or is tiled is left out. */
export async function neighbourSources(samples: readonly number[]): Promise<WholeImage[]> {
  const found = await Promise.all(samples.map((sample) => imageSource(sample).catch(() => null)))
  return found.flatMap((one) => (one?.image.source.kind === 'image' ? [one.image.source] : []))
}
