import { describe, expect, it } from 'vitest'
import { checkRecipe } from '@shared/catalog/check-recipe'
import { modelInfo } from '@shared/catalog/model-info'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { presetsOf } from '@shared/catalog/presets'
import { augmentForms, recipeForm } from '@shared/catalog/recipe-form'
import { restorationLosses } from '@shared/catalog/restoration-losses'
import { schedules } from '@shared/catalog/schedules'
import { tasks } from '@shared/catalog/tasks'
import { recipeFieldSchema } from '@shared/contract/training'
import { diffRecipes } from '@shared/domain/diff-recipes'
import { parseRecipe } from '@shared/domain/recipe'
import { taskIds, type TaskId } from '@shared/domain/task'
import { recipeCommand } from '@shared/domain/recipe-command'

const keysOf = (tree: object, path = ''): string[] =>
  Object.entries(tree).flatMap(([key, value]) => {
    const full = path ? `${path}.${key}` : key
    const isTree = value !== null && typeof value === 'object' && !Array.isArray(value)
    return isTree && Object.keys(value as object).length > 0 ? keysOf(value as object, full) : [full]
  })

describe('the form of a recipe', () => {
  const fields = recipeForm()
  const field = (key: string) => fields.find((one) => one.key === key)!

  it('has every key of the schema but those nobody chooses, with its default', () => {
    const keys = keysOf(parseRecipe({})).filter((key) => key !== 'schema' && key !== 'task')
    expect(fields.map(({ key }) => key).sort()).toEqual(keys.sort())
    for (const one of fields) expect(recipeFieldSchema.parse(one)).toEqual(one)
    for (const { key, title } of fields) expect([key, title]).not.toEqual([key, key])
  })

  it('of a task has the keys that it and its models read', () => {
    const keys = (task: TaskId) => recipeForm(task).map(({ key }) => key)
    const common = ['model.id', 'epochs', 'optimizer.lr', 'seed', 'freeze']
    for (const task of taskIds) expect(keys(task)).toEqual(expect.arrayContaining(common))
    const [detect, denoise, pose] = [keys('detect'), keys('denoise'), keys('pose')]
    expect(detect.filter((key) => /^noise|terms|oks|smoothing|crops/.test(key))).toEqual([])
    expect(detect).toEqual(expect.arrayContaining(['loss.iou', 'augment', 'data.slice', 'input.multiScale']))
    expect(denoise.filter((key) => /^loss|^augment|slice|multiScale|^features/.test(key))).toEqual(['loss.terms'])
    expect(keys('classify').filter((key) => key.startsWith('loss'))).toEqual(['loss.smoothing', 'loss.closeEpochs'])
    expect(pose).toContain('loss.oks')
    const when = (key: string) => recipeForm('pose').find((one) => one.key === key)!.when
    expect(when('loss.keypoints')).toEqual({ 'model.id': models.ids.filter((id) => id.startsWith('kapao')) })
    expect(when('loss.oks')!['model.id']).not.toContain('kapao-nano')
    // Whatever a task claims is a key.
    const all = recipeForm().map(({ key }) => key)
    for (const [, { task, keys = [] }] of models.entries())
      for (const claimed of [...tasks.get(task).keys, ...keys])
        expect(all.some((key) => key === claimed || key.startsWith(`${claimed}.`))).toBe(true)
  })

  it('states kinds, ends, choices and where auto is allowed as the schema does', () => {
    expect(field('input.size')).toMatchObject({
      kind: 'integer',
      min: 32,
      step: 32,
      default: 320,
      auto: false,
      unit: 'px',
    })
    expect(field('epochs')).toMatchObject({ kind: 'integer', min: 1, auto: true, default: 'auto' })
    expect(field('optimizer.lr')).toMatchObject({ kind: 'number', auto: true, min: 0 })
    expect(field('optimizer.momentum')).toMatchObject({ kind: 'number', min: 0, max: 1, default: 0.9 })
    expect(field('optimizer.id')).toMatchObject({ kind: 'choice', auto: true })
    expect(field('data.trainSplits')).toMatchObject({ kind: 'choices', default: ['train'] })
    expect(field('data.evalSplit').choices?.map(({ value }) => value)).toEqual(['train', 'val', 'test'])
    expect(field('model.id').choices?.map(({ value }) => value)).toEqual(models.ids)
    expect(field('optimizer.id').choices?.map(({ value }) => value)).toEqual(optimizers.ids)
    expect(field('schedule.id').choices?.map(({ value }) => value)).toEqual(schedules.ids)
    for (const id of restorationLosses.ids) expect(field('loss.terms').help).toContain(id)
    expect(field('model.weights')).toMatchObject({ kind: 'text', nullable: true })
    expect(field('freeze')).toMatchObject({ kind: 'list' })
    expect(field('provider')).toMatchObject({ kind: 'choice', auto: true, default: 'auto' })
    expect(
      augmentForms()
        .find(({ id }) => id === 'flip')
        ?.fields.map(({ key }) => key),
    ).toContain('p')
  })

  it('is checked against the catalog: what is not there is named, with what is near', () => {
    const check = (recipe: object) => () => checkRecipe(parseRecipe(recipe))
    expect(check({})).not.toThrow()
    expect(check({ model: { id: 'yolo-nano' } })).toThrow('Did you mean "yolox-nano"?')
    expect(check({ task: 'denoise', model: { id: 'yolox-nano' } })).toThrow(/for the task "detect".*e\.g\. dncnn/)
    expect(check({ optimizer: { id: 'adamx' } })).toThrow(/no optimizer "adamx"/)
    expect(check({ schedule: { id: 'cosinus' } })).toThrow('Did you mean "cosine"?')
    expect(check({ augment: [{ id: 'flop' }] })).toThrow('Did you mean "flip"?')
    expect(check({ augment: [{ id: 'flip', p: 'often' }] })).toThrow('augment[0] (flip) parameter "p" is "often". Give a number.') // prettier-ignore
    expect(check({ model: { surgery: [{ id: 'sea', after: 'dark4' }] } })).toThrow(/no block "sea"/)
    expect(check({ loss: { terms: [{ id: 'l9' }] } })).toThrow(/no loss "l9"/)
    expect(() => parseRecipe({ epochs: 'many' })).toThrow('Recipe key "epochs" is "many". Give "auto" or a number.')
  })

  it('offers presets that are recipes', () => {
    for (const [id, task] of tasks.entries())
      for (const { recipe } of presetsOf(task))
        expect(() => checkRecipe(parseRecipe({ task: id, ...recipe }))).not.toThrow()
  })
})

