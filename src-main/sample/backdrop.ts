/** Sky, far shore and water: scenery without annotations. */
import type { Point } from '@shared/domain/geometry'
import type { Rng } from '@shared/base/rng'
import { fillPolygon, mix, times, type Canvas, type Color, type Noise } from './painter'

export const lights = ['day', 'dusk', 'night'] as const
export type LightName = (typeof lights)[number]

interface Palette {
  zenith: Color
  horizon: Color
  cloud: Color
  deep: Color
  shore: Color
  sun: Color
}

const palettes: Record<LightName, Palette[]> = {
  day: [
    {
      zenith: [0.25, 0.5, 0.82],
      horizon: [0.78, 0.88, 0.95],
      cloud: [0.97, 0.97, 0.97],
      deep: [0.07, 0.25, 0.36],
      shore: [0.3, 0.42, 0.33],
      sun: [1, 0.98, 0.9],
    },
    {
      zenith: [0.48, 0.56, 0.64],
      horizon: [0.8, 0.83, 0.85],
      cloud: [0.7, 0.72, 0.75],
      deep: [0.17, 0.27, 0.3],
      shore: [0.33, 0.39, 0.36],
      sun: [0.95, 0.95, 0.93],
    },
  ],
  dusk: [
    {
      zenith: [0.3, 0.34, 0.6],
      horizon: [1, 0.66, 0.38],
      cloud: [0.98, 0.58, 0.45],
      deep: [0.14, 0.16, 0.3],
      shore: [0.27, 0.23, 0.3],
      sun: [1, 0.85, 0.5],
    },
  ],
  night: [
    {
      zenith: [0.1, 0.15, 0.36],
      horizon: [0.3, 0.38, 0.62],
      cloud: [0.3, 0.34, 0.5],
      deep: [0.05, 0.1, 0.2],
      shore: [0.12, 0.15, 0.22],
      sun: [0.9, 0.92, 1],
    },
  ],
}

export interface Backdrop {
  horizon: number
  /** Horizontal position of sun or moon, -1..1: which side of things is lit. */
  sun: number
  haze: Color
}

/** Paints all scenery on an empty canvas. */
export function paintBackdrop(canvas: Canvas, noise: Noise, rng: Rng, light: LightName, overcast: boolean): Backdrop {
  const { width, height, rgb, near } = canvas
  const palette = palettes[light][light === 'day' && overcast ? 1 : 0]
  const horizon = Math.round(height * rng.uniform(0.3, 0.42))
  const sunX = rng.uniform(0.1, 0.9) * width
  const sunY = horizon * (light === 'dusk' ? rng.uniform(0.75, 0.95) : rng.uniform(0.15, 0.5))
  const drift = rng.uniform(0, 256)
  const cloudiness = overcast ? 0.36 : rng.uniform(0.42, 0.6)
  const sunSize = light === 'night' ? 7 : 10
  const showSun = !overcast
  const halo = light === 'dusk' ? 90 : 45

  for (let y = 0; y < horizon; y++) {
    const t = y / horizon
    const sky = mix(palette.zenith, palette.horizon, t ** 1.4)
    // Clouds grow flatter and finer towards the horizon.
    const depth = 1 / (1.15 - t)
    for (let x = 0; x < width; x++) {
      const n = noise.at(drift + (x - width / 2) * 0.18 * depth, drift + 60 * depth)
      const cover = Math.min(1, Math.max(0, (n - cloudiness) * 5)) * (0.85 - 0.5 * t)
      const shade = 0.86 + 0.28 * noise.at(drift + x * 0.3, y * 0.5 + 40)
      const d = Math.hypot(x - sunX, (y - sunY) * 1.1)
      const glow = showSun && d < 5 * halo ? 0.5 * Math.exp(-d / halo) : 0
      const disc = showSun ? Math.min(1, Math.max(0, sunSize - d)) : 0
      const i = 3 * (y * width + x)
      for (let c = 0; c < 3; c++) {
        let v = sky[c] + (palette.cloud[c] * shade - sky[c]) * cover
        v += (palette.sun[c] - v) * Math.max(glow, disc * (1 - 0.6 * cover))
        rgb[i + c] = v
      }
    }
  }

  const chop = rng.uniform(0.7, 1.3)
  const brightness = light === 'night' ? 0.35 : 1
  for (let y = horizon; y < height; y++) {
    const t = (y - horizon + 0.5) / (height - horizon)
    // Wave size follows perspective: the water plane is sampled, not the screen.
    const far = 1 / (t + 0.05)
    const base = mix(times(palette.horizon, 0.8), palette.deep, 0.3 + 0.7 * t ** 0.6)
    for (let x = 0; x < width; x++) {
      const u = (x - width / 2) * far * 0.16 + drift
      const swell = noise.at(u, far * 26 + drift * 2)
      const ripple = noise.at(u * 4 + 31, far * 90)
      const fine = noise.at(x * 2.3 + far * 7, y * 5.1 + swell * 9)
      const wave = (swell - 0.5) * 0.8 + (ripple - 0.5) * 0.8 + (fine - 0.5) * 0.5 * t
      const glint = showSun
        ? Math.max(0, ripple + swell - 0.95) *
          3.2 *
          Math.exp(-Math.abs(x - sunX) / (20 + 90 * t)) *
          (light === 'day' ? 0.7 : 1)
        : 0
      const foam = Math.max(0, swell * 0.7 + fine * 0.9 - 1.0) * 2 * t * brightness
      const i = y * width + x
      near[i] = t
      for (let c = 0; c < 3; c++) {
        const v = base[c] * (1 + wave * 0.55 * chop)
        rgb[3 * i + c] = v + glint * palette.sun[c] * 0.6 + foam * 0.35
      }
    }
  }
  paintShore(canvas, noise, rng, horizon, palette.shore, palette.horizon, light)
  return { horizon, sun: (sunX / width - 0.5) * 2, haze: mix(palette.horizon, [0.8, 0.82, 0.84], 0.5) }
}

