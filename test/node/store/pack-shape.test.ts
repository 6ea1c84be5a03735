import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Shape } from '@shared/domain/annotation'
import { packShape } from '../../../src-main/store/pack-shape'

test('outlines are stored as JSON writes them', () => {
  const number = fc.oneof(
    fc.integer({ min: -1000, max: 2_000_000 }).map((n) => n / 100),
    fc.integer({ min: -10, max: 100_000_000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 0.1 + 0.2, 1e21, 1e-7, 9_999_999.99, 10_000_000.01),
  )
  const ring = fc.array(fc.tuple(number, number), { minLength: 3, maxLength: 6 })
  fc.assert(
    fc.property(fc.array(ring, { minLength: 1, maxLength: 3 }), (rings) => {
      const shape: Shape = { kind: 'polygon', rings }
      expect(packShape(shape).shape).toBe(JSON.stringify(shape))
    }),
    { numRuns: 500 },
  )
})
