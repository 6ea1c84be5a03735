/** IEEE 754 binary16 without a native type: conversions to and from its bits. */

const scratch = new Float32Array(1)
const bits = new Uint32Array(scratch.buffer)
/** Largest finite number. */
export const maxFloat16 = 65504

/** Nearest float16, ties to even; beyond its range the largest finite number, so that no weight becomes infinite. */
export function toFloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  scratch[0] = Math.min(Math.max(value, -maxFloat16), maxFloat16)
  const sign = (bits[0] >>> 16) & 0x8000
  const magnitude = bits[0] & 0x7fffffff
  // Below the smallest normal number: adding 0.5 (float32) rounds the mantissa to multiples of 2^-24.
  if (magnitude < 0x38800000) {
    scratch[0] = Math.abs(scratch[0]) + 0.5
    return sign | (bits[0] - 0x3f000000)
  }
  const odd = (magnitude >>> 13) & 1
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13)
}

export function fromFloat16Bits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 31
  const mantissa = half & 1023
  if (exponent === 31) return mantissa ? NaN : sign * Infinity
  if (exponent === 0) return sign * mantissa * 2 ** -24
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15)
}

export const toFloat16 = (values: Float32Array): Uint16Array<ArrayBuffer> => {
  const out = new Uint16Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = toFloat16Bits(values[i])
  return out
}
export const fromFloat16 = (halves: Uint16Array): Float32Array<ArrayBuffer> => {
  const out = new Float32Array(halves.length)
  for (let i = 0; i < out.length; i++) out[i] = fromFloat16Bits(halves[i])
  return out
}
