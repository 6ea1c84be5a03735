import { describe, expect, it } from 'vitest'
import { differenceBits, hashDistance, pickDifferent, strideFrames, timedFrames } from '@shared/domain/pick-frames'

describe('frames by a rule', () => {
  it('are every n-th, from the first', () => {
    expect(strideFrames(10, 4)).toEqual([0, 4, 8])
    expect(strideFrames(8, 4)).toEqual([0, 4])
    expect(strideFrames(3, 0)).toEqual([0, 1, 2])
  })
  it('are one every so many seconds, also where a step is no whole frame', () => {
    expect(timedFrames(100, 29.97, 1)).toEqual([0, 30, 60, 90])
    expect(timedFrames(10, 10, 0.25)).toEqual([0, 3, 5, 8])
    expect(timedFrames(3, 25, 0.001)).toEqual([0, 1, 2])
  })
})

describe('frames that differ', () => {
  it('have hashes bit by bit: darker than the right neighbour', () => {
    const rising = Array.from({ length: 72 }, (_, i) => i % 9)
    expect(differenceBits(rising)).toBe(2n ** 64n - 1n)
    expect(differenceBits(rising.toReversed())).toBe(0n)
    // One bit: the last pair of the last row.
    expect(differenceBits([...Array<number>(71).fill(5), 6])).toBe(1n)
    expect(hashDistance(0b1011n, 0b1101n)).toBe(2)
  })
  it('are taken farthest first, and no two alike', () => {
    const hashes = [0b0000n, 0b0001n, 0b1111n, 0b1110n, 0b0000n]
    expect(pickDifferent(hashes, 2)).toEqual([0, 2])
    expect(pickDifferent(hashes, 4)).toEqual([0, 1, 2, 3])
    expect(pickDifferent(hashes, 5)).toEqual([0, 1, 2, 3])
    expect(pickDifferent([], 3)).toEqual([])
    expect(pickDifferent([7n], 3)).toEqual([0])
  })
})
