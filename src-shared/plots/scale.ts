/** Round numbers along an axis. */
export interface Scale {
  low: number
  high: number
  ticks: number[]
}

/** Covers the values with steps of 1, 2 or 5 times a power of ten; without a range, half a unit around the value. */
export function niceScale(low: number, high: number, wanted = 5): Scale {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return niceScale(0, 1, wanted)
  if (low === high) return niceScale(low - 0.5, high + 0.5, wanted)
  const rough = (high - low) / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10)
  const first = Math.floor(low / step + 1e-9)
  const last = Math.ceil(high / step - 1e-9)
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
  return { low: ticks[0], high: ticks.at(-1)!, ticks }
}

/** 0.25, 1,200, 3e-5. */
export function tickText(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential().replace('+', '')
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 })
}
