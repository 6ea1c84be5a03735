/**
 * Polygon to mask as COCO does it (maskApi.c rleFrPoly): the outline is walked on a grid five times finer, the places
 * where it crosses pixel columns are kept, and between crossings the columns alternate between outside and inside.
 */
import { mergeMasks, type Rle } from './mask'

const scale = 5

/** @param ring flat `[x, y, x, y, ...]` in pixels; need not be closed. */
export function rasterizePolygon(ring: ArrayLike<number>, height: number, width: number): Rle {
  const crossings = columnCrossings(ring, height, width)
  crossings.push(height * width)
  const sorted = Uint32Array.from(crossings).sort()
  let previous = 0
  for (let i = 0; i < sorted.length; i++) {
    const at = sorted[i]
    sorted[i] = at - previous
    previous = at
  }
  // Two crossings at one pixel cancel: the run before and the run after become one.
  const counts = [sorted[0]]
  for (let i = 1; i < sorted.length;) {
    if (sorted[i] > 0) counts.push(sorted[i++])
    else {
      i++
      if (i < sorted.length) counts[counts.length - 1] += sorted[i++]
    }
  }
  return { size: [height, width], counts }
}

/** Union of several rings, as COCO reads `segmentation: [[...], [...]]`: overlaps stay filled, there are no holes. */
export function rasterizePolygons(rings: readonly ArrayLike<number>[], height: number, width: number): Rle {
  return mergeMasks(rings.map((ring) => rasterizePolygon(ring, height, width)))
}

/** A box as mask: its four corners as a polygon, as rleFrBbox. */
export function rasterizeBox(x: number, y: number, w: number, h: number, height: number, width: number): Rle {
  return rasterizePolygon([x, y, x, y + h, x + w, y + h, x + w, y], height, width)
}

/** Positions `column * height + row` at which the outline enters or leaves a column of pixels. */
function columnCrossings(ring: ArrayLike<number>, height: number, width: number): number[] {
  const crossings: number[] = []
  const corners = ring.length >> 1
  const fineX = (j: number) => Math.trunc(scale * ring[2 * (j % corners)] + 0.5)
  const fineY = (j: number) => Math.trunc(scale * ring[2 * (j % corners) + 1] + 0.5)
  let lastU = 0
  let lastV = 0
  let first = true
  const visit = (u: number, v: number) => {
    if (!first && u !== lastU) {
      const x = ((u < lastU ? u : u - 1) + 0.5) / scale - 0.5
      if (Number.isInteger(x) && x >= 0 && x <= width - 1) {
        const y = ((v < lastV ? v : lastV) + 0.5) / scale - 0.5
        crossings.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)))
      }
    }
    first = false
    lastU = u
    lastV = v
  }
  for (let j = 0; j < corners; j++) {
    let [x1, y1, x2, y2] = [fineX(j), fineY(j), fineX(j + 1), fineY(j + 1)]
    const dx = Math.abs(x2 - x1)
    const dy = Math.abs(y2 - y1)
    const flat = dx >= dy
    // Slopes are always taken from the smaller coordinate on, so that an edge walked back gives the same points.
    const flip = flat ? x1 > x2 : y1 > y2
    if (flip) [x1, y1, x2, y2] = [x2, y2, x1, y1]
    const length = flat ? dx : dy
    const slope = length === 0 ? 0 : flat ? (y2 - y1) / dx : (x2 - x1) / dy
    for (let d = 0; d <= length; d++) {
      const t = flip ? length - d : d
      if (flat) visit(t + x1, Math.trunc(y1 + slope * t + 0.5))
      else visit(Math.trunc(x1 + slope * t + 0.5), t + y1)
    }
  }
  return crossings
}
