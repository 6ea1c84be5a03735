import fc from 'fast-check'
import { expect, it } from 'vitest'
import { naturalKey } from '@shared/base/natural-key'

const sorted = (names: string[]) =>
  names.toSorted((a, b) => (naturalKey(a) < naturalKey(b) ? -1 : naturalKey(a) > naturalKey(b) ? 1 : 0))

it('puts numbers in order of their value, whatever the letter case and leading zeros', () => {
  const order = [
    'a',
    'IMG_2.jpg',
    'img_010.jpg',
    'Img_100.jpg',
    'img_100b.jpg',
    'img_12345678901.jpg',
    'img_a.jpg',
    'z',
  ]
  expect(sorted(order.toReversed())).toEqual(order)
})

it('orders any two numbers by value', () => {
  const number = fc.bigInt({ min: 0n, max: 10n ** 40n })
  fc.assert(
    fc.property(number, number, (a, b) => {
      const [x, y] = [naturalKey(`f${a}.png`), naturalKey(`f${b}.png`)]
      expect(x < y).toBe(a < b)
      expect(x === y).toBe(a === b)
    }),
  )
})

it('does not tell composed from decomposed letters', () => {
  expect(naturalKey('Ü1'.normalize('NFD'))).toBe(naturalKey('ü01'))
})
