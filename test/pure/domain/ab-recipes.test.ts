import { describe, expect, it } from 'vitest'
import { modelInfo } from '@shared/catalog/model-info'
import { abRecipes } from '@shared/domain/ab-recipes'

const surgery = [{ id: 'se', after: 'dark4' }]

describe('An A/B run', () => {
  it('is the recipe without its blocks, and the recipe', () => {
    const recipe = { seed: 3, epochs: 5, model: { id: 'yolox-s', surgery } }
    expect(abRecipes(recipe)).toEqual({ a: { seed: 3, epochs: 5, model: { id: 'yolox-s' } }, b: recipe })
    expect(recipe.model.surgery).toBe(surgery)
    expect(abRecipes({ model: { surgery } }).a).toEqual({})
  })

  it('needs blocks', () => {
    for (const recipe of [{}, { model: { surgery: [] } }])
      expect(() => abRecipes(recipe)).toThrow(expect.objectContaining({ code: 'bad-recipe' }))
  })
})

describe('What a block costs', () => {
  it('is told in parameters and multiplications', () => {
    const [before, after] = [modelInfo('yolox-nano', 3, 320), modelInfo('yolox-nano', 3, 320, {}, surgery)]
    // SE of 128 channels: two layers to 8 and back with biases, and the gains.
    expect(after.parameters - before.parameters).toBe(2 * 128 * 8 + 8 + 128 + 128)
    expect((after.gmacs - before.gmacs) * 1e9).toBeCloseTo(2 * 128 * 8, 0)
    const [up] = [
      modelInfo('yolox-nano', 3, 320, {}, [{ id: 'transposed-conv', after: 'dark5', stride: 1, kernel: 3 }]),
    ]
    // Every cell of the 10 x 10 map paints 256 patches of 3 x 3 from 256 channels.
    expect((up.gmacs - before.gmacs) * 1e9).toBeCloseTo(100 * 256 * 256 * 9, -3)
  })
})
