import { expect, it } from 'vitest'
import { labelColor, palette } from '@shared/domain/label'

it('80 classes get 80 colours, the first of them from the palette', () => {
  const colors = Array.from({ length: 80 }, (_, index) => labelColor(index))
  expect(new Set(colors).size).toBe(80)
  expect(colors.slice(0, palette.length)).toEqual(palette)
  expect(colors.every((color) => /^#[0-9a-f]{6}$/.test(color))).toBe(true)
  expect(labelColor(80)).toBe(palette[0])
})
