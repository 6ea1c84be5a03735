import { describe, expect, it } from 'vitest'
import { fillParts, stratifiedSplit } from '@shared/domain/stratified-split'

const shares = [0.8, 0.1, 0.1]
const divide = (classes: readonly (readonly number[])[], fixed?: number) => {
  const items = classes.map((classes, i) => ({ name: `${i}.jpg`, classes, ...(fixed === undefined ? {} : { part: fixed }) })) // prettier-ignore
  const parts = fillParts(items, stratifiedSplit(items, shares, 0), shares, 0)
  return { parts, counts: shares.map((_, part) => parts.filter((one) => one === part).length) }
}

describe('dividing little data', () => {
  it.each([
    [1, [1, 0, 0]],
    [2, [1, 1, 0]],
    [3, [2, 1, 0]],
    [5, [4, 1, 0]],
  ])('of %i images leaves one to choose weights by, where there are two', (count, expected) => {
    expect(divide(Array.from({ length: count }, () => [0])).counts).toEqual(expected)
  })

  it('of many classes with two images each keeps every class among those that are learned', () => {
    const classes = Array.from({ length: 240 }, (_, i) => [i >> 1])
    const { parts, counts } = divide(classes)
    expect(counts).toEqual([192, 24, 24])
    expect(new Set(classes.filter((_, i) => parts[i] === 0).map(([c]) => c)).size).toBe(120)
  })

  it('of many classes with one image each measures on a tenth all the same', () => {
    expect(divide(Array.from({ length: 100 }, (_, i) => [i])).counts).toEqual([80, 10, 10])
  })

  it('leaves alone what has its part, and what is divided well', () => {
    expect(divide(Array.from({ length: 40 }, () => [0]), 0).counts).toEqual([40, 0, 0]) // prettier-ignore
    const items = Array.from({ length: 100 }, (_, i) => ({ name: `${i}`, classes: [i % 3] }))
    const parts = stratifiedSplit(items, shares, 0)
    expect(fillParts(items, parts, shares, 0)).toEqual(parts)
  })
})
