import { expect, it } from 'vitest'
import { isBetterScore } from '@shared/domain/score'

const score = (numbers: Record<string, number>) => ({ epoch: 1, step: 10, ...numbers })

it('is decided by the first number that differs: at AP 0 the points that come nearer count', () => {
  const early = score({ AP: 0, AP50: 0, PCK: 0.02 })
  expect(isBetterScore(score({ AP: 0, AP50: 0, PCK: 0.13 }), early)).toBe(true)
  expect(isBetterScore(score({ AP: 0, AP50: 0.1, PCK: 0 }), early)).toBe(true)
  expect(isBetterScore(score({ AP: 0, AP50: 0, PCK: 0.01 }), early)).toBe(false)
  // The deciding number alone where it differs, and nothing is better than its equal: the earlier one stays.
  expect(isBetterScore(score({ AP: 0.2, AP50: 0.1 }), score({ AP: 0.1, AP50: 0.9 }))).toBe(true)
  expect(isBetterScore({ ...early, step: 20 }, early)).toBe(false)
  // One lucky detection is no reason to prefer a model whose points are far off.
  const [lucky, learned] = [score({ AP: 0.0004, AP50: 0.004, PCK: 0.02 }), score({ AP: 0, AP50: 0, PCK: 0.15 })]
  expect([isBetterScore(learned, lucky), isBetterScore(lucky, learned)]).toEqual([true, false])
  // Nothing found at all: the one that learned longer.
  const [none, later] = [score({ AP: 0, AP50: 0 }), { ...score({ AP: 0, AP50: 0 }), step: 20 }]
  expect([isBetterScore(later, none), isBetterScore(none, later)]).toEqual([true, false])
})
