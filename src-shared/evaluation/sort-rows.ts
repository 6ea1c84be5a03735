/** Stable sorts of row numbers by key columns: counting sort for small integers, radix sort for scores. */

/** Row numbers 0..n-1. */
export function allRows(n: number): Int32Array {
  const rows = new Int32Array(n)
  for (let i = 0; i < n; i++) rows[i] = i
  return rows
}

/** Sorts `rows` by `keys[row]` in 0..`keyCount`-1, keeping the order of equal keys. Returns a new array. */
export function sortByKey(rows: Int32Array, keys: Int32Array, keyCount: number): Int32Array {
  const next = new Int32Array(keyCount + 1)
  for (let i = 0; i < rows.length; i++) next[keys[rows[i]] + 1]++
  for (let k = 0; k < keyCount; k++) next[k + 1] += next[k]
  const sorted = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) sorted[next[keys[rows[i]]]++] = rows[i]
  return sorted
}

/** Sorts `rows` by descending `scores[row]`, keeping the order of equal scores. Scores are finite. */
export function sortByScore(rows: Int32Array, scores: Float64Array | Float32Array): Int32Array {
  const n = rows.length
  // Below this the counters of the radix sort cost more than comparing.
  if (n < 2000) return Int32Array.from(Array.from(rows).sort((a, b) => scores[b] - scores[a]))
  // A double's bits, sign folded in, order like the double; their complement orders descending.
  const words = new Uint32Array(2)
  const asDouble = new Float64Array(words.buffer)
  words[0] = 1
  const low = asDouble[0] !== 0 && words[0] === 1 && new Uint8Array(words.buffer)[0] === 1 ? 0 : 1
  const high = 1 - low
  let lowKeys = new Uint32Array(n)
  let highKeys = new Uint32Array(n)
  let from = rows.slice()
  for (let i = 0; i < n; i++) {
    asDouble[0] = scores[rows[i]] + 0 // -0 becomes 0
    const negative = words[high] >>> 31 === 1
    lowKeys[i] = negative ? words[low] : ~words[low]
    highKeys[i] = negative ? words[high] : ~(words[high] | 0x80000000)
  }
  let to = new Int32Array(n)
  let lowTo = new Uint32Array(n)
  let highTo = new Uint32Array(n)
  const counts = new Int32Array(65537)
  for (let pass = 0; pass < 4; pass++) {
    const keys = pass < 2 ? lowKeys : highKeys
    const shift = pass % 2 === 0 ? 0 : 16
    counts.fill(0)
    for (let i = 0; i < n; i++) counts[((keys[i] >>> shift) & 0xffff) + 1]++
    // All rows share this digit (scores rounded to few bits do): nothing to move.
    if (n > 0 && counts[((keys[0] >>> shift) & 0xffff) + 1] === n) continue
    for (let k = 0; k < 65536; k++) counts[k + 1] += counts[k]
    for (let i = 0; i < n; i++) {
      const at = counts[(keys[i] >>> shift) & 0xffff]++
      to[at] = from[i]
      lowTo[at] = lowKeys[i]
      highTo[at] = highKeys[i]
    }
    ;[from, to] = [to, from]
    ;[lowKeys, lowTo] = [lowTo, lowKeys]
    ;[highKeys, highTo] = [highTo, highKeys]
  }
  return from
}