/** One or two ranges of hills and, often, a town in front of them. */
function paintShore(
  canvas: Canvas,
  noise: Noise,
  rng: Rng,
  horizon: number,
  color: Color,
  haze: Color,
  light: LightName,
): void {
  const { width } = canvas
  const ranges = rng.int(1, 2)
  for (let k = 0; k < ranges; k++) {
    const tall = rng.uniform(8, 26) * (k ? 0.6 : 1)
    const from = rng.uniform(-0.5, 0.5) * width
    const to = from + rng.uniform(0.5, 1.3) * width
    const seed = rng.uniform(0, 256)
    const ring: Point[] = [[from, horizon + 0.5]]
    for (let x = from; x <= to; x += 5) {
      const edge = Math.min(1, (x - from) / 60, (to - x) / 60)
      ring.push([x, horizon - edge * tall * (0.3 + noise.at(seed + x * 0.09, seed + k * 50))])
    }
    ring.push([to, horizon + 0.5])
    const tone = mix(color, haze, 0.35 - 0.2 * k)
    fillPolygon(
      canvas,
      ring,
      (x, y, out) => {
        const g = 0.8 + 0.45 * noise.at(x * 0.9, y * 1.3 + seed)
        out[0] = tone[0] * g
        out[1] = tone[1] * g
        out[2] = tone[2] * g
      },
      { id: null, near: 0 },
    )
  }
  if (!rng.chance(0.6)) return
  const from = rng.uniform(0, 0.6) * width
  const to = from + rng.uniform(0.2, 0.5) * width
  for (let x = from; x < to;) {
    const w = rng.uniform(5, 15)
    const h = rng.uniform(4, 17)
    const wall = mix(times([0.72, 0.66, 0.6], rng.uniform(0.6, 1)), haze, 0.35)
    const lit = light === 'night' ? 1.6 : 0.78
    fillPolygon(
      canvas,
      [
        [x, horizon + 0.5],
        [x, horizon - h],
        [x + w, horizon - h],
        [x + w, horizon + 0.5],
      ],
      (px, py, out) => {
        const pane = Math.floor(px) % 3 === 1 && Math.floor(py) % 3 === 1
        const on = pane && noise.at(px * 7.3, py * 5.1) > 0.5
        for (let c = 0; c < 3; c++) out[c] = wall[c] * (light === 'night' ? 0.5 : 1) * (on ? lit * (1.1 - 0.3 * c) : 1)
      },
      { id: null, near: 0 },
    )
    x += w + rng.uniform(0, 3)
  }
}

/** Stones under a lighthouse, painted just before it. */
export function paintRock(
  canvas: Canvas,
  noise: Noise,
  rng: Rng,
  x: number,
  y: number,
  size: number,
  near: number,
): void {
  const ring: Point[] = []
  const corners = 18
  const seed = rng.uniform(0, 200)
  for (let i = 0; i <= corners; i++) {
    const t = i / corners
    const bulge = Math.sin(Math.PI * t) ** 0.7
    ring.push([
      x + (t - 0.5) * size * 2.2,
      y + size * 0.16 - bulge * size * (0.3 + 0.16 * noise.at(seed + i * 9, seed)),
    ])
  }
  fillPolygon(
    canvas,
    ring,
    (px, py, out) => {
      const g = 0.3 + 0.55 * noise.at(px * 1.6 + seed, py * 2.2) + 0.12 * noise.at(px * 6, py * 6)
      out[0] = g * 0.92
      out[1] = g * 0.86
      out[2] = g * 0.78
    },
    { id: 0, near },
  )
}

/** A stone quay along the bottom of the picture, for the railing. */
export function paintQuay(canvas: Canvas, noise: Noise, rng: Rng, top: number): void {
  const { width, height } = canvas
  const tone = rng.uniform(0.42, 0.6)
  const tilt = rng.uniform(-4, 4)
  fillPolygon(
    canvas,
    [
      [-1, top - tilt],
      [width + 1, top + tilt],
      [width + 1, height + 1],
      [-1, height + 1],
    ],
    (x, y, out) => {
      const joint =
        Math.floor(x / 34 + (Math.floor((y - top) / 13) % 2) * 0.5) !==
        Math.floor((x - 1.4) / 34 + (Math.floor((y - top) / 13) % 2) * 0.5)
      const seam = joint || (y - top) % 13 < 1.2
      const g = tone * (0.78 + 0.44 * noise.at(x * 1.8, y * 1.8)) * (seam ? 0.72 : 1)
      out[0] = g * 1.02
      out[1] = g
      out[2] = g * 0.95
    },
    { id: 0, near: 1 },
  )
}
