/** Which level of a pyramid suits a scale, and which of its tiles are on the screen. */
import type { Box } from '@shared/domain/geometry'

/** Level 0 has full size, each next one half. The coarsest level that is still at least as fine as the screen. */
export const levelFor = (scale: number, pixelRatio: number, levels: number): number =>
  Math.max(0, Math.min(levels - 1, Math.floor(Math.log2(1 / (scale * pixelRatio)) + 1e-6)))

export const levelSide = (side: number, level: number): number => Math.ceil(side / 2 ** level)

export interface TileRange {
  readonly level: number
  readonly column1: number
  readonly row1: number
  /** Exclusive. */
  readonly column2: number
  readonly row2: number
}

/** Tiles of one level that meet the area (image pixels). */
export function tilesIn(
  area: Box,
  level: number,
  tileSize: number,
  image: { width: number; height: number },
): TileRange {
  const span = tileSize * 2 ** level
  const columns = Math.ceil(levelSide(image.width, level) / tileSize)
  const rows = Math.ceil(levelSide(image.height, level) / tileSize)
  const clamp = (value: number, high: number) => Math.min(high, Math.max(0, value))
  return {
    level,
    column1: clamp(Math.floor(area[0] / span), columns),
    row1: clamp(Math.floor(area[1] / span), rows),
    column2: clamp(Math.ceil(area[2] / span), columns),
    row2: clamp(Math.ceil(area[3] / span), rows),
  }
}

/** The image area of a tile. */
export const tileBox = (
  level: number,
  column: number,
  row: number,
  tileSize: number,
  image: { width: number; height: number },
): Box => {
  const span = tileSize * 2 ** level
  return [
    column * span,
    row * span,
    Math.min(image.width, (column + 1) * span),
    Math.min(image.height, (row + 1) * span),
  ]
}
