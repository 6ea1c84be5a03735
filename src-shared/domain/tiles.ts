/** Images of any size through a network of limited size: overlapped tiles whose seams are blended. */
import { makePlanarImage, type PlanarImage } from './planar-image'

export interface Tiling {
  /** Side of a tile in px, a multiple of `unit`. */
  tile: number
  /** Sides and positions of tiles are multiples of this: the network's stride. */
  unit: number
  /** Pixels at an inner edge of a tile that do not count, because the network misses their surroundings. */
  margin: number
  /** Pixels over which one tile fades into the next. */
  blend: number
}

/**
 * Evenly spaced beginnings of tiles, multiples of `unit`; neighbours overlap by at least 2 margin + blend.
 * @param length a multiple of `unit`.
 */
export function tileStarts(length: number, { tile, unit, margin, blend }: Tiling): number[] {
  if (length <= tile) return [0]
  const step = Math.max(unit, tile - 2 * margin - blend)
  // Rounding down may cost up to one unit of overlap.
  const gap = Math.max(unit, Math.floor(step / unit) * unit)
  const count = Math.ceil((length - tile) / gap) + 1
  return Array.from({ length: count }, (_, i) => Math.floor((i * (length - tile)) / (count - 1) / unit) * unit)
}

/** How much each pixel of a tile counts along one axis, before it is divided by the sum over all tiles. */
export function tileWeights(start: number, size: number, length: number, { margin, blend }: Tiling): Float32Array {
  const out = new Float32Array(size).fill(1)
  const ramp = (distance: number) => Math.min(1, Math.max(0, (distance - margin + 1) / (blend + 1)))
  for (let i = 0; i < size; i++) {
    if (start > 0) out[i] = Math.min(out[i], ramp(i))
    if (start + size < length) out[i] = Math.min(out[i], ramp(size - 1 - i))
  }
  return out
}

/** @param run a tile [channels, side, side] or smaller (the whole image) to the same shape. */
export async function runTiled(
  image: PlanarImage,
  tiling: Tiling,
  run: (tile: PlanarImage) => Promise<PlanarImage>,
  /** Tiles are always whole, for networks of a fixed size. */
  fixed = false,
): Promise<PlanarImage> {
  const { tile, unit } = tiling
  const roundUp = (side: number) => Math.max(fixed ? tile : unit, Math.ceil(side / unit) * unit)
  const [width, height] = [roundUp(image.width), roundUp(image.height)]
  const padded = cut(image, 0, 0, width, height)
  const [w, h] = [Math.min(tile, width), Math.min(tile, height)]
  const [columns, rows] = [tileStarts(width, tiling), tileStarts(height, tiling)]
  if (columns.length === 1 && rows.length === 1) return cut(await run(padded), 0, 0, image.width, image.height)
  const sum = makePlanarImage(image.width, image.height, image.channels)
  const weight = new Float32Array(image.width * image.height)
  for (const y of rows)
    for (const x of columns) {
      const part = await run(cut(padded, x, y, w, h))
      const [across, down] = [tileWeights(x, w, width, tiling), tileWeights(y, h, height, tiling)]
      for (let j = 0; j < h && y + j < image.height; j++)
        for (let i = 0; i < w && x + i < image.width; i++) {
          const factor = across[i] * down[j]
          if (factor === 0) continue
          const to = (y + j) * image.width + x + i
          weight[to] += factor
          for (let c = 0; c < image.channels; c++)
            sum.data[c * weight.length + to] += factor * part.data[(c * h + j) * w + i]
        }
    }
  for (let c = 0; c < image.channels; c++)
    for (let i = 0; i < weight.length; i++) sum.data[c * weight.length + i] /= weight[i]
  return sum
}

/** Part of an image; beyond its edges it is mirrored, the edge itself once. */
export function cut(image: PlanarImage, x: number, y: number, width: number, height: number): PlanarImage {
  const out = makePlanarImage(width, height, image.channels)
  const columns = Int32Array.from({ length: width }, (_, i) => mirror(x + i, image.width))
  for (let c = 0; c < image.channels; c++)
    for (let j = 0; j < height; j++) {
      const from = (c * image.height + mirror(y + j, image.height)) * image.width
      const to = (c * height + j) * width
      for (let i = 0; i < width; i++) out.data[to + i] = image.data[from + columns[i]]
    }
  return out
}

function mirror(at: number, length: number): number {
  if (length === 1) return 0
  const period = 2 * (length - 1)
  const folded = ((at % period) + period) % period
  return folded < length ? folded : period - folded
}
