import type { EditorImage } from '../api'
import type { ImageCache } from './image-cache'
import type { Picture, PictureState } from './picture'
import { TiledPicture } from './tiled-picture'
import { WholePicture } from './whole-picture'

/** @param changed more of the image can be drawn. */
export function createPicture(
  { width, height, source }: EditorImage,
  cache: ImageCache,
  changed: (state: PictureState) => void,
): Picture {
  return source.kind === 'tiles'
    ? new TiledPicture({ width, height }, source, changed)
    : new WholePicture({ width, height }, source.url, source.previewUrl, cache, changed)
}
