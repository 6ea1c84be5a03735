/**
 * Additive hue, saturation and value shift on packed RGB pixels, in OpenCV's 8-bit scales (H 0..180, S and V 0..255).
 * Works without leaving fixed point: with v the largest channel, d the spread and t_c = (v - c) / d, a channel of the
 * shifted colour is v' - s' v' / 255 * t_c(h'), and s' v' / 255 depends on (v, d) alone.
 */

const chromaBits = 16

export interface HsvShift {
  hue: number
  /** New value by old value. */
  value: Uint8Array
  /** s' v' / 255 in 16.16 fixed point at [v * 256 + d], divided by d where the hue stays. */
  chroma: Int32Array
  /** t of red, green and blue (bytes, 0..255) by hue in 1/256 sextants, already turned. */
  turned: Int32Array
}

const sextant = 256
const circle = 6 * sextant

/** t of red at a hue in sextants: 0 around 0 and 6, 1 around 3. Green and blue are the same, turned by 2 and 4. */
const fall = (h: number) => 1 - Math.min(Math.max(Math.abs((((h % 6) + 6) % 6) - 3) - 1, 0), 1)

const reciprocal = Int32Array.from({ length: 256 }, (_, d) => (d === 0 ? 0 : Math.round((sextant << 8) / d)))

/** Tables of one image's shift; `reuse` saves the allocation. */
export function prepareHsvShift(
  [hue, saturation, value]: readonly [number, number, number],
  reuse?: HsvShift,
): HsvShift {
  const out = reuse ?? {
    hue,
    value: new Uint8Array(256),
    chroma: new Int32Array(65536),
    turned: new Int32Array(circle),
  }
  out.hue = hue
  for (let v = 0; v < 256; v++) {
    const shifted = Math.min(Math.max(v + value, 0), 255)
    out.value[v] = shifted
    const perSpread = v === 0 ? 0 : 255 / v
    const perSaturation = (shifted / 255) * (1 << chromaBits)
    for (let d = 0; d <= v; d++) {
      const s = perSpread * d + saturation
      const chroma = (s < 0 ? 0 : s > 255 ? 255 : s) * perSaturation
      // Without a hue shift the product with (v - c) is taken directly, so the division by d is done here.
      out.chroma[(v << 8) | d] = (hue === 0 && d > 0 ? chroma / d : chroma) + 0.5
    }
  }
  if (hue !== 0) {
    for (let i = 0; i < circle; i++) {
      const h = i / sextant + hue / 30
      out.turned[i] =
        Math.round(fall(h) * 255) | (Math.round(fall(h - 2) * 255) << 8) | (Math.round(fall(h - 4) * 255) << 16)
    }
  }
  return out
}

/** Shifts `count` pixels in place. */
export function shiftHsv(pixels: Int32Array, count: number, shift: HsvShift): void {
  if (shift.hue === 0) shiftSaturationValue(pixels, count, shift)
  else shiftAll(pixels, count, shift)
}

function shiftSaturationValue(pixels: Int32Array, count: number, { value, chroma }: HsvShift): void {
  const half = 1 << (chromaBits - 1)
  for (let i = 0; i < count; i++) {
    const p = pixels[i]
    const r = p & 255
    const g = (p >> 8) & 255
    const b = (p >> 16) & 255
    const v = r > g ? (r > b ? r : b) : g > b ? g : b
    const m = r < g ? (r < b ? r : b) : g < b ? g : b
    const d = v - m
    const k = chroma[(v << 8) | d]
    const top = (value[v] << chromaBits) + half
    if (d === 0) {
      // Grey has hue 0 (red): saturation falls on green and blue.
      const low = (top - k) >> chromaBits
      pixels[i] = (top >> chromaBits) | (low << 8) | (low << 16)
    } else {
      const r2 = (top - Math.imul(v - r, k)) >> chromaBits
      const g2 = (top - Math.imul(v - g, k)) >> chromaBits
      const b2 = (top - Math.imul(v - b, k)) >> chromaBits
      pixels[i] = r2 | (g2 << 8) | (b2 << 16)
    }
  }
}

function shiftAll(pixels: Int32Array, count: number, { value, chroma, turned }: HsvShift): void {
  const half = 1 << (chromaBits - 1)
  for (let i = 0; i < count; i++) {
    const p = pixels[i]
    const r = p & 255
    const g = (p >> 8) & 255
    const b = (p >> 16) & 255
    const v = r > g ? (r > b ? r : b) : g > b ? g : b
    const m = r < g ? (r < b ? r : b) : g < b ? g : b
    const d = v - m
    const inv = reciprocal[d]
    let h =
      v === r
        ? (Math.imul(g - b, inv) + 128) >> 8
        : v === g
          ? 2 * sextant + ((Math.imul(b - r, inv) + 128) >> 8)
          : 4 * sextant + ((Math.imul(r - g, inv) + 128) >> 8)
    if (h < 0) h += circle
    const t = turned[h]
    // chroma * t / 255: t is spread to 0..256 so that the division is a shift.
    const k = chroma[(v << 8) | d] >> 8
    const top = (value[v] << chromaBits) + half
    const tr = t & 255
    const tg = (t >> 8) & 255
    const tb = t >> 16
    const r2 = (top - Math.imul(k, tr + (tr >> 7))) >> chromaBits
    const g2 = (top - Math.imul(k, tg + (tg >> 7))) >> chromaBits
    const b2 = (top - Math.imul(k, tb + (tb >> 7))) >> chromaBits
    pixels[i] = r2 | (g2 << 8) | (b2 << 16)
  }
}
