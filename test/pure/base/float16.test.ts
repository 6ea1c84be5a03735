import { expect, test } from 'vitest'
import { fromFloat16Bits, toFloat16Bits } from '@shared/base/float16'

test('every float16 comes back', () => {
  for (let half = 0; half < 0x10000; half++) {
    const value = fromFloat16Bits(half)
    // Infinities are clamped, and one NaN stands for all.
    if (Number.isFinite(value)) expect(toFloat16Bits(value)).toBe(half)
  }
})

test('a number between two goes to the nearer one, in the middle to the even one', () => {
  for (let half = 0; half < 0x7bff; half++) {
    const [low, high] = [fromFloat16Bits(half), fromFloat16Bits(half + 1)]
    const middle = (low + high) / 2
    expect(toFloat16Bits(middle)).toBe(half % 2 === 0 ? half : half + 1)
    expect(toFloat16Bits(low + (high - low) * 0.49)).toBe(half)
    expect(toFloat16Bits(-(low + (high - low) * 0.51))).toBe((half + 1) | 0x8000)
  }
})

test('what is out of range becomes the largest number, not infinite', () => {
  expect(fromFloat16Bits(toFloat16Bits(1e9))).toBe(65504)
  expect(fromFloat16Bits(toFloat16Bits(-Infinity))).toBe(-65504)
  expect(fromFloat16Bits(toFloat16Bits(NaN))).toBeNaN()
})
