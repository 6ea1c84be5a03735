/** Small orthogonal and biorthogonal transforms as matrices, row after row. */

/** Orthonormal DCT-II of `n` points. */
export function dctMatrix(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [k, i] = [Math.floor(at / n), at % n]
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (2 * i + 1) * k) / (2 * n))
  })
}

/** Analysis low-pass filter of the 1.5 spline wavelet: Cohen, Daubechies, Feauveau 1992; its high-pass is Haar's. */
const bior15LowPass = [3, -3, -22, 22, 128, 128, 22, -22, -3, 3].map((tap) => (tap / 256) * Math.SQRT2)

/**
 * The full dyadic 1.5 biorthogonal wavelet decomposition of `n` points (a power of two), continued periodically. Rows are
 * scaled to length 1, so that white noise keeps its deviation in every coefficient.
 */
export function bior15Matrix(n: number): Float64Array {
  const matrix = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    let low = Array.from({ length: n }, (_, j) => Number(i === j))
    for (let length = n; length > 1; length /= 2) {
      const half = length / 2
      const next: number[] = []
      for (let k = 0; k < half; k++) {
        let sum = 0
        for (let tap = 0; tap < 10; tap++) sum += bior15LowPass[tap] * low[(2 * k + tap - 4 + 4 * length) % length]
        next.push(sum)
        matrix[(half + k) * n + i] = (low[2 * k + 1] - low[2 * k]) * Math.SQRT1_2
      }
      low = next
    }
    matrix[i] = low[0]
  }
  for (let row = 0; row < n; row++) {
    let square = 0
    for (let i = 0; i < n; i++) square += matrix[row * n + i] ** 2
    for (let i = 0; i < n; i++) matrix[row * n + i] /= Math.sqrt(square)
  }
  return matrix
}

/** Gauss-Jordan with row exchanges. @throws Error for a singular matrix. */
export function invertMatrix(matrix: Float64Array, n: number): Float64Array {
  const a = matrix.slice()
  const inverse = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0))
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(a[row * n + column]) > Math.abs(a[pivot * n + column])) pivot = row
    }
    const value = a[pivot * n + column]
    if (Math.abs(value) < 1e-12) throw new Error('The matrix has no inverse.')
    for (let i = 0; i < n; i++) {
      for (const m of [a, inverse]) {
        const held = m[pivot * n + i]
        m[pivot * n + i] = m[column * n + i]
        m[column * n + i] = held / value
      }
    }
    for (let row = 0; row < n; row++) {
      const factor = a[row * n + column]
      if (row === column || factor === 0) continue
      for (let i = 0; i < n; i++) {
        a[row * n + i] -= factor * a[column * n + i]
        inverse[row * n + i] -= factor * inverse[column * n + i]
      }
    }
  }
  return inverse
}

/** n x n Kaiser window. */
export function kaiserWindow(n: number, beta: number): Float64Array {
  const line = Float64Array.from({ length: n }, (_, i) =>
    n === 1 ? 1 : bessel(beta * Math.sqrt(1 - ((2 * i) / (n - 1) - 1) ** 2)) / bessel(beta),
  )
  return Float64Array.from({ length: n * n }, (_, at) => line[Math.floor(at / n)] * line[at % n])
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
  let [sum, term] = [1, 1]
  for (let k = 1; term > sum * 1e-16; k++) {
    term *= (x / 2 / k) ** 2
    sum += term
  }
  return sum
}

/** Orthonormal Haar transform along `count` (a power of two) vectors of `length` values that follow each other, in place. */
export function haarForward(vectors: Float32Array, count: number, length: number, spare: Float32Array): void {
  for (let n = count; n > 1; n /= 2) {
    const half = n / 2
    for (let k = 0; k < half; k++) {
      const even = 2 * k * length
      const odd = even + length
      const [low, high] = [k * length, (half + k) * length]
      for (let i = 0; i < length; i++) {
        const [a, b] = [vectors[even + i], vectors[odd + i]]
        spare[low + i] = (a + b) * Math.SQRT1_2
        spare[high + i] = (a - b) * Math.SQRT1_2
      }
    }
    vectors.set(spare.subarray(0, n * length))
  }
}

/** Undoes {@link haarForward}. */
export function haarInverse(vectors: Float32Array, count: number, length: number, spare: Float32Array): void {
  for (let n = 2; n <= count; n *= 2) {
    const half = n / 2
    for (let k = 0; k < half; k++) {
      const even = 2 * k * length
      const odd = even + length
      const [low, high] = [k * length, (half + k) * length]
      for (let i = 0; i < length; i++) {
        const [a, b] = [vectors[low + i], vectors[high + i]]
        spare[even + i] = (a + b) * Math.SQRT1_2
        spare[odd + i] = (a - b) * Math.SQRT1_2
      }
    }
    vectors.set(spare.subarray(0, n * length))
  }
}
