/** Which frames of a video become images. Frames count from 0. */

/** Every `stride`-th frame. */
export function strideFrames(frames: number, stride: number): number[] {
  const step = Math.max(1, Math.round(stride))
  return Array.from({ length: Math.ceil(frames / step) }, (_, i) => i * step)
}

/** One frame every `seconds`, of a video with `rate` frames a second. */
export function timedFrames(frames: number, rate: number, seconds: number): number[] {
  const step = Math.max(1, seconds * rate)
  return Array.from({ length: Math.ceil(frames / step) }, (_, i) => Math.round(i * step)).filter((one) => one < frames)
}

/** Bits in which two 64-bit difference hashes differ. */
export function hashDistance(a: bigint, b: bigint): number {
  let [bits, count] = [a ^ b, 0]
  for (; bits; bits &= bits - 1n) count++
  return count
}

/** The 64-bit difference hash (dHash) of 9 x 8 grey pixels: a bit for each one that is darker than its right neighbour. */
export function differenceBits(grey: ArrayLike<number>): bigint {
  let bits = 0n
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 8; x++) bits = (bits << 1n) | (grey[y * 9 + x] < grey[y * 9 + x + 1] ? 1n : 0n)
  return bits
}

/**
 * Positions of the `count` hashes that differ most: the first, then always the one that is farthest from all that were
 * taken (Gonzalez 1985, farthest-first traversal), of equals the earlier. Fewer when the rest equal taken ones.
 * Ascending.
 */
export function pickDifferent(hashes: readonly bigint[], count: number): number[] {
  if (hashes.length === 0 || count < 1) return []
  const taken = [0]
  const distance = hashes.map((hash) => hashDistance(hash, hashes[0]))
  while (taken.length < count) {
    let best = 0
    for (let i = 1; i < hashes.length; i++) if (distance[i] > distance[best]) best = i
    if (distance[best] === 0) break
    taken.push(best)
    for (let i = 0; i < hashes.length; i++) distance[i] = Math.min(distance[i], hashDistance(hashes[i], hashes[best]))
  }
  return taken.sort((a, b) => a - b)
}
