import { expect, it } from 'vitest'
import { formatSeconds } from '../../../src-renderer/ui/format'

it('tells durations in whole parts that carry over', () => {
  expect([0.24, 9.4, 42, 59.7, 119.8, 819, 3599.8, 7_384].map(formatSeconds)).toEqual([
    '0.2 s',
    '9.4 s',
    '42 s',
    '1 min 0 s',
    '2 min 0 s',
    '13 min 39 s',
    '1 h 0 min',
    '2 h 3 min',
  ])
})
