/** A small software painter: anti-aliased polygons with textured fills, and for each pixel who painted it last. */
import type { Point } from '@shared/domain/geometry'

export type Color = readonly [r: number, g: number, b: number]

/** Writes the colour of the pixel (x, y) into `out`, 0..1 per channel. */
export type Shade = (x: number, y: number, out: Float32Array) => void

export interface Canvas {
  width: number
  height: number
  /** 0..1, rows of width * 3; may exceed 1 before grading. */
  rgb: Float32Array
  /** Object that a pixel belongs to; 0 is scenery. A pixel belongs to what covers at least half of it. */
  owner: Uint8Array
  /** Nearness of a pixel, 0 (horizon) to 1 (foreground): fog reads it. */
  near: Float32Array
}

export const createCanvas = (width: number, height: number): Canvas => ({
  width,
  height,
  rgb: new Float32Array(width * height * 3),
  owner: new Uint8Array(width * height),
  near: new Float32Array(width * height),
})

export const flat =
  ([r, g, b]: Color): Shade =>
  (_x, _y, out) => {
    out[0] = r
    out[1] = g
    out[2] = b
  }

export const mix = (a: Color, b: Color, t: number): Color => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
]

export const times = (c: Color, k: number): Color => [c[0] * k, c[1] * k, c[2] * k]

/** Sub-scanlines per pixel row; horizontally coverage is exact. */
const lines = 4

/**
 * Fills a closed ring by the even-odd rule.
 * @param id owner of the pixels; null leaves owner and nearness as they are (foam, reflections, lights).
 */
export function fillPolygon(
  canvas: Canvas,
  ring: readonly Point[],
  shade: Shade,
  paint: { id: number | null; near: number; alpha?: number },
): void {
  const { width, height, rgb, owner, near } = canvas
  let top = Infinity
  let bottom = -Infinity
  for (const [, y] of ring) {
    if (y < top) top = y
    if (y > bottom) bottom = y
  }
  const first = Math.max(0, Math.floor(top))
  const last = Math.min(height - 1, Math.ceil(bottom) - 1)
  const alpha = paint.alpha ?? 1
  const coverage = new Float32Array(width)
  const color = new Float32Array(3)
  const crossings: number[] = []
  for (let y = first; y <= last; y++) {
    let from = width
    let to = 0
    for (let line = 0; line < lines; line++) {
      const at = y + (line + 0.5) / lines
      crossings.length = 0
      for (let i = 0; i < ring.length; i++) {
        const [x1, y1] = ring[i]
        const [x2, y2] = ring[i + 1 === ring.length ? 0 : i + 1]
        if (y1 <= at !== y2 <= at) crossings.push(x1 + ((at - y1) / (y2 - y1)) * (x2 - x1))
      }
      crossings.sort((a, b) => a - b)
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        const a = Math.max(0, crossings[i])
        const b = Math.min(width, crossings[i + 1])
        if (b <= a) continue
        const left = Math.floor(a)
        const right = Math.min(width - 1, Math.ceil(b) - 1)
        from = Math.min(from, left)
        to = Math.max(to, right + 1)
        if (left === right) coverage[left] += b - a
        else {
          coverage[left] += left + 1 - a
          for (let x = left + 1; x < right; x++) coverage[x] += 1
          coverage[right] += b - right
        }
      }
    }
    for (let x = from; x < to; x++) {
      const covered = coverage[x] / lines
      coverage[x] = 0
      if (covered <= 0) continue
      const i = y * width + x
      const k = covered * alpha
      shade(x, y, color)
      for (let c = 0; c < 3; c++) rgb[3 * i + c] += (color[c] - rgb[3 * i + c]) * k
      if (paint.id !== null && covered >= 0.45) {
        owner[i] = paint.id
        near[i] = paint.near
      }
    }
  }
}

/** The ring of a line of this thickness. */
export function lineRing([x1, y1]: Point, [x2, y2]: Point, thickness: number): Point[] {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1
  const dx = ((y2 - y1) / length) * (thickness / 2)
  const dy = ((x1 - x2) / length) * (thickness / 2)
  return [
    [x1 + dx, y1 + dy],
    [x2 + dx, y2 + dy],
    [x2 - dx, y2 - dy],
    [x1 - dx, y1 - dy],
  ]
}

export const ellipseRing = (cx: number, cy: number, rx: number, ry: number, corners = 20): Point[] =>
  Array.from({ length: corners }, (_, i): Point => {
    const t = (i / corners) * 2 * Math.PI
    return [cx + rx * Math.cos(t), cy + ry * Math.sin(t)]
  })

/** Fractal value noise that repeats every `side` cells, 0..1: read by bilinear look-up, so it costs little. */
export interface Noise {
  at(x: number, y: number): number
}

const side = 256

export function createNoise(next: () => number): Noise {
  const table = new Float32Array(side * side)
  for (let octave = 0, weight = 0.5; octave < 5; octave++, weight /= 2) {
    const cells = 8 << octave
    const lattice = Float32Array.from({ length: cells * cells }, next)
    for (let y = 0; y < side; y++) {
      const v = (y / side) * cells
      const y0 = Math.floor(v)
      const fy = smooth(v - y0)
      for (let x = 0; x < side; x++) {
        const u = (x / side) * cells
        const x0 = Math.floor(u)
        const fx = smooth(u - x0)
        const x1 = (x0 + 1) % cells
        const y1 = (y0 + 1) % cells
        const top = lattice[y0 * cells + x0] * (1 - fx) + lattice[y0 * cells + x1] * fx
        const low = lattice[y1 * cells + x0] * (1 - fx) + lattice[y1 * cells + x1] * fx
        table[y * side + x] += weight * (top * (1 - fy) + low * fy)
      }
    }
  }
  return {
    at(x, y) {
      const x0 = Math.floor(x)
      const y0 = Math.floor(y)
      const fx = x - x0
      const fy = y - y0
      const a = (y0 & 255) * side
      const b = ((y0 + 1) & 255) * side
      const l = x0 & 255
      const r = (x0 + 1) & 255
      return (
        (table[a + l] * (1 - fx) + table[a + r] * fx) * (1 - fy) + (table[b + l] * (1 - fx) + table[b + r] * fx) * fy
      )
    },
  }
}

const smooth = (t: number) => t * t * (3 - 2 * t)
