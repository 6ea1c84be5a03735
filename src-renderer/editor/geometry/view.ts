/** Where the image lies on the screen: `screen = image * scale + offset`, CSS pixels. */
import type { Box, Point } from '@shared/domain/geometry'

export interface View {
  /** Screen pixels per image pixel. */
  readonly scale: number
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export const maxScale = 64
/** Of the image that must stay on the screen, screen pixels. */
const keptVisible = 48

export const toScreen = (view: View, [x, y]: Point): Point => [x * view.scale + view.x, y * view.scale + view.y]

export const toImage = (view: View, [x, y]: Point): Point => [(x - view.x) / view.scale, (y - view.y) / view.scale]

/** The part of image space a screen of this size shows; may reach beyond the image. */
export const visibleBox = (view: View, screen: Size): Box => [
  -view.x / view.scale,
  -view.y / view.scale,
  (screen.width - view.x) / view.scale,
  (screen.height - view.y) / view.scale,
]

/** The smallest allowed scale: a quarter of fit, and never above 1. */
export const minScale = (image: Size, screen: Size): number =>
  Math.min(1, Math.min(screen.width / image.width, screen.height / image.height) / 4)

const clampScale = (scale: number, image: Size, screen: Size): number =>
  Math.min(maxScale, Math.max(minScale(image, screen), scale))

/** The whole box, centred, with a margin in screen pixels. */
export function fitBox(box: Box, screen: Size, margin = 0, limit = maxScale): View {
  const width = Math.max(box[2] - box[0], 1e-6)
  const height = Math.max(box[3] - box[1], 1e-6)
  const room = (side: number) => Math.max(side - 2 * margin, 1)
  const scale = Math.min(limit, room(screen.width) / width, room(screen.height) / height)
  return centre(scale, [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], screen)
}

/** The full width from the top; the middle of the height when that fits too. */
export function fitWidth(image: Size, screen: Size): View {
  const scale = Math.min(maxScale, screen.width / image.width)
  const y = Math.max(0, (screen.height - image.height * scale) / 2)
  return { scale, x: (screen.width - image.width * scale) / 2, y }
}

/** A view with this image point in the middle of the screen. */
export const centre = (scale: number, [x, y]: Point, screen: Size): View => ({
  scale,
  x: screen.width / 2 - x * scale,
  y: screen.height / 2 - y * scale,
})

/** Changes the scale so that the image point under `about` (screen) stays there. */
export function zoomAbout(view: View, factor: number, about: Point, image: Size, screen: Size): View {
  const scale = clampScale(view.scale * factor, image, screen)
  const [x, y] = toImage(view, about)
  return keepVisible({ scale, x: about[0] - x * scale, y: about[1] - y * scale }, image, screen)
}

export const panView = (view: View, dx: number, dy: number, image: Size, screen: Size): View =>
  keepVisible({ scale: view.scale, x: view.x + dx, y: view.y + dy }, image, screen)

/** Moves the view so that a strip of the image stays on the screen. */
export function keepVisible(view: View, image: Size, screen: Size): View {
  const keep = (offset: number, side: number, room: number) => {
    const strip = Math.min(keptVisible, side, room)
    return Math.min(room - strip, Math.max(strip - side, offset))
  }
  return {
    scale: view.scale,
    x: keep(view.x, image.width * view.scale, screen.width),
    y: keep(view.y, image.height * view.scale, screen.height),
  }
}

/** The least pan that shows the box, or centres it when it is larger than the screen. */
export function revealBox(view: View, box: Box, image: Size, screen: Size, margin = 24): View {
  const shift = (low: number, high: number, room: number) => {
    if (high - low > room - 2 * margin) return room / 2 - (low + high) / 2
    if (low < margin) return margin - low
    if (high > room - margin) return room - margin - high
    return 0
  }
  const [x1, y1] = toScreen(view, [box[0], box[1]])
  const [x2, y2] = toScreen(view, [box[2], box[3]])
  return panView(view, shift(x1, x2, screen.width), shift(y1, y2, screen.height), image, screen)
}

/** Whether any part of the box is on the screen. */
export function isOnScreen(view: View, box: Box, screen: Size): boolean {
  const [x1, y1] = toScreen(view, [box[0], box[1]])
  const [x2, y2] = toScreen(view, [box[2], box[3]])
  return x2 >= 0 && y2 >= 0 && x1 <= screen.width && y1 <= screen.height
}
