/** Model surgery: where blocks can go, what it says when they cannot, names, and the function at step 0. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { describeModel } from '@shared/catalog/detector'
import { modelOf, models } from '@shared/catalog/models'
import type { ModelDef } from '@shared/catalog/models/define'
import { type SurgeryEdit, modelStages, withSurgery } from '@shared/catalog/surgery'
import { parseRecipe } from '@shared/domain/recipe'
import { Graph } from '@shared/engine/graph'
import { Nn, initialize } from '@shared/engine/nn'
import { interpret } from '../../helpers/reference'
import { tinyDetector } from '../../helpers/tiny-detector'

const nano = models.get('yolox-nano')
const operate = (...surgery: SurgeryEdit[]): ModelDef => modelOf({ id: 'yolox-nano', params: {}, surgery })
const bad = (message: RegExp) =>
  expect.objectContaining({ code: 'bad-recipe', message: expect.stringMatching(message) as string })

describe('Stages', () => {
  it('of YOLOX are its backbone, neck and head by their names, with channels and strides', () => {
    const stages = modelStages(nano)
    expect(stages.filter(({ outer }) => outer).map(({ name, channels, stride }) => [name, channels, stride])).toEqual([
      ['backbone.backbone.stem', 16, 2],
      ['backbone.backbone.dark2', 32, 4],
      ['backbone.backbone.dark3', 64, 8],
      ['backbone.backbone.dark4', 128, 16],
      ['backbone.backbone.dark5', 256, 32],
      ['backbone.lateral_conv0', 128, 32],
      ['backbone.C3_p4', 128, 16],
      ['backbone.reduce_conv1', 64, 16],
      ['backbone.C3_p3', 64, 8],
      ['backbone.bu_conv2', 64, 16],
      ['backbone.C3_n3', 128, 16],
      ['backbone.bu_conv1', 128, 32],
      ['backbone.C3_n4', 256, 32],
      ...[0, 1, 2].flatMap((i) =>
        ['stems', 'cls_convs', 'reg_convs'].map((part) => [`head.${part}.${i}`, 64, 8 * 2 ** i]),
      ),
    ])
    expect(stages.find(({ name }) => name === 'backbone.C3_p3.m.0')).toMatchObject({ channels: 32, outer: false })
  })

  it.each(models.entries().filter(([, { needsFile }]) => !needsFile))('of %s: there are some', (_, model) => {
    // A plain stack of convolutions is one stage.
    const least = model.stride === 1 ? 1 : 5
    expect(modelStages(model).filter(({ outer }) => outer).length).toBeGreaterThanOrEqual(least)
  })
})

describe('A model with blocks', () => {
  it('keeps every name and adds its own below one prefix', () => {
    const before = describeModel(nano, 3).params.map(({ name }) => name)
    const model = operate({ id: 'se', after: 'dark3' }, { id: 'cbam', after: 'backbone.C3_p4', reduction: 8 })
    const after = describeModel(model, 3).params
    expect(after.map(({ name }) => name).filter((name) => !name.startsWith('surgery.'))).toEqual(before)
    expect(after.flatMap(({ name, shape }) => (name.startsWith('surgery.') ? [`${name} ${shape}`] : []))).toEqual([
      'surgery.backbone.backbone.dark3.se.fc1.weight 4,64,1,1',
      'surgery.backbone.backbone.dark3.se.fc1.bias 4',
      'surgery.backbone.backbone.dark3.se.fc2.weight 64,4,1,1',
      'surgery.backbone.backbone.dark3.se.fc2.bias 64',
      'surgery.backbone.backbone.dark3.se.gain 1,64,1,1',
      'surgery.backbone.C3_p4.cbam.channel.fc1.weight 16,128,1,1',
      'surgery.backbone.C3_p4.cbam.channel.fc1.bias 16',
      'surgery.backbone.C3_p4.cbam.channel.fc2.weight 128,16,1,1',
      'surgery.backbone.C3_p4.cbam.channel.fc2.bias 128',
      'surgery.backbone.C3_p4.cbam.channel.gain 1,128,1,1',
      'surgery.backbone.C3_p4.cbam.spatial.conv.weight 1,2,7,7',
      'surgery.backbone.C3_p4.cbam.spatial.bn.weight 1',
      'surgery.backbone.C3_p4.cbam.spatial.bn.bias 1',
      'surgery.backbone.C3_p4.cbam.spatial.gain 1,1,1,1',
    ])
    expect(model.base).toBe(nano)
  })

  it('is the model itself without any', () => {
    expect(modelOf({ id: 'yolox-nano', params: {}, surgery: [] })).toBe(nano)
  })

  it.each(['se', 'cbam', 'eca', 'spatial-attention', 'non-local', 'cross-attention', 'deformable-conv-v2'])(
    'computes what it computed before at step 0, to the last bit: %s',
    (id) => {
      const numbers = (model: ModelDef) => {
        const graph = new Graph()
        const nn = new Nn(graph, false)
        const y = model.output(model.build(nn, graph.input('images', [1, 3, 64, 64]), { classes: 2, params: {} }))
        const feeds: Record<string, number[]> = {}
        const random = rng('images')
        feeds.images = Array.from({ length: 3 * 64 * 64 }, () => random.int(0, 255))
        for (const spec of nn.params.values()) feeds[spec.name] = [...initialize(spec, rng(1, spec.name))]
        for (const { name, shape, initial } of nn.stats.values()) feeds[name] = Array(shape[0]).fill(initial)
        return [...interpret([y], feeds)[0].data]
      }
      const params = id === 'cross-attention' ? { context: 'low' } : {}
      const operated = withSurgery(tinyDetector, {}, [
        { id, after: 'middle', ...params },
        { id, after: 'high' },
      ])
      expect(numbers(operated)).toEqual(numbers(tinyDetector))
    },
  )
})

describe('What does not fit is refused before anything runs', () => {
  it.each([
    [{ id: 'se', after: 'dark9' }, /no stage "dark9".*Did you mean "dark\d"\?.*backbone\.backbone\.dark3/],
    [{ id: 'se', after: '0' }, /"0" is the end of \d+ stages/],
    [{ id: 'se', after: 'dark3', ratio: 4 }, /Block "se".*[Uu]nrecognized.*reduction/],
    [{ id: 'se', after: 'dark3', reduction: 0 }, /Block "se", "reduction"/],
    [{ id: 'transposed-conv', after: 'dark3' }, /"transposed-conv" cannot go after .*dark3": .*cannot start as the/],
    [{ id: 'cross-attention', after: 'dark3', heads: 5 }, /5 heads does not fit 64 channels/],
    [{ id: 'cross-attention', after: 'dark3', context: 'dark5' }, /computed after/],
    [{ id: 'se', after: 'dark3', context: 'dark2' }, /takes no context/],
  ] as [SurgeryEdit, RegExp][])('%j', (edit, message) => {
    expect(() => operate(edit)).toThrow(bad(message))
  })

  it('an unknown block names the nearest', () => {
    expect(() => operate({ id: 'cbm', after: 'dark3' })).toThrow(
      expect.objectContaining({ code: 'unknown-id', message: expect.stringMatching(/"cbam"/) as string }),
    )
  })

  it('one block twice at one place', () => {
    expect(() => operate({ id: 'se', after: 'dark3' }, { id: 'se', after: 'backbone.backbone.dark3' })).toThrow(
      bad(/twice/),
    )
  })

  it('a recipe without a place', () => {
    expect(() => parseRecipe({ model: { surgery: [{ id: 'se' }] } })).toThrow(bad(/model\.surgery\.0\.after/))
    expect(parseRecipe({ model: { surgery: [{ id: 'se', after: 'dark3', reduction: 4 }] } }).model.surgery).toEqual([
      { id: 'se', after: 'dark3', reduction: 4 },
    ])
  })
})
