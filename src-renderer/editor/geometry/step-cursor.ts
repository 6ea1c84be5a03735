import type { Point } from '@shared/domain/geometry'
import type { Size } from './view'

const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Enter: [0, 0],
}

/** Where a key moves the keyboard's cursor: whole pixels inside the image; null for keys that do not move it. */
export function stepCursor(key: string, from: Point, step: number, image: Size): Point | null {
  const direction = arrows[key]
  if (!direction) return null
  const along = (at: number, way: number, side: number) => Math.min(side, Math.max(0, Math.round(at) + way * step))
  return [along(from[0], direction[0], image.width), along(from[1], direction[1], image.height)]
}
