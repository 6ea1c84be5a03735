/**
 * The three places where COCO's numbers depend on how NumPy computes: `linspace`, the order in which `sum` adds, and
 * the rounding of Python's `{:.3f}`. Each is reproduced to the last bit.
 */

/** `count` doubles from `start` to `stop`, both included: k * step + start, the last one forced to `stop`. */
export function linspace(start: number, stop: number, count: number): Float64Array {
  const values = new Float64Array(count)
  const step = (stop - start) / (count - 1)
  for (let k = 0; k < count; k++) values[k] = k * step + start
  if (count > 1) values[count - 1] = stop
  return values
}

/** NumPy's pairwise summation: eight partial sums per block of at most 128 values, blocks halved recursively. */
export function pairwiseSum(values: ArrayLike<number>, from = 0, count = values.length - from): number {
  if (count < 8) {
    let sum = 0
    for (let i = from; i < from + count; i++) sum += values[i]
    return sum
  }
  if (count > 128) {
    let half = Math.floor(count / 2)
    half -= half % 8
    return pairwiseSum(values, from, half) + pairwiseSum(values, from + half, count - half)
  }
  let a = values[from]
  let b = values[from + 1]
  let c = values[from + 2]
  let d = values[from + 3]
  let e = values[from + 4]
  let f = values[from + 5]
  let g = values[from + 6]
  let h = values[from + 7]
  const whole = count - (count % 8)
  for (let i = from + 8; i < from + whole; i += 8) {
    a += values[i]
    b += values[i + 1]
    c += values[i + 2]
    d += values[i + 3]
    e += values[i + 4]
    f += values[i + 5]
    g += values[i + 6]
    h += values[i + 7]
  }
  let sum = a + b + (c + d) + (e + f + (g + h))
  for (let i = from + whole; i < from + count; i++) sum += values[i]
  return sum
}

/**
 * `numpy.mean`; NaN for no values. NumPy up to 2.2 reduces through a buffer of 8192 values, one pairwise sum each; the
 * published numbers come from there. NumPy 2.4 sums without the buffer (`buffer` = Infinity), which can move the last
 * bit of a mean over more than 8192 values.
 */
export function mean(values: ArrayLike<number>, count = values.length, buffer = 8192): number {
  let sum = 0
  for (let from = 0; from < count; from += buffer) sum += pairwiseSum(values, from, Math.min(buffer, count - from))
  return sum / count
}

/** Python's `{:.3f}`: ties go to the even digit, where JavaScript's toFixed takes the larger one. */
export function formatThreeDigits(value: number): string {
  // A double lies exactly between two 3-digit decimals only when it is an odd multiple of 1/16.
  const sixteenths = value * 16
  if (!Number.isInteger(sixteenths) || sixteenths % 2 === 0) return value.toFixed(3)
  const below = Math.floor(Math.abs(value) * 1000)
  const rounded = below % 2 === 0 ? below : below + 1
  return (value < 0 ? '-' : '') + (rounded / 1000).toFixed(3)
}
