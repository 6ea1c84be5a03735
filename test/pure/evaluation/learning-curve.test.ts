/** Learning curves: known ones are found again, ranges hold what they promise, and what is not known is said to be so. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { adviseLabels, describeAdvice, measureCurve, type ClassCurve } from '@shared/evaluation/label-advice'
import { fitLearningCurve, predictGain, predictRun, predictScore } from '@shared/evaluation/learning-curve'

const amounts = [25, 50, 100, 200]
const law = ({ top, loss, rate }: { top: number; loss: number; rate: number }, n: number) =>
  top - loss * (n / 200) ** -rate
/** Each amount so many times, with noise that grows as draws of fewer images do. */
function measured(of: Parameters<typeof law>[0], { noise = 0, draws = 2, seed = 1, at = amounts } = {}) {
  const random = rng(seed)
  return at.flatMap((n) =>
    Array.from({ length: draws }, (_, draw) => ({
      n,
      draw,
      score: law(of, n) + noise * Math.sqrt(200 / n) * random.normal(),
    })),
  )
}

describe('fitLearningCurve', () => {
  it('finds known curves again', () => {
    for (const rate of [0.2, 0.5, 1])
      for (const loss of [0.02, 0.1, 0.2]) {
        const of = { top: 0.7, loss, rate }
        const curve = fitLearningCurve(measured(of, { draws: 4 }))!
        expect(curve.at).toBe(200)
        expect(predictScore(curve, 200).middle).toBeCloseTo(law(of, 200), 1)
        const gain = predictGain(curve, 200, 200)
        const truth = law(of, 400) - law(of, 200)
        expect(Math.abs(gain.middle - truth)).toBeLessThan(0.02)
        expect(gain.low).toBeLessThanOrEqual(truth + 0.005)
        expect(gain.high).toBeGreaterThanOrEqual(truth - 0.005)
      }
  })

  it('says a range that holds the true gain about as often as it promises', () => {
    let [held, tooHigh] = [0, 0]
    const trials = 150
    for (let seed = 0; seed < trials; seed++) {
      const random = rng(seed, 'truth')
      const of = { top: random.uniform(0.5, 0.9), loss: random.uniform(0.03, 0.2), rate: 0.5 * Math.exp(0.6 * random.normal()) } // prettier-ignore
      const curve = fitLearningCurve(measured(of, { noise: 0.015, seed }), { seed, draws: 100 })!
      const truth = law(of, 400) - law(of, 200)
      const { low, high } = predictGain(curve, 200, 200)
      if (low <= truth && truth <= high) held++
      if (truth < low) tooHigh++
    }
    expect(held / trials).toBeGreaterThan(0.7)
    expect(held / trials).toBeLessThan(0.97)
    expect(tooHigh / trials).toBeLessThan(0.2)
  })

  it('expects nothing of a score that does not rise', () => {
    const flat = fitLearningCurve(amounts.map((n) => ({ n, score: 0.6 })))!
    expect(predictGain(flat, 200, 100).middle).toBeLessThan(0.004)
    expect(predictScore(flat, 300).middle).toBeCloseTo(0.6, 1)
    const falling = fitLearningCurve(amounts.map((n, i) => ({ n, score: 0.6 - 0.05 * i })))!
    expect(predictGain(falling, 200, 100)).toEqual({ middle: 0, low: 0, high: expect.closeTo(0, 2) as number })
  })

  it('never expects harm, nor a score above 1, and more of more labels', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = rng(seed, 'any')
      const curve = fitLearningCurve(amounts.map((n) => ({ n, score: random.next() })), { seed, draws: 40 })! // prettier-ignore
      for (const n of [200, 1000, 1e6]) expect(predictScore(curve, n).high).toBeLessThanOrEqual(1)
      const [few, many] = [predictGain(curve, 200, 10), predictGain(curve, 200, 100)]
      for (const key of ['low', 'middle', 'high'] as const) {
        expect(few[key]).toBeGreaterThanOrEqual(-1e-12)
        expect(many[key]).toBeGreaterThanOrEqual(few[key] - 1e-12)
      }
    }
  })

  it('is surer with more draws, and less sure when other evaluation images say otherwise', () => {
    const of = { top: 0.7, loss: 0.1, rate: 0.5 }
    const width = (points: Parameters<typeof fitLearningCurve>[0]) => {
      const { low, high } = predictGain(fitLearningCurve(points)!, 200, 200)
      return high - low
    }
    const clean = measured(of, { draws: 1 })
    expect(width(measured(of, { draws: 8 }))).toBeLessThan(width(clean))
    const random = rng(3)
    const shaken = clean.map((point) => ({ ...point, resampled: Array.from({ length: 50 }, () => point.score + 0.08 * random.normal()) })) // prettier-ignore
    expect(width(shaken)).toBeGreaterThan(width(clean))
  })

  it('wants three amounts, and takes no amount of nothing', () => {
    expect(fitLearningCurve([])).toBeNull()
    expect(fitLearningCurve([{ n: 0, score: 0 }, { n: 50, score: 0.4 }, { n: 100, score: 0.5 }])).toBeNull() // prettier-ignore
    expect(fitLearningCurve([{ n: 100, score: 0.4 }, { n: 100, score: 0.5 }, { n: 50, score: 0.5 }])).toBeNull() // prettier-ignore
  })
})