describe('two recipes', () => {
  it('differ by key', () => {
    const a = { input: { size: 320 }, freeze: ['a'], augment: [{ id: 'flip', p: 0.5 }] }
    expect(diffRecipes(a, structuredClone(a))).toEqual([])
    expect(diffRecipes(a, { input: { size: 416 }, freeze: ['a', 'b'], augment: [{ id: 'flip', p: 0.4 }] })).toEqual([
      { key: 'augment', a: [{ id: 'flip', p: 0.5 }], b: [{ id: 'flip', p: 0.4 }] },
      { key: 'freeze', a: ['a'], b: ['a', 'b'] },
      { key: 'input.size', a: 320, b: 416 },
    ])
  })

  it('are written as the command line that starts them', () => {
    const recipe = { model: { id: 'yolox-s' }, epochs: 40, optimizer: { lr: 0.002 }, data: { trainSplits: ['train', 'val'], evalSplit: 'test' } } // prettier-ignore
    expect(recipeCommand("/my data/it's", recipe, { name: 'slow' })).toBe(
      `tagwright train '/my data/it'\\''s' --eval-split test --train-splits train,val --epochs 40 --model yolox-s --set optimizer.lr=0.002 --name slow`,
    )
  })
})

describe('what a model costs', () => {
  it('is what its paper says: multiply-adds are half of the FLOPs of YOLOX, table 1 and 3', () => {
    const published = [
      ['yolox-nano', 416, 0.91, 1.08],
      ['yolox-s', 640, 9.0, 26.8],
    ] as const
    for (const [id, size, parameters, gflops] of published) {
      const info = modelInfo(id, 80, size)
      expect(info.parameters).toBe(models.get(id).examples[0].parameters)
      expect(info.parameters / 1e6).toBeCloseTo(parameters, 1)
      // The papers' tool counts norms and activations too.
      expect(Math.abs((2 * info.gmacs) / gflops - 1)).toBeLessThan(0.04)
      expect(info.bytes).toBe(4 * info.parameters)
    }
    expect(modelInfo('yolox-s', 80, 320).gmacs * 4).toBeCloseTo(modelInfo('yolox-s', 80, 640).gmacs, 6)
    expect(modelInfo('yolox-nano', 3, 320).receptiveField).toBeGreaterThan(320)
  })
})
