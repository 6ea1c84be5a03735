/** Seeded pseudo-random numbers: the same seed gives the same sequence on every machine. */

export interface Rng {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number
  /** Uniform integer in [low, high], both ends included. */
  int(low: number, high: number): number
  /** Standard normal (Box-Muller). */
  normal(): number
  /** True with probability `p`. */
  chance(p: number): boolean
  /** Fisher-Yates in place; returns the same array. */
  shuffle<T>(items: T[]): T[]
  /** Four 32-bit words, enough to continue the sequence with {@link rngFromState}. */
  state(): [number, number, number, number]
}

/** Mixes any number of integers and strings into one 32-bit seed (murmur3 finaliser over FNV-1a). */
export function hashSeed(...parts: (number | string)[]): number {
  let h = 0x811c9dc5
  const eat = (byte: number) => {
    h = Math.imul(h ^ byte, 0x01000193)
  }
  for (const part of parts) {
    const text = typeof part === 'number' ? `#${part}` : `$${part}`
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      eat(unit & 0xff)
      eat(unit >>> 8)
    }
    eat(0x1f)
  }
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A generator seeded by any mix of integers and strings, e.g. `rng(seed, epoch, sampleId)`. */
export function rng(...seed: (number | string)[]): Rng {
  // splitmix32 spreads the one seed over the four words of xoshiro128**.
  let x = hashSeed(...seed)
  const word = () => {
    x = (x + 0x9e3779b9) | 0
    let z = x
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  return rngFromState([word(), word(), word(), word()])
}

/** Continues a sequence from {@link Rng.state}. Algorithm: xoshiro128** (Blackman and Vigna 2018). */
export function rngFromState(state: readonly number[]): Rng {
  let [a, b, c, d] = state.map((word) => word | 0)
  const rotl = (v: number, k: number) => (v << k) | (v >>> (32 - k))
  const bits = () => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9)
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotl(d, 11)
    return result >>> 0
  }
  // 53 bits as in Math.random: two draws.
  const next = () => ((bits() >>> 5) * 67108864 + (bits() >>> 6)) / 9007199254740992
  const self: Rng = {
    next,
    uniform: (low, high) => low + (high - low) * next(),
    int: (low, high) => low + Math.floor(next() * (high - low + 1)),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    chance: (p) => next() < p,
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1))
        ;[items[i], items[j]] = [items[j], items[i]]
      }
      return items
    },
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  }
  return self
}
