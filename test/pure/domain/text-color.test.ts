import { describe, expect, it } from 'vitest'
import { textColor } from '@shared/domain/text-color'

describe('text on a colour', () => {
  it('is black on light colours and white on dark ones', () => {
    for (const light of ['#ffffff', '#f0e442', '#56b4e9', '#e69f00', '#ff0000'])
      expect(textColor(light)).toBe('#000000')
    for (const dark of ['#000000', '#7f3c8d', '#2c3e50', '#0000ff']) expect(textColor(dark)).toBe('#ffffff')
  })
  it('is white where the colour is not known', () => expect(textColor('var(--accent)')).toBe('#ffffff'))
})
