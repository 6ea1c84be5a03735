import { describe, expect, it } from 'vitest'
import { fillWords } from '@shared/base/fill-words'

describe('fillWords', () => {
  it('puts values into their places, and leaves those without one', () => {
    expect(fillWords('{label} has {objects} objects, {most}.', { label: 'a {most}', objects: 3 })).toBe(
      'a {most} has 3 objects, {most}.',
    )
  })
  it('chooses between one and many', () => {
    const images = 'Only {images} {images|image is|images are} there.'
    expect(fillWords(images, { images: 1 })).toBe('Only 1 image is there.')
    expect(fillWords(images, { images: 0 })).toBe('Only 0 images are there.')
  })
  it('names up to five of a list', () => {
    expect(fillWords('{labels}.', { labels: ['a', 'b'] })).toBe('a, b.')
    expect(fillWords('{labels}.', { labels: [...'abcdefg'] })).toBe('a, b, c, d, e and 2 more.')
  })
})
