import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { Detection } from '@shared/domain/detection'
import { nearPairs } from '@shared/domain/near-duplicates'
import { suggestSlice } from '@shared/domain/suggest-slice'
import { mergeDetections, mergeOptionsFor, type MergeOptions } from '@shared/evaluation/merge-detections'

const one = (score: number, box: [number, number, number, number], label = 0): Detection => ({ label, score, box })
const options = (change: Partial<MergeOptions> = {}): MergeOptions => ({
  merge: 'greedy-nmm',
  metric: 'ios',
  threshold: 0.5,
  ...change,
})

describe('detections of overlapping slices', () => {
  const halves = [one(0.9, [0, 0, 60, 100]), one(0.8, [50, 0, 100, 100]), one(0.7, [10, 10, 50, 90])]

  it('become one per object: the union of what matches, with the best score and never across classes', () => {
    expect(mergeDetections([one(0.9, [0, 0, 60, 10]), one(0.8, [20, 0, 100, 10])], options())).toEqual([
      one(0.9, [0, 0, 100, 10]),
    ])
    // 10 of 50 columns are shared: less than half of the smaller box.
    expect(mergeDetections(halves, options())).toEqual([one(0.9, [0, 0, 60, 100]), one(0.8, [50, 0, 100, 100])])
    expect(mergeDetections([one(0.9, [0, 0, 10, 10]), one(0.8, [0, 0, 10, 10], 1)], options())).toHaveLength(2)
  })

  it('follow chains only where they are asked to', () => {
    const chain = [one(0.9, [0, 0, 10, 10]), one(0.8, [5, 0, 15, 10]), one(0.7, [10, 0, 20, 10])]
    expect(mergeDetections(chain, options())).toEqual([one(0.9, [0, 0, 15, 10]), one(0.7, [10, 0, 20, 10])])
    expect(mergeDetections(chain, options({ merge: 'nmm' }))).toEqual([one(0.9, [0, 0, 20, 10])])
    expect(mergeDetections(chain, options({ merge: 'nms' }))).toEqual([chain[0], chain[2]])
    expect(mergeDetections(chain, options({ metric: 'iou' }))).toEqual(chain)
  })

  it('match at exactly the threshold', () => {
    const pair = [one(0.9, [0, 0, 10, 10]), one(0.8, [5, 0, 15, 10])]
    expect(mergeDetections(pair, options({ threshold: 0.5 }))).toHaveLength(1)
    expect(mergeDetections(pair, options({ threshold: 0.5001 }))).toHaveLength(2)
  })

  it('do not depend on the order in which they come, and keep at most what is asked', () => {
    const detection = fc
      .tuple(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(20),
        fc.nat(20),
        fc.integer({ min: 1, max: 20 }),
      )
      .map(([label, score, x, y, side]) => one(score / 4, [x, y, x + side, y + side], label))
    fc.assert(
      fc.property(
        fc.array(detection, { maxLength: 12 }),
        fc.constantFrom('greedy-nmm', 'nmm', 'nms'),
        (list, merge) => {
          const made = mergeDetections(list, options({ merge }))
          expect(mergeDetections([...list].reverse(), options({ merge }))).toEqual(made)
          expect(mergeDetections(list, options({ merge }), 2)).toEqual(made.slice(0, 2))
          expect(made.map(({ score }) => score)).toEqual(made.map(({ score }) => score).sort((a, b) => b - a))
        },
      ),
    )
  })

  it('are only suppressed where the confidence lets thousands through', () => {
    expect(mergeOptionsFor(options(), 0.25)).toEqual(options())
    expect(mergeOptionsFor(options(), 0.001)).toEqual(options({ merge: 'nms', metric: 'iou' }))
  })
})

describe('the suggested slice', () => {
  it('shows small objects about 32 px large and is a multiple of 32', () => {
    expect(suggestSlice([], 640)).toBe(512)
    expect(suggestSlice(Array<number>(100).fill(16), 640)).toBe(320)
    expect(suggestSlice(Array<number>(100).fill(4), 320)).toBe(128)
    expect(suggestSlice([...Array<number>(50).fill(16), ...Array<number>(50).fill(80)], 320)).toBe(416)
    expect(suggestSlice(Array<number>(100).fill(300), 640)).toBe(1024)
  })
})

describe('near duplicates', () => {
  it('are all pairs within four bits, as by comparing each with each', () => {
    const bits = (text: string) => text.padStart(16, '0')
    const base = 0x123456789abcdef0n
    const flip = (value: bigint, ...at: number[]) => at.reduce((v, bit) => v ^ (1n << BigInt(bit)), value)
    const hashes = [base, flip(base, 0), flip(base, 1, 31, 32, 63), flip(base, 1, 2, 3, 4, 5), 0n, 0n, ~base & ((1n << 64n) - 1n)]
      .map((value, i) => ({ id: i + 1, hash: bits(value.toString(16)) })) // prettier-ignore
    expect(nearPairs(hashes)).toEqual([
      { a: 1, b: 2, distance: 1 },
      { a: 1, b: 3, distance: 4 },
    ])
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt({ min: 1n, max: (1n << 64n) - 2n }), fc.array(fc.nat(63), { maxLength: 5 })), {
          maxLength: 8,
        }),
        (list) => {
          const all = list
            .flatMap(([value, at]) => [value, flip(value, ...at)])
            .map((value, i) => ({ id: i + 1, value }))
          const usable = all.filter(({ value }) => value !== 0n && value !== (1n << 64n) - 1n)
          const wanted = usable.flatMap((x, i) =>
            usable.slice(i + 1).flatMap((y) => {
              const distance = (x.value ^ y.value).toString(2).replaceAll('0', '').length
              return distance <= 4 ? [`${x.id} ${y.id} ${distance}`] : []
            }),
          )
          const found = nearPairs(all.map(({ id, value }) => ({ id, hash: bits(value.toString(16)) })))
          expect(found.map(({ a, b, distance }) => `${a} ${b} ${distance}`).sort()).toEqual(wanted.sort())
        },
      ),
    )
  })
})
