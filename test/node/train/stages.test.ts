/** What changes during a run: frozen parts, optimizer, learning rates, averages. */
import { describe, expect, it } from 'vitest'
import { modelOf } from '@shared/catalog/models'
import { rateGroups } from '@shared/catalog/rate-groups'
import { describeModel } from '@shared/catalog/detector'
import { optimizers } from '@shared/catalog/optimizers'
import { trainingProgram } from '@shared/catalog/training-program'
import { freezeAt, thaws } from '@shared/domain/freeze'
import { parseRecipe, type RecipeInput } from '@shared/domain/recipe'
import { learningRates } from '../../../src-worker/train/learning-rate'
import { resolveRecipe } from '../../../src-worker/train/resolve-recipe'
import { stageAt, stagesOf } from '../../../src-worker/train/stages'
import { StochasticAverage, isAveraged } from '../../../src-worker/train/stochastic-average'
import { updateNorms } from '../../../src-worker/train/update-norms'
import { makeDetectorBatch } from '../../helpers/detector-batch'
import { relativeError } from '../../helpers/run-graph'
import { tinyDetector } from '../../helpers/tiny-detector'
import { trainSteps } from '../../helpers/train-steps'

const resolved = (recipe: RecipeInput, images = 80, evaluated = 0) =>
  resolveRecipe(parseRecipe(recipe), images, 'cpu', evaluated)

describe('The stages of a run', () => {
  it('thaw one after another and hand over to SGD', () => {
    const recipe = resolved({
      epochs: 10,
      freeze: ['a', 'b@6', 'b.c@2', 'd@50'],
      optimizer: { id: 'adamw', switchAt: 0.8 },
    })
    expect(stagesOf(recipe)).toEqual([
      { from: 0, to: 2, freeze: ['a', 'b', 'b.c', 'd'], optimizer: 'adamw' },
      { from: 2, to: 6, freeze: ['a', 'b', 'd'], optimizer: 'adamw' },
      { from: 6, to: 8, freeze: ['a', 'd'], optimizer: 'adamw' },
      { from: 8, to: 10, freeze: ['a', 'd'], optimizer: 'sgd' },
    ])
    expect(stageAt(stagesOf(recipe), 6).from).toBe(6)
    expect(stageAt(stagesOf(recipe), 10).from).toBe(8)
  })
  it('are one where nothing changes', () => {
    expect(stagesOf(resolved({ epochs: 4 }))).toEqual([{ from: 0, to: 4, freeze: [], optimizer: 'adamw' }])
    expect(stagesOf(resolved({ epochs: 4, optimizer: { id: 'sgd', switchAt: 0.5 } }))).toHaveLength(1)
  })
  it('join objects where objects are learned, and classes where classes are', () => {
    const joined = (id: string) => resolved({ task: 'classify', augment: [{ id }, { id: 'flip' }] })
    expect(() => joined('mixup')).toThrow('The augmentation "mixup" joins the objects of several images')
    expect(() => joined('mosaic')).toThrow('classes belong to whole images')
    for (const id of ['hsv', 'cutmix', 'cutout']) expect(joined(id).augment).toHaveLength(2)
    for (const id of ['mixup', 'cutout']) expect(resolved({ augment: [{ id }] }).augment).toHaveLength(1)
    expect(() => resolved({ augment: [{ id: 'cutmix' }] })).toThrow('mixes the classes of whole images')
  })
  it('give a head alone a higher rate than one above layers that learn too', () => {
    const rate = (freeze: string[]) => resolved({ task: 'classify', model: { weights: 'a.onnx' }, freeze }).optimizer.lr
    expect(rate(['backbone'])).toBeCloseTo(3 * rate([]), 12)
    expect(rate(['backbone@3'])).toBe(rate([]))
    expect(resolved({ task: 'classify', freeze: ['backbone'], optimizer: { lr: 0.5 } }).optimizer.lr).toBe(0.5)
  })
  it('refuse to freeze what is not there', () => {
    const freeze = ['stem', 'backbone']
    const program = () =>
      trainingProgram({ model: tinyDetector, classes: 2, batch: 1, size: [64, 64], optimizer: optimizers.get('sgd'), weightDecay: 0, block: 0, freeze }) // prettier-ignore
    expect(program).toThrow(
      '"backbone" in "freeze" is the beginning of no layer of Tiny detector. Its layers begin with',
    )
  })
  it('name an entry without a number of epochs', () => {
    expect(() => freezeAt(['backbone@soon'], 0)).toThrow('"backbone@3"')
    expect(() => freezeAt(['backbone@0'], 0)).toThrow('backbone@0')
    expect(thaws(['a@3', 'b@1', 'c', 'd@3'])).toEqual([1, 3])
  })
})

