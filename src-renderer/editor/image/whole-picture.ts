import { visibleBox, type Size, type View } from '../geometry/view'
import type { Context } from '../layers/draw-shape'
import type { CachedImage, ImageCache } from './image-cache'
import { levelFor } from './levels'
import { sampleOf, smoothBelow, type Picture, type PictureState } from './picture'

/** An image that fits one bitmap. */
export class WholePicture implements Picture {
  state: PictureState = { state: 'loading' }
  private image: CachedImage | null = null
  private preview: CachedImage | null = null
  private destroyed = false
  private readonly size: Size
  private readonly changed: (state: PictureState) => void

  constructor(
    size: Size,
    url: string,
    previewUrl: string | undefined,
    cache: ImageCache,
    changed: (state: PictureState) => void,
  ) {
    this.size = size
    this.changed = changed
    const ready = cache.peek(url)
    void cache.load(url, cache).then(
      (image) => this.arrive(image, true),
      (error: unknown) => this.enter({ state: 'failed', error }),
    )
    if (ready) {
      // Already decoded: drawn with the very first frame.
      this.image = ready
      this.state = { state: 'ready' }
    } else if (previewUrl) {
      void cache.load(previewUrl, cache).then(
        (image) => this.arrive(image, false),
        () => {},
      )
    }
  }

  private arrive(image: CachedImage, full: boolean): void {
    if (this.destroyed || this.image === image) return
    if (full) this.image = image
    else if (!this.image) this.preview = image
    else return
    this.enter({ state: full ? 'ready' : 'coarse' })
  }

  private enter(state: PictureState): void {
    if (this.destroyed) return
    this.state = state
    this.changed(state)
  }

  draw(ctx: Context, view: View, screen: Size, pixelRatio: number): void {
    const image = this.image ?? this.preview
    if (!image) return
    const { width, height } = this.size
    // The file may be smaller than the sample says (a preview): everything is stretched to the sample's size.
    const ratio = image.bitmap.width / width
    const level = this.image ? levelFor(view.scale / ratio, pixelRatio, 16) : 0
    const picture = halved(image, level)
    const sx = picture.width / width
    const sy = picture.height / height
    const [x1, y1, x2, y2] = visibleBox(view, screen)
    const left = Math.max(0, Math.floor(x1 * sx) - 1)
    const top = Math.max(0, Math.floor(y1 * sy) - 1)
    const right = Math.min(picture.width, Math.ceil(x2 * sx) + 1)
    const bottom = Math.min(picture.height, Math.ceil(y2 * sy) + 1)
    if (right <= left || bottom <= top) return
    ctx.imageSmoothingEnabled = view.scale < smoothBelow
    ctx.imageSmoothingQuality = 'low'
    ctx.drawImage(
      picture,
      left,
      top,
      right - left,
      bottom - top,
      (left / sx) * view.scale + view.x,
      (top / sy) * view.scale + view.y,
      ((right - left) / sx) * view.scale,
      ((bottom - top) / sy) * view.scale,
    )
  }

  sample(side: number): ImageData | null {
    const image = this.image ?? this.preview
    return image && sampleOf(image.bitmap, side)
  }

  destroy(): void {
    this.destroyed = true
    this.image = null
    this.preview = null
  }
}

/** The image at half size `level` times over: drawing never shrinks by more than two, so that fine detail stays. */
export function halved(image: CachedImage, level: number): ImageBitmap | OffscreenCanvas {
  let from: ImageBitmap | OffscreenCanvas = image.bitmap
  for (let i = 0; i < level; i++) {
    if (from.width <= 256 && from.height <= 256) return from
    let half = image.halves[i]
    if (!half) {
      half = new OffscreenCanvas(Math.ceil(from.width / 2), Math.ceil(from.height / 2))
      const ctx = half.getContext('2d', { alpha: false })!
      ctx.imageSmoothingQuality = 'low'
      ctx.drawImage(from, 0, 0, half.width, half.height)
      image.halves[i] = half
    }
    from = half
  }
  return from
}