describe('measureCurve', () => {
  const many = { objects: 200, images: 150, truths: 60 }
  it('checks itself on the largest part', () => {
    const { check, curve, now } = measureCurve(measured({ top: 0.7, loss: 0.1, rate: 0.5 }), many)
    expect(curve).not.toBeNull()
    expect(now).toBeCloseTo(0.6)
    expect(check!.measured).toBeCloseTo(0.6)
    expect(check!.predicted.low).toBeLessThan(0.6)
    expect(check!.predicted.high).toBeGreaterThan(0.58)
    const smaller = measured({ top: 0.7, loss: 0.1, rate: 0.5 }).filter(({ n }) => n < 200)
    expect(check!.predicted).toEqual(predictRun(fitLearningCurve(smaller, { assumed: Math.hypot(0.015, 0.15 / Math.sqrt(60)) })!, 200)) // prettier-ignore
    // Measured on fewer objects, it is less sure.
    const few = measureCurve(measured({ top: 0.7, loss: 0.1, rate: 0.5 }), { ...many, truths: 6 }).check!.predicted
    expect(few.high - few.low).toBeGreaterThan(1.5 * (check!.predicted.high - check!.predicted.low))
  })

  it('says why nothing can be said', () => {
    const rising = measured({ top: 0.7, loss: 0.1, rate: 0.5 })
    const reasonOf = (...given: Parameters<typeof measureCurve>) => {
      const { reason, curve } = measureCurve(...given)
      expect(curve === null).toBe(reason !== null)
      return reason
    }
    expect(reasonOf(rising, many)).toBeNull()
    expect(reasonOf(rising, { ...many, objects: 11 })).toBe('few-objects')
    expect(reasonOf(rising, { ...many, truths: 4 })).toBe('few-truths')
    expect(reasonOf(rising.map((one) => ({ ...one, score: 0.004 })), many)).toBe('not-learned') // prettier-ignore
    expect(reasonOf(rising.filter(({ n }) => n >= 100), many)).toBe('few-amounts') // prettier-ignore
    expect(reasonOf([], { objects: 0, images: 0, truths: 9 })).toBe('few-objects')
  })
})

describe('adviseLabels', () => {
  const many = { objects: 200, images: 100, truths: 60 }
  const curveOf = (label: string, loss: number, more: object = {}): ClassCurve => ({ label, ...measureCurve(measured({ top: 0.8, loss, rate: 0.5 }), { ...many, ...more }) }) // prettier-ignore
  const overall = measureCurve(measured({ top: 0.7, loss: 0.1, rate: 0.5 }), many)

  it('puts what gains most first, and what cannot be told last', () => {
    const advice = adviseLabels({ overall, classes: [curveOf('rare', 0.1, { objects: 3 }), curveOf('good', 0.01), curveOf('poor', 0.3)] }, 50) // prettier-ignore
    expect(advice.classes.map(({ label }) => label)).toEqual(['poor', 'good', 'rare'])
    expect(advice.next).toBe('poor')
    const [poor, , rare] = advice.classes
    expect(poor.images).toBe(25)
    expect(poor.gain!.middle).toBeGreaterThan(0.01)
    expect(rare).toMatchObject({ gain: null, reason: 'few-objects' })
    expect(describeAdvice(poor, 50)).toMatch(
      /^50 more poor: about \+\d+(\.\d)? AP \(\d+(\.\d)? to \d+(\.\d)?\), from 50 with 200\.$/,
    )
    expect(describeAdvice(rare, 50)).toBe(
      'rare: nothing can be said from 3; 12 are needed. Label 9 more, then ask again.',
    )
    expect(describeAdvice(advice.overall, 50)).toContain('50 more images: about +')
  })

  it('names no class when none gains much', () => {
    const flat = measureCurve(
      amounts.flatMap((n) => [0, 1, 2, 3].map((draw) => ({ n, draw, score: 0.9 }))),
      many,
    )
    expect(adviseLabels({ overall, classes: [{ label: 'a', ...flat }] }, 10).next).toBeNull()
    expect(adviseLabels({ overall, classes: [] }, 10).next).toBeNull()
  })
})
