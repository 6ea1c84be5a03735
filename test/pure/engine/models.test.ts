/** Models: parameter counts as the original code has them, names of its state dict, shapes of the output. */
import { describe, expect, it } from 'vitest'
import { fromBinary } from '@bufbuild/protobuf'
import { describeModel, detectorProgram } from '@shared/catalog/detector'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { Graph, verify } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { ModelProtoSchema } from '@shared/engine/onnx/generated/onnx_pb'
import { parameterCount } from '@shared/engine/step'

const counts: readonly [string, number, number][] = [
  ['yolox-nano', 80, 912_159],
  ['yolox-tiny', 80, 5_055_855],
  ['yolox-s', 80, 8_968_255],
  ['yolox-m', 80, 25_326_495],
  ['yolox-l', 80, 54_208_895],
  ['yolox-x', 80, 99_071_455],
  ['yolox-darknet53', 80, 63_724_767],
  ['yolox-nano', 3, 897_144],
  ['yolox-tiny', 3, 5_033_448],
  ['yolox-s', 3, 8_938_456],
]

/** Models on an imported network have a size only with a file. */
const catalog = models.entries().filter(([, { needsFile }]) => !needsFile)

describe('Parameter counts', () => {
  it.each(counts)('%s with %i classes: %i', (id, classes, parameters) => {
    expect(parameterCount(describeModel(models.get(id), classes).params)).toBe(parameters)
  })

  it.each(catalog)('%s states its own count', (_, model) => {
    expect(model.examples.length).toBeGreaterThan(0)
    for (const { classes, parameters, params } of model.examples)
      expect(parameterCount(describeModel(model, classes, params).params)).toBe(parameters)
  })
})

const ofTask = (task: string) => catalog.filter(([, model]) => model.task === task)

describe.each(ofTask('classify'))('%s', (_, model) => {
  it('gives a probability for each class', () => {
    const graph = new Graph()
    const logits = model.build(new Nn(graph, false), graph.input('images', [2, 3, 64, 96]), { classes: 5, params: {} })
    expect(model.output(logits).shape).toEqual([2, 5])
    verify(graph)
  })
})

describe.each(ofTask('detect'))('%s', (_, model) => {
  it('gives one row per cell of the strides 8, 16 and 32', () => {
    const graph = new Graph()
    const head = model.build(new Nn(graph, false), graph.input('images', [2, 3, 64, 96]), { classes: 5, params: {} })
    expect(model.output(head).shape).toEqual([2, 8 * 12 + 4 * 6 + 2 * 3, 10])
    verify(graph)
  })
})

describe('Names follow the original state dict', () => {
  const names = (id: string) => describeModel(models.get(id), 80).params.map((p) => [p.name, p.shape.join('x')])
  it('of YOLOX-s', () => {
    expect(names('yolox-s')).toEqual(
      expect.arrayContaining([
        ['backbone.backbone.stem.conv.conv.weight', '32x12x3x3'],
        ['backbone.backbone.dark5.1.conv2.bn.weight', '512'],
        ['backbone.C3_p4.m.0.conv1.conv.weight', '128x128x1x1'],
        ['head.obj_preds.2.bias', '1'],
      ]),
    )
  })
  it('of YOLOX-Darknet53', () => {
    expect(names('yolox-darknet53')).toEqual(
      expect.arrayContaining([
        ['backbone.backbone.stem.0.conv.weight', '32x3x3x3'],
        ['backbone.backbone.stem.1.conv.weight', '64x32x3x3'],
        ['backbone.backbone.stem.2.layer1.conv.weight', '32x64x1x1'],
        ['backbone.backbone.dark3.8.layer2.conv.weight', '256x128x3x3'],
        ['backbone.backbone.dark5.7.conv2.conv.weight', '512x2048x1x1'],
        ['backbone.backbone.dark5.9.conv.weight', '512x1024x1x1'],
        ['backbone.out1_cbl.conv.weight', '256x512x1x1'],
        ['backbone.out1.0.conv.weight', '256x768x1x1'],
        ['backbone.out2.4.conv.weight', '128x256x1x1'],
        ['head.stems.0.conv.weight', '256x128x1x1'],
        ['head.cls_convs.2.1.bn.bias', '256'],
      ]),
    )
  })
})

describe('Training programs', () => {
  it.each(['yolox-nano', 'yolox-s', 'yolox-darknet53'])('of %s keep every convolution in the blocked layout', (id) => {
    const program = detectorProgram({
      model: models.get(id),
      classes: 3,
      batch: 2,
      size: [128, 128],
      optimizer: optimizers.get('sgd'),
      weightDecay: 5e-4,
      block: 16,
    })
    const nodes = fromBinary(ModelProtoSchema, program.onnx).graph!.node
    const convolutions = nodes.filter(({ opType }) => opType.startsWith('Conv'))
    expect(convolutions.length).toBeGreaterThan(200)
    expect(convolutions.filter(({ domain }) => domain === '').map(({ name }) => name)).toEqual([])
    expect(program.slots.filter(({ kind }) => kind === 'velocity').length).toBeGreaterThan(0)
  })

  it('of YOLOX-nano use no op in the plain layout that WebGPU lacks', () => {
    const program = detectorProgram({
      model: models.get('yolox-nano'),
      classes: 3,
      batch: 2,
      size: [64, 64],
      optimizer: optimizers.get('adamw'),
      weightDecay: 5e-4,
      clip: 10,
      accumulate: 2,
      iou: 'giou',
      block: 0,
    })
    const graph = fromBinary(ModelProtoSchema, program.onnx).graph!
    const absent = [
      'FusedMatMul',
      'Sum',
      'Mean',
      'Or',
      'Xor',
      'OneHot',
      'LogSoftmax',
      'Loop',
      'Scan',
      'NonZero',
      'Sign',
      'Round',
      'IsNaN',
      'IsInf',
      'Mod',
      'ScatterElements',
      'ScatterND',
      'SpaceToDepth',
      'ConstantOfShape',
      'CumSum',
      'GroupNormalization',
      'ReduceLogSumExp',
      'ReorderInput',
    ]
    expect([...new Set(graph.node.map(({ opType }) => opType))].filter((op) => absent.includes(op))).toEqual([])
    expect(graph.node.filter(({ domain }) => domain !== '')).toEqual([])
    // One storage buffer per output and one for the input: eight are promised.
    expect(
      Math.max(...graph.node.filter(({ opType }) => opType === 'Split').map(({ output }) => output.length)),
    ).toBeLessThanOrEqual(7)
  })
})
