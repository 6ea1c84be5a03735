import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nms, type NmsOptions } from '@shared/evaluation/nms'
import { rng } from '@shared/base/rng'

interface Candidate {
  box: number[]
  score: number
  label: number
}

/** Suppression as defined, all pairs, one class after another. */
function bruteForce(candidates: Candidate[], { iou, maxDet = Infinity }: NmsOptions): number[] {
  const area = ([x1, y1, x2, y2]: number[]) => (x2 - x1) * (y2 - y1)
  const overlap = (a: number[], b: number[]) => {
    const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
    const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
    return w > 0 && h > 0 ? (w * h) / (area(a) + area(b) - w * h) : 0
  }
  const order = candidates.map((_, i) => i).sort((a, b) => candidates[b].score - candidates[a].score)
  const kept: number[] = []
  for (const i of order) {
    const rivals = kept.filter((k) => candidates[k].label === candidates[i].label)
    if (!rivals.some((k) => overlap(candidates[k].box, candidates[i].box) > iou)) kept.push(i)
  }
  return kept.slice(0, maxDet)
}

const run = (candidates: Candidate[], options: NmsOptions) =>
  Array.from(
    nms(
      Float64Array.from(candidates.flatMap((one) => one.box)),
      Float64Array.from(candidates.map((one) => one.score)),
      candidates.map((one) => one.label),
      options,
    ),
  )

const side = fc.integer({ min: 0, max: 12 })
const candidate = fc
  .tuple(side, side, side, side, fc.integer({ min: -2, max: 8 }), fc.integer({ min: 0, max: 3 }))
  .map(([x, y, w, h, score, label]): Candidate => ({ box: [x, y, x + w, y + h], score: score / 8, label }))

describe('nms', () => {
  test('equals the definition, for any boxes, ties and limits', () => {
    fc.assert(
      fc.property(
        fc.array(candidate, { maxLength: 60 }),
        fc.constantFrom(0, 0.25, 0.45, 0.5, 1),
        fc.constantFrom(1, 5, Infinity),
        (candidates, iou, maxDet) => {
          expect(run(candidates, { iou, maxDet })).toEqual(bruteForce(candidates, { iou, maxDet }))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('so does the radix sort behind it, with thousands of candidates', () => {
    const random = rng('nms', 1)
    const candidates = Array.from({ length: 3000 }, (): Candidate => {
      const [x, y] = [random.uniform(0, 600), random.uniform(0, 600)]
      const box = [x, y, x + random.uniform(5, 90), y + random.uniform(5, 90)]
      const score = random.chance(0.5) ? random.int(-20, 20) / 20 : random.uniform(-1, 1)
      return { box, score, label: random.int(0, 4) }
    })
    expect(run(candidates, { iou: 0.45, maxDet: Infinity })).toEqual(bruteForce(candidates, { iou: 0.45 }))
  })

  test('an IoU equal to the limit does not suppress', () => {
    const pair = [
      { box: [0, 0, 2, 2], score: 0.9, label: 0 },
      { box: [0, 0, 2, 1], score: 0.8, label: 0 },
    ]
    expect(run(pair, { iou: 0.5 })).toEqual([0, 1])
    expect(run(pair, { iou: 0.49 })).toEqual([0])
  })

  test('classes do not meet, unless there are none', () => {
    const boxes = Float32Array.from([0, 0, 9, 9, 0, 0, 9, 9])
    const scores = Float32Array.from([0.5, 0.6])
    expect(Array.from(nms(boxes, scores, [0, 1], { iou: 0.5 }))).toEqual([1, 0])
    expect(Array.from(nms(boxes, scores, null, { iou: 0.5 }))).toEqual([1])
  })

  test('only the best candidates above the score are looked at', () => {
    const row = (score: number, x: number) => ({ box: [x, 0, x + 1, 1], score, label: 0 })
    const candidates = [row(0.2, 0), row(0.9, 10), row(0.5, 20), row(0.1, 30)]
    expect(run(candidates, { iou: 0.5, maxCandidates: 2 })).toEqual([1, 2])
    expect(run(candidates, { iou: 0.5, minScore: 0.1 })).toEqual([1, 2, 0])
    expect(run([], { iou: 0.5 })).toEqual([])
  })
})