describe('Layer-wise decay', () => {
  const model = modelOf({ id: 'yolox-nano', params: {} })
  const rateOf = (groups: ReturnType<typeof rateGroups>, name: string) =>
    groups.find(({ prefix }) => name.startsWith(prefix))?.lr ?? 1

  it('falls from the head to the stem, for every parameter', () => {
    const groups = rateGroups({ groups: [], layerDecay: 0.5 }, model)
    const { params } = describeModel(model, 3)
    const factors = new Set(params.map(({ name }) => rateOf(groups, name)))
    expect([...factors].sort((a, b) => a - b)).toEqual([1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1])
    expect(rateOf(groups, 'backbone.backbone.stem.conv.conv.weight')).toBe(1 / 64)
    expect(rateOf(groups, 'backbone.lateral_conv0.conv.weight')).toBe(1 / 2)
    expect(rateOf(groups, 'head.stems.0.conv.weight')).toBe(1)
  })
  it("multiplies the recipe's own groups, of which the first counts", () => {
    const groups = rateGroups(
      {
        groups: [
          { prefix: 'backbone.backbone.dark5.1', lr: 3 },
          { prefix: 'backbone', lr: 10 },
          { prefix: 'head.cls_preds', lr: 7 },
        ],
        layerDecay: 0.5,
      },
      model,
    )
    expect(rateOf(groups, 'backbone.backbone.dark5.1.conv1.conv.weight')).toBe(3 / 4)
    expect(rateOf(groups, 'backbone.backbone.dark5.0.conv.weight')).toBe(10 / 4)
    expect(rateOf(groups, 'backbone.C3_p4.conv1.conv.weight')).toBe(10 / 2)
    expect(rateOf(groups, 'head.cls_preds.0.weight')).toBe(7)
    expect(rateOf(groups, 'head.stems.0.conv.weight')).toBe(1)
  })
  it('is refused where the order of layers is not known', () => {
    expect(() => rateGroups({ groups: [], layerDecay: 0.9 }, { title: 'Mine' })).toThrow('layerDecay')
  })
})

describe('Learning rates', () => {
  const base = { epochs: 8, schedule: { warmup: 0 }, loss: { closeEpochs: 0 } } as const
  it('of stochastic averaging stay constant after an epoch, or go round', () => {
    const plain = learningRates(resolved(base), 10)
    const constant = learningRates(resolved({ ...base, averages: { swa: { start: 0.5, lr: 0.4 } } }), 10)
    const { lr } = resolved(base).optimizer
    for (let step = 0; step < 40; step++) expect(constant(step)).toEqual(plain(step))
    expect(constant(40)[0]).toBeCloseTo(plain(40)[0], 12)
    for (let step = 50; step < 80; step++) expect(constant(step)[0]).toBeCloseTo(0.4 * lr, 12)
    const cyclic = learningRates(resolved({ ...base, averages: { swa: { start: 0.5, lr: 0.4, cycle: 2 } } }), 10)
    expect(cyclic(40)[0]).toBeCloseTo(0.4 * lr, 12)
    expect(cyclic(60)[0]).toBeCloseTo(0.4 * lr, 12)
    expect(cyclic(59)[0]).toBeLessThan(0.08 * lr)
  })
  it('are larger from random weights than from start weights where that was measured to serve', () => {
    const rate = (model: object) => resolved({ ...base, model }).optimizer.lr
    expect(rate({ id: 'yolox-nano' })).toBe(2 * rate({ id: 'yolox-nano', weights: 'nano.onnx' }))
    expect(rate({ id: 'yolox-s' })).toBe(rate({ id: 'yolox-s', weights: 's.onnx' }))
  })
  it('of SGD have their own peak after the switch', () => {
    const before = learningRates(resolved({ ...base, optimizer: { id: 'adamw' } }), 10)
    const after = learningRates(resolved({ ...base, optimizer: { id: 'adamw', switchAt: 0.5, switchLr: 0.02 } }), 10)
    const { lr } = resolved(base).optimizer
    expect(after(39)).toEqual(before(39))
    expect(after(45)[0]).toBeCloseTo((before(45)[0] * 0.02) / lr, 12)
  })
})

