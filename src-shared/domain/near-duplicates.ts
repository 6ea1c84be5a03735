export interface NearPair {
  a: number
  b: number
  /** Bits that differ. */
  distance: number
}

const bands = 5

/**
 * Pairs of 64-bit hashes (16 hex digits) at most 4 bits apart. Of five bands of a hash at least one is equal then, so
 * only hashes that share a band are compared. Hashes of all zeros or ones say nothing (blank images) and are left out.
 * @param limit pairs after which the search ends.
 */
export function nearPairs(hashes: readonly { id: number; hash: string }[], most = 4, limit = 100_000): NearPair[] {
  if (most >= bands) throw new RangeError(`At most ${bands - 1} bits are possible.`)
  const values = hashes
    .map(({ id, hash }) => ({ id, bits: BigInt(`0x${hash}`) }))
    .filter(({ bits }) => bits !== 0n && bits !== (1n << 64n) - 1n)
    .map(({ id, bits }) => ({ id, high: Number(bits >> 32n), low: Number(bits & 0xffffffffn) }))
  const found = new Map<string, NearPair>()
  const width = [13, 13, 13, 13, 12]
  for (let band = 0, shift = 0; band < bands; shift += width[band++]) {
    const groups = new Map<number, number[]>()
    values.forEach(({ high, low }, i) => {
      const key = bandOf(high, low, shift, width[band])
      const group = groups.get(key)
      if (group) group.push(i)
      else groups.set(key, [i])
    })
    for (const group of groups.values()) {
      for (let i = 0; i < group.length; i++) {
        for (let j = i + 1; j < group.length; j++) {
          const [x, y] = [values[group[i]], values[group[j]]]
          const distance = ones(x.high ^ y.high) + ones(x.low ^ y.low)
          if (distance > most) continue
          const [a, b] = x.id < y.id ? [x.id, y.id] : [y.id, x.id]
          found.set(`${a} ${b}`, { a, b, distance })
          if (found.size >= limit) return sorted(found)
        }
      }
    }
  }
  return sorted(found)
}

const sorted = (found: ReadonlyMap<string, NearPair>): NearPair[] =>
  [...found.values()].sort((x, y) => x.distance - y.distance || x.a - y.a || x.b - y.b)

/** `width` bits from bit `shift` on, counted from the lowest. */
function bandOf(high: number, low: number, shift: number, width: number): number {
  const mask = (1 << width) - 1
  if (shift >= 32) return (high >>> (shift - 32)) & mask
  if (shift + width <= 32) return (low >>> shift) & mask
  return ((low >>> shift) | (high << (32 - shift))) & mask
}

/** Number of bits set in the low 32. */
function ones(value: number): number {
  let x = value >>> 0
  x -= (x >>> 1) & 0x55555555
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return (((x + (x >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}
