/** matrix * block or, with `turned`, block * matrix transposed; all n x n from an offset, rows after each other. */
export type MultiplyBlock = (
  matrix: Float64Array,
  from: Float64Array,
  fromAt: number,
  to: Float64Array,
  toAt: number,
) => void

/** Two multiplications that together apply `matrix` to the columns and the rows of a block. */
export function blockMultiplier(n: number): { columns: MultiplyBlock; rows: MultiplyBlock } {
  return n === 8
    ? { columns: (m, from, a, to, b) => multiply8(m, from, a, 8, to, b, 1), rows: multiplyRows8 }
    : { columns: (m, from, a, to, b) => multiply(m, n, from, a, n, 1, to, b), rows: (m, from, a, to, b) => multiply(m, n, from, a, 1, n, to, b) } // prettier-ignore
}

const multiplyRows8: MultiplyBlock = (m, from, a, to, b) => multiply8(m, from, a, 1, to, b, 8)

/** The vectors of `step` distant values, eight of them; one vector in registers at a time. */
function multiply8(
  m: Float64Array,
  from: Float64Array,
  fromAt: number,
  step: number,
  to: Float64Array,
  toAt: number,
  next: number,
): void {
  for (let v = 0; v < 8; v++) {
    const at = fromAt + v * next
    const a = from[at]
    const b = from[at + step]
    const c = from[at + 2 * step]
    const d = from[at + 3 * step]
    const e = from[at + 4 * step]
    const f = from[at + 5 * step]
    const g = from[at + 6 * step]
    const h = from[at + 7 * step]
    let target = toAt + v * next
    for (let k = 0; k < 64; k += 8) {
      to[target] =
        m[k] * a +
        m[k + 1] * b +
        m[k + 2] * c +
        m[k + 3] * d +
        m[k + 4] * e +
        m[k + 5] * f +
        m[k + 6] * g +
        m[k + 7] * h
      target += step
    }
  }
}

function multiply(
  m: Float64Array,
  n: number,
  from: Float64Array,
  fromAt: number,
  step: number,
  next: number,
  to: Float64Array,
  toAt: number,
): void {
  for (let v = 0; v < n; v++) {
    for (let k = 0; k < n; k++) {
      let sum = 0
      for (let i = 0; i < n; i++) sum += m[k * n + i] * from[fromAt + v * next + i * step]
      to[toAt + v * next + k * step] = sum
    }
  }
}
