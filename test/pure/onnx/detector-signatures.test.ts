/** What a detector file's shapes and metadata say about its pixels and its output. */
import { describe, expect, test } from 'vitest'
import { describeDetector } from '@shared/catalog/detector-signatures'
import { modelInputSchema, yoloxInput } from '@shared/domain/model-input'
import type { OnnxInfo, OnnxValue } from '@shared/engine/onnx/decode-info'

const centred = modelInputSchema.parse({})
const value = (name: string, shape: OnnxValue['shape'], type = 'float32'): OnnxValue => ({ name, type, shape })
const info = (
  input: OnnxValue['shape'],
  output: OnnxValue | OnnxValue[],
  {
    metadata = {},
    ops = [] as string[],
    type = 'float32',
  }: { metadata?: Record<string, string>; ops?: string[]; type?: string } = {},
): OnnxInfo => ({
  irVersion: 8,
  producer: '',
  opset: 17,
  domains: new Map(),
  inputs: [value('images', input, type)],
  outputs: [output].flat(),
  metadata: new Map(Object.entries(metadata)),
  ops: new Map(ops.map((op) => [op, 1])),
  nodes: 1,
  externalFiles: [],
})
const describeFile = (of: OnnxInfo, options = {}) => describeDetector(of, { file: 'model.onnx', ...options })
const ultralytics = { stride: '32', task: 'detect', imgsz: '[320, 640]', names: "{0: 'cat', 1: 'dog'}" }

describe('is recognised', () => {
  test('YOLOX without and with decoding', () => {
    const raw = describeFile(info([1, 3, 416, 416], value('output', [1, 3549, 85])))
    expect(raw).toMatchObject({ output: { format: 'yolox-grid' }, classes: 80, pixels: yoloxInput, names: null })
    const decoded = describeFile(info([1, 3, 416, 416], value('output', [1, 3549, 6]), { ops: ['Exp'] }))
    expect(decoded).toMatchObject({ output: { format: 'centre-objectness-classes' }, classes: 1 })
  })

  test('YOLOv5 by its three anchors a cell', () => {
    const spec = describeFile(info([1, 3, 640, 640], value('output0', [1, 25200, 85])))
    expect(spec).toMatchObject({ output: { format: 'centre-objectness-classes', suppressed: false }, pixels: centred })
  })

  test('YOLOv8 and later, fixed and with every dimension open', () => {
    const fixed = describeFile(info([1, 3, 640, 640], value('output0', [1, 84, 8400])))
    expect(fixed).toMatchObject({ output: { format: 'centre-classes-columns' }, classes: 80, pixels: centred })
    const open = describeFile(
      info(['batch', 3, 'height', 'width'], value('output0', ['batch', 6, 'anchors']), { metadata: ultralytics }),
      { batch: 4 },
    )
    expect(open).toMatchObject({
      input: { batch: 4, height: 320, width: 640 },
      output: { format: 'centre-classes-columns' },
      classes: 2,
      names: ['cat', 'dog'],
    })
  })

  test('suppressed rows, whose pixels only metadata or the user can tell', () => {
    const rows = value('output0', [1, 300, 6])
    const spec = describeFile(info([1, 3, 640, 640], rows, { metadata: { ...ultralytics, imgsz: '[640, 640]' } }))
    expect(spec).toMatchObject({
      output: { format: 'corners-score-class', suppressed: true },
      classes: 2,
      pixels: centred,
    })
    expect(() => describeFile(info([1, 3, 640, 640], rows))).toThrow(
      expect.objectContaining({ code: 'input-needed', message: expect.stringContaining('--input') }),
    )
    expect(describeFile(info([1, 3, 640, 640], rows), { pixels: yoloxInput }).pixels).toEqual(yoloxInput)
  })

  test('a picture of bytes with its channels last', () => {
    const spec = describeFile(info([null, 320, 320, 3], value('output', [null, 2100, 7]), { type: 'uint8' }))
    expect(spec.input).toEqual({ name: 'images', type: 'uint8', layout: 'nhwc', batch: 8, width: 320, height: 320 })
  })

  test("this product's own words before any shape, the user's before those", () => {
    const metadata = {
      input: JSON.stringify({ ...yoloxInput, pad: 0 }),
      output: 'centre-objectness-classes',
      names: "{0: 'a'}",
    }
    const own = info([1, 3, 96, 96], value('output', [1, 189, 6]), { metadata })
    expect(describeFile(own)).toMatchObject({
      output: { format: 'centre-objectness-classes' },
      pixels: { pad: 0 },
      names: ['a'],
    })
    expect(describeFile(own, { pixels: centred }).pixels).toEqual(centred)
  })

  test('names that do not fit the count are left out', () => {
    const metadata = { names: "{0: 'a', 1: 'b', 2: 'c'}" }
    expect(describeFile(info([1, 3, 640, 640], value('o', [1, 84, 8400]), { metadata })).names).toBeNull()
    for (const names of ['nonsense {', "{0: 'a', 2: 'b'}", '[]', '{0: 1}'])
      expect(describeFile(info([1, 3, 640, 640], value('o', [1, 84, 8400]), { metadata: { names } })).names).toBeNull()
  })
})

describe('is refused', () => {
  test.each<[string, OnnxInfo, RegExp]>([
    ['a classifier', info([1, 3, 224, 224], value('output', [1, 1000])), /"output" \[1, 1000\]/],
    ['a model of grey pictures', info([1, 1, 28, 28], value('o', [1, 84, 8400])), /1 channels/],
    [
      'a model that wants words',
      info([1, 77], value('o', [1, 77, 512]), { type: 'int64' }),
      /"images" int64 \[1, 77\]/,
    ],
    ['a picture of a kilometre', info([1, 3, 1e6, 1e6], value('o', [1, 84, 8400])), /4096/],
    ['a batch of a million', info([1e6, 3, 640, 640], value('o', [1e6, 84, 8400])), /1000000 pictures/],
    [
      'a segmentation model by its task',
      info([1, 3, 640, 640], value('o', [1, 116, 8400]), { metadata: { ...ultralytics, task: 'segment' } }),
      /"segment"/,
    ],
    ['a file without inputs', { ...info(null, value('o', null)), inputs: [] }, /no input/],
  ])('%s', (_, of, message) => {
    expect(() => describeFile(of)).toThrow(
      expect.objectContaining({ code: 'unknown-model', message: expect.stringMatching(message) }),
    )
  })
})
