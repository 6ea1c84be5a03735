/** Draws one object in its own coordinates: origin at the waterline, x towards the bow, y up, unit = its length. */
import type { Point } from '@shared/domain/geometry'
import type { Rng } from '@shared/base/rng'
import { ellipseRing, fillPolygon, lineRing, type Canvas, type Color, type Noise, type Shade } from './painter'

export interface Light {
  x: number
  y: number
  /** Pixels. */
  radius: number
  color: Color
}

export interface Pen {
  rng: Rng
  /** Length in pixels of the unit. */
  unit: number
  /** Local point to pixels. */
  toPixel(p: Point): Point
  poly(ring: readonly Point[], color: Color, texture?: number): void
  rect(x1: number, y1: number, x2: number, y2: number, color: Color, texture?: number): void
  ellipse(x: number, y: number, rx: number, ry: number, color: Color): void
  /** `width` in units, at least `floor` pixels (default 1.1) so that masts do not vanish. */
  line(a: Point, b: Point, width: number, color: Color, floor?: number): void
  /** A lamp or lit window, seen at dusk and night. */
  light(p: Point, radius: number, color: Color): void
  lights: Light[]
}

export function createPen(
  canvas: Canvas,
  noise: Noise,
  rng: Rng,
  place: { id: number; x: number; y: number; unit: number; facing: 1 | -1; roll: number; near: number; sun: number },
): Pen {
  const { id, near, unit } = place
  const c = Math.cos(place.roll)
  const s = Math.sin(place.roll)
  const lights: Light[] = []
  const toPixel = ([x, y]: Point): Point => {
    const px = place.facing * (x * c - y * s)
    const py = x * s + y * c
    return [place.x + unit * px, place.y - unit * py]
  }
  const offset = rng.uniform(0, 200)
  const grain = 60 / Math.max(unit, 20)
  // Weather and paint: noise in the object's own coordinates, brighter towards the sun, darker towards the water.
  const textured =
    (color: Color, strength: number): Shade =>
    (x, y, out) => {
      const u = (x - place.x) * grain * 2 + offset
      const v = (y - place.y) * grain * 3 + offset
      const patch = noise.at(u, v) - 0.5
      const streak = noise.at(u * 3, v * 0.4 + 77) - 0.5
      const height = Math.min(1, Math.max(0, (place.y - y) / (unit * 0.5)))
      const side = (place.sun * (x - place.x)) / unit
      const k = 0.9 + 0.1 * height + 0.14 * side + strength * (patch + 0.6 * streak)
      out[0] = color[0] * k
      out[1] = color[1] * k
      out[2] = color[2] * k
    }
  const fill = (ring: readonly Point[], color: Color, texture = 0.35) =>
    fillPolygon(canvas, ring.map(toPixel), textured(color, texture), { id, near })
  return {
    rng,
    unit,
    toPixel,
    lights,
    poly: fill,
    rect: (x1, y1, x2, y2, color, texture) =>
      fill(
        [
          [x1, y1],
          [x2, y1],
          [x2, y2],
          [x1, y2],
        ],
        color,
        texture,
      ),
    ellipse: (x, y, rx, ry, color) => fill(ellipseRing(x, y, rx, ry), color),
    line(a, b, width, color, floor = 1.1) {
      const ring = lineRing(toPixel(a), toPixel(b), Math.max(width * unit, floor))
      fillPolygon(canvas, ring, textured(color, 0.1), { id, near })
    },
    light(p, radius, color) {
      const [x, y] = toPixel(p)
      lights.push({ x, y, radius: Math.max(0.7, radius * unit), color })
    },
  }
}
