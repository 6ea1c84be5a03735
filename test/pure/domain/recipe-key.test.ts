import { describe, expect, it } from 'vitest'
import { deleteRecipeKey, getRecipeKey, setRecipeKey } from '@shared/domain/recipe-key'

describe('recipe keys', () => {
  it('write and read a place that was not there', () => {
    const tree = {}
    setRecipeKey(tree, 'optimizer.lr', 0.002)
    expect(tree).toEqual({ optimizer: { lr: 0.002 } })
    expect(getRecipeKey(tree, 'optimizer.lr')).toBe(0.002)
    expect(getRecipeKey(tree, 'optimizer.lr.deeper')).toBeUndefined()
    expect(getRecipeKey(tree, 'toString')).toBeUndefined()
  })
  it('leave nothing empty behind', () => {
    const tree = { averages: { ema: { tau: 3 } }, epochs: 4 }
    deleteRecipeKey(tree, 'averages.ema.tau')
    deleteRecipeKey(tree, 'no.such')
    expect(tree).toEqual({ epochs: 4 })
  })
  it('refuse what no recipe can hold', () => {
    expect(() => setRecipeKey({}, '__proto__.x', 1)).toThrow(/no key "__proto__\.x"/)
    expect(() => setRecipeKey({ augment: 'auto' }, 'augment.flip.p', 1)).toThrow(/"augment" holds "auto"/)
  })
})
