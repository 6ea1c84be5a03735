/** What the air and the camera do to a finished picture: fog, light, lamps, rain, sensor noise. */
import type { Rng } from '@shared/base/rng'
import type { LightName } from './backdrop'
import type { Canvas, Color } from './painter'
import type { Light } from './pen'

export const weathers = ['clear', 'overcast', 'fog', 'rain'] as const
export type WeatherName = (typeof weathers)[number]

const grades: Record<LightName, Color> = {
  day: [1.02, 1, 0.97],
  dusk: [0.98, 0.8, 0.72],
  night: [0.46, 0.52, 0.66],
}

/** Fog by nearness, then the colour of the light, then lamps. In place. */
export function applyWeather(
  canvas: Canvas,
  rng: Rng,
  look: { light: LightName; weather: WeatherName; haze: Color; horizon: number },
  lamps: readonly Light[],
): void {
  const { width, height, rgb, near } = canvas
  const density = look.weather === 'fog' ? rng.uniform(0.28, 0.5) : look.weather === 'rain' ? 0.12 : 0.025
  const grade = grades[look.light]
  let last = -1
  let veil = 0
  for (let y = 0, i = 0; y < height; y++) {
    // Fog lies on the water: the sky clears upwards.
    const lift = y < look.horizon ? 0.35 + 0.65 * (y / look.horizon) : 1
    for (let x = 0; x < width; x++, i++) {
      // Nearness is the same along a row of water and over a whole object.
      if (near[i] !== last) veil = 1 - Math.exp(-density / ((last = near[i]) + 0.12))
      const f = veil * lift
      for (let c = 0; c < 3; c++) {
        const o = 3 * i + c
        rgb[o] = (rgb[o] + (look.haze[c] - rgb[o]) * f) * grade[c]
      }
    }
  }
  if (look.light !== 'day') for (const lamp of lamps) paintLamp(canvas, lamp, look.light === 'night' ? 1 : 0.55)
  if (look.weather === 'rain') paintRain(canvas, rng)
}

function paintLamp({ width, height, rgb }: Canvas, lamp: Light, strength: number): void {
  const reach = Math.ceil(lamp.radius * 3 + 1)
  for (let y = Math.max(0, Math.floor(lamp.y) - reach); y <= Math.min(height - 1, lamp.y + reach); y++) {
    for (let x = Math.max(0, Math.floor(lamp.x) - reach); x <= Math.min(width - 1, lamp.x + reach); x++) {
      const d = Math.hypot(x + 0.5 - lamp.x, y + 0.5 - lamp.y) / lamp.radius
      const glow = strength * (d < 1 ? 0.85 : 0.45 * Math.exp(-(d - 1) * 1.6))
      for (let c = 0; c < 3; c++) {
        const o = 3 * (y * width + x) + c
        rgb[o] += (lamp.color[c] - rgb[o]) * Math.min(1, glow)
      }
    }
  }
}

function paintRain({ width, height, rgb }: Canvas, rng: Rng): void {
  const slant = rng.uniform(-0.3, 0.3)
  const drops = Math.round(width * height * 0.0028)
  for (let k = 0; k < drops; k++) {
    const length = rng.int(5, 13)
    const x0 = rng.uniform(0, width)
    const y0 = rng.int(-10, height)
    const alpha = rng.uniform(0.08, 0.24)
    for (let j = 0; j < length; j++) {
      const x = Math.floor(x0 + slant * j)
      const y = y0 + j
      if (x < 0 || x >= width || y < 0 || y >= height) continue
      const o = 3 * (y * width + x)
      for (let c = 0; c < 3; c++) rgb[o + c] += (0.82 - rgb[o + c]) * alpha
    }
  }
}

/** 8-bit pixels with Gaussian sensor noise of standard deviation `sigma` in levels (0..255), rows of width * 3. */
export function developPicture({ rgb }: Canvas, rng: Rng, sigma: number): Uint8Array {
  const out = new Uint8Array(rgb.length)
  // A table of normal numbers, read from random places, is as good as fresh ones here and much cheaper.
  const table = Float32Array.from({ length: 4096 }, () => rng.normal())
  let at = 0
  for (let i = 0; i < rgb.length; i++) {
    if ((i & 1023) === 0) at = rng.int(0, 4095)
    const v = rgb[i] * 255 + (sigma > 0 ? table[(at + i * 7) & 4095] * sigma : 0) + 0.5
    out[i] = v < 0 ? 0 : v > 255 ? 255 : v
  }
  return out
}
