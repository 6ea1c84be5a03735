import { expect, it } from 'vitest'
import { suggestSize } from '@shared/domain/suggest-size'

const square = (side: number) => ({ width: side, height: side })

it('Side of a classifier: small images are not enlarged, large ones are seen at 224 px', () => {
  expect(suggestSize([square(150)])).toBe(160)
  expect(suggestSize([square(160)])).toBe(160)
  expect(suggestSize([{ width: 4000, height: 3000 }])).toBe(224)
  expect(suggestSize([{ width: 40, height: 90 }, square(1000), square(91)])).toBe(96)
  expect(suggestSize([square(28)])).toBe(64)
  expect(suggestSize([])).toBe(224)
})