describe('Evaluations', () => {
  it('never look at more images than training does', () => {
    expect(resolved({ epochs: 40 }, 30, 87).data.evalEvery).toBe(3)
    expect(resolved({ epochs: 40 }, 205, 87).data.evalEvery).toBe(1)
    expect(resolved({ epochs: 2 }, 10, 900).data.evalEvery).toBe(2)
    expect(resolved({ epochs: 40, data: { evalEvery: 5 } }, 205, 87).data.evalEvery).toBe(5)
  })
})

describe('Stochastic weight averaging', () => {
  it('is the plain mean', () => {
    const average = new StochasticAverage()
    for (const value of [1, 2, 6]) average.add(new Map([['w', Float32Array.of(value, -value)]]))
    expect([...average.mean.get('w')!]).toEqual([3, -3])
    expect(average.count).toBe(3)
  })
  it('takes the ends of the last quarter of the epochs, or of its cycles', () => {
    const taken = (swa: { start: number | null; cycle: number }, epochs: number) =>
      Array.from({ length: epochs }, (_, i) => i + 1).filter((done) => isAveraged({ averages: { swa }, epochs }, done))
    expect(taken({ start: 0.75, cycle: 0 }, 8)).toEqual([7, 8])
    expect(taken({ start: 0.5, cycle: 2 }, 8)).toEqual([6, 8])
    expect(taken({ start: null, cycle: 0 }, 8)).toEqual([])
    expect(taken({ start: 0.75, cycle: 0 }, 1)).toEqual([1])
  })

  it('gets statistics from images: those that a training step of the same weights sees, averaged over batches', async () => {
    const size = [64, 64] as const
    const options = { model: tinyDetector, classes: 3, batch: 4, size, optimizer: optimizers.get('sgd'), weightDecay: 0, block: 0 } // prettier-ignore
    const batches = [0, 1].map((seed) => makeDetectorBatch(4, size, 3, 3, seed))
    const still = (n: number) =>
      trainSteps(options, [batches[n]], { provider: 'cpu', threads: 1 }, { steps: 1, lr: [0] })
    const seen = [await still(0), await still(1)]
    const tensors = new Map([...seen[0].params, ...[...seen[0].stats].map(([name, data]) => [name, data.map(() => 9)] as const)]) // prettier-ignore
    async function* batchesOf(numbers: readonly number[]) {
      for (const n of numbers) yield { images: Float32Array.from(batches[n].images), count: 4, release: () => {} }
    }
    const at = { model: tinyDetector, params: {}, classes: 3, batch: 4, size, freeze: [] }
    const updated = await updateNorms(tensors, { ...at, batches: batchesOf([0, 1]) })
    const specs = new Map(seen[0].program.stats.map((spec) => [spec.name, spec]))
    expect(specs.size).toBeGreaterThan(0)
    for (const [name, { initial, momentum }] of specs) {
      const expected = seen[0].stats.get(name)!.map((_, i) => {
        const of = (run: (typeof seen)[number]) => (run.stats.get(name)![i] - momentum * initial) / (1 - momentum)
        return (of(seen[0]) + of(seen[1])) / 2
      })
      expect(relativeError(updated.get(name)!, expected), name).toBeLessThan(1e-3)
    }
    for (const [name, data] of seen[0].params) expect(updated.get(name)).toBe(tensors.get(name) ?? data)

    const held = await updateNorms(tensors, { ...at, freeze: ['stem'], batches: batchesOf([0]) })
    for (const name of specs.keys()) expect(held.get(name)![0] === 9, name).toBe(name.startsWith('stem'))
  })
})
