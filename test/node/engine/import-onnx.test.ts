import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { Graph, type Value, size } from '@shared/engine/graph'
import { decodeOnnx } from '@shared/engine/onnx/decode'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { ModelProtoSchema } from '@shared/engine/onnx/generated/onnx_pb'
import { importOnnx } from '@shared/engine/onnx/import'
import {
  batchNorm,
  concat,
  conv,
  convTranspose,
  maxPool,
  mul,
  reduceMean,
  sigmoid,
  transpose,
  upsample,
} from '@shared/engine/ops'
import { inferenceGraph } from '@shared/engine/passes/inference'
import { openSession, tensor } from '../../../src-worker/runtime/session'
import { compareGradients } from '../../helpers/compare-gradients'
import { seededNumbers } from '../../helpers/op-examples'
import { relativeError } from '../../helpers/run-graph'

type Attribute = { name: string; type: number } & Record<string, unknown>
const ints = (name: string, ...values: number[]): Attribute => ({ name, type: 7, ints: values.map(BigInt) })
const int = (name: string, value: number): Attribute => ({ name, type: 2, i: BigInt(value) })
const float = (name: string, value: number): Attribute => ({ name, type: 1, f: value })
const text = (name: string, value: string): Attribute => ({ name, type: 3, s: new TextEncoder().encode(value) })

interface Case {
  op: string
  x: number[]
  weights?: [shape: number[], numbers?: number[]][]
  settings?: (number[] | null)[]
  floats?: (number[] | null)[]
  attributes?: Attribute[]
  outputs?: number
  opset?: number
  low?: number
}
const vector = (numbers: readonly number[], name: string, float32: boolean) => ({
  name,
  dims: [BigInt(numbers.length)],
  dataType: float32 ? 1 : 7,
  rawData: new Uint8Array((float32 ? Float32Array.from(numbers) : BigInt64Array.from(numbers, BigInt)).buffer),
})

/** A file of one node: weights first, then whole-number settings, then float ones. */
function singleNode({
  op,
  x,
  weights = [],
  settings = [],
  floats = [],
  attributes = [],
  outputs = 1,
  opset = 17,
}: Case): Uint8Array {
  const initializer: object[] = []
  const names: string[] = ['x']
  weights.forEach(([shape, numbers], i) => {
    const values = numbers ?? seededNumbers(size(shape), 'float32', 0.2, 1, op, i)
    initializer.push({ ...vector(values, `w${i}`, true), dims: shape.map(BigInt) })
    names.push(`w${i}`)
  })
  for (const [list, float32] of [
    [settings, false],
    [floats, true],
  ] as const)
    list.forEach((numbers, i) => {
      const name = `${float32 ? 'f' : 's'}${i}`
      if (numbers) initializer.push(vector(numbers, name, float32))
      names.push(numbers ? name : '')
    })
  const dim = (d: number) => ({ value: { case: 'dimValue' as const, value: BigInt(d) } })
  const type = (dims: number[] | null) => ({
    value: { case: 'tensorType' as const, value: { elemType: 1, ...(dims ? { shape: { dim: dims.map(dim) } } : {}) } },
  })
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      graph: {
        name: 'g',
        node: [
          {
            name: 'it',
            opType: op,
            input: names,
            output: Array.from({ length: outputs }, (_, i) => `y${i}`),
            attribute: attributes,
          },
        ],
        initializer,
        input: [{ name: 'x', type: type(x) }],
        output: Array.from({ length: outputs }, (_, i) => ({ name: `y${i}`, type: type(null) })),
      },
    } as never),
  )
}

async function run(model: Uint8Array, x: Float32Array, shape: readonly number[]) {
  const session = await openSession(model, { provider: 'cpu' })
  const outputs = await session.run({ x: tensor('float32', x, shape) })
  await session.close()
  return outputs
}

const image = [2, 4, 7, 6]
const cases: Case[] = [
  {
    op: 'Conv',
    x: image,
    weights: [[[6, 2, 3, 3]], [[6]]],
    attributes: [int('group', 2), ints('strides', 2, 1), ints('pads', 1, 0, 2, 1)],
  },
  {
    op: 'Conv',
    x: image,
    weights: [[[3, 4, 3, 3]]],
    attributes: [text('auto_pad', 'SAME_UPPER'), ints('strides', 2, 2)],
  },
  {
    op: 'Conv',
    x: image,
    weights: [[[3, 4, 2, 2]]],
    attributes: [text('auto_pad', 'SAME_LOWER')],
  },
  {
    op: 'ConvTranspose',
    x: image,
    weights: [[[4, 3, 3, 3]], [[3]]],
    attributes: [ints('strides', 2, 2), ints('pads', 1, 1, 0, 1), ints('output_padding', 1, 0)],
  },
  {
    op: 'ConvTranspose',
    x: image,
    weights: [[[4, 2, 3, 3]]],
    attributes: [text('auto_pad', 'SAME_UPPER'), ints('strides', 2, 2), int('group', 2)],
  },
  {
    op: 'MaxPool',
    x: image,
    attributes: [ints('kernel_shape', 3, 3), ints('strides', 2, 2), ints('pads', 1, 1, 1, 1)],
  },
  { op: 'MaxPool', x: image, attributes: [ints('kernel_shape', 2, 2), ints('strides', 2, 2), int('ceil_mode', 1)] },
  { op: 'AveragePool', x: image, attributes: [ints('kernel_shape', 3, 3), ints('pads', 1, 1, 1, 1)] },
  {
    op: 'AveragePool',
    x: image,
    attributes: [
      ints('kernel_shape', 3, 2),
      ints('strides', 2, 2),
      ints('pads', 1, 1, 1, 0),
      int('count_include_pad', 1),
    ],
  },
  { op: 'AveragePool', x: image, attributes: [ints('kernel_shape', 7, 6)] },
  { op: 'GlobalMaxPool', x: image },
  { op: 'GlobalAveragePool', x: image },
  { op: 'BatchNormalization', x: image, weights: [[[4]], [[4]], [[4]], [[4]]], attributes: [float('epsilon', 0.01)] },
  { op: 'InstanceNormalization', x: image, weights: [[[4]], [[4]]] },
  { op: 'LayerNormalization', x: [2, 3, 8], weights: [[[8]], [[8]]] },
  ...['asymmetric', 'half_pixel', 'align_corners', 'pytorch_half_pixel'].flatMap((mode): Case[] => [
    {
      op: 'Resize',
      x: image,
      settings: [null],
      floats: [[1, 1, 1.7, 2.5]],
      attributes: [text('mode', 'linear'), text('coordinate_transformation_mode', mode)],
    },
    {
      op: 'Resize',
      x: image,
      settings: [null, null, [2, 4, 3, 11]],
      attributes: [text('mode', 'linear'), text('coordinate_transformation_mode', mode)],
    },
  ]),
  {
    op: 'Resize',
    x: image,
    settings: [null],
    floats: [[1, 1, 2, 2]],
    attributes: [
      text('mode', 'nearest'),
      text('coordinate_transformation_mode', 'asymmetric'),
      text('nearest_mode', 'floor'),
    ],
  },
  { op: 'Resize', x: image, settings: [null], floats: [[1, 1, 3, 2]], attributes: [text('mode', 'nearest')] },
  {
    op: 'Resize',
    x: image,
    settings: [null],
    floats: [[1, 1, 0.6, 1.3]],
    attributes: [text('mode', 'nearest'), text('nearest_mode', 'ceil')],
  },
  { op: 'Upsample', x: image, floats: [[1, 1, 2, 3]], attributes: [text('mode', 'linear')], opset: 9 },
  { op: 'Clip', x: image, attributes: [float('min', -0.5), float('max', 0.5)], opset: 9 },
  { op: 'LeakyRelu', x: image, attributes: [float('alpha', 0.3)] },
  { op: 'PRelu', x: image, weights: [[[4, 1, 1]]] },
  { op: 'HardSigmoid', x: image },
  { op: 'HardSwish', x: image },
  { op: 'Erf', x: image },
  { op: 'Gelu', x: image, opset: 20 },
  { op: 'Gelu', x: image, attributes: [text('approximate', 'tanh')], opset: 20 },
  { op: 'Softmax', x: [2, 3, 4], attributes: [int('axis', 1)] },
  { op: 'Softmax', x: [2, 3, 4], opset: 11 },
  {
    op: 'Gemm',
    x: [3, 4],
    weights: [[[5, 4]], [[5]]],
    attributes: [int('transB', 1), float('alpha', 0.5), float('beta', 2)],
  },
  { op: 'MatMul', x: [2, 3, 4], weights: [[[4]]] },
  { op: 'MatMul', x: [4], weights: [[[4, 5]]] },
  { op: 'ReduceMean', x: image, attributes: [ints('axes', -1, 2), int('keepdims', 0)], opset: 13 },
  { op: 'ReduceMean', x: image, settings: [[2, 3]], opset: 18 },
  { op: 'ReduceL2', x: image, attributes: [ints('axes', 1)] },
  {
    op: 'Slice',
    x: image,
    settings: [
      [-3, 1],
      [1000, 6],
      [2, 3],
      [1, 2],
    ],
  },
  { op: 'Slice', x: image, attributes: [ints('starts', 1), ints('ends', -1), ints('axes', 2)], opset: 9 },
  { op: 'Split', x: image, outputs: 2, attributes: [int('axis', 1)] },
  { op: 'Split', x: image, outputs: 2, settings: [[5, 2]], attributes: [int('axis', -2)] },
  { op: 'Pad', x: image, settings: [[0, 0, 1, -1, 0, 0, 2, 3]], floats: [] },
  { op: 'Reshape', x: image, settings: [[0, -1, 3]] },
  { op: 'Flatten', x: image, attributes: [int('axis', 2)] },
  { op: 'Squeeze', x: [2, 1, 3, 1], settings: [[1]] },
  { op: 'Unsqueeze', x: [2, 3], settings: [[0, -1]] },
  { op: 'Transpose', x: [2, 3, 4] },
  { op: 'Gather', x: image, settings: [[2, 0, 0]], attributes: [int('axis', 1)] },
  { op: 'Expand', x: [3, 1], settings: [[2, 1, 4]] },
  { op: 'DepthToSpace', x: image, attributes: [int('blocksize', 2)] },
  { op: 'DepthToSpace', x: image, attributes: [int('blocksize', 2), text('mode', 'CRD')] },
  { op: 'SpaceToDepth', x: [1, 3, 4, 6], attributes: [int('blocksize', 2)] },
]

describe('An imported node', () => {
  it.each(cases.map((one, i) => [`${i} ${one.op} ${JSON.stringify(one.settings ?? one.floats ?? [])}`, one] as const))(
    'gives what ONNX Runtime gives: %s',
    async (_, one) => {
      const bytes = singleNode(one)
      const { graph: source, outputs, tensors } = importOnnx(decodeOnnx(bytes))
      const { graph, roots } = inferenceGraph(source, [...outputs.values()], { tensors, fold: false })
      ;[...outputs.keys()].forEach((name, i) => graph.output(name, roots[i]))
      const x = Float32Array.from(seededNumbers(size(one.x), 'float32', -2, 2, one.op))
      const [own, theirs] = [await run(encodeOnnx(graph), x, one.x), await run(bytes, x, one.x)]
      for (const [name, want] of Object.entries(theirs)) {
        expect(own[name].dims).toEqual(want.dims)
        expect([...outputs.get(name)!.shape]).toEqual([...want.dims])
        expect(relativeError(own[name].data as Float32Array, want.data as Float32Array)).toBeLessThan(1e-5)
      }
    },
  )
})

describe('An imported graph', () => {
  /** Made here, written, read: no names of ours are left but those of weights. */
  function example(): Uint8Array {
    const source = new Graph()
    const tensors = new Map<string, Float32Array>()
    const x = source.input('x', [1, 3, 6, 6])
    const weight = (name: string, shape: number[], low = -0.5, high = 0.5): Value => {
      tensors.set(name, Float32Array.from(seededNumbers(size(shape), 'float32', low, high, name)))
      return source.input(name, shape)
    }
    const a = conv(x, weight('a', [4, 3, 3, 3]), { pads: [1, 1, 1, 1] }, weight('ab', [4]))
    const norm = batchNorm(
      a,
      weight('g', [4], 0.5, 2),
      weight('b', [4]),
      weight('m', [4]),
      weight('v', [4], 0.5, 2),
      1e-3,
    )
    const b = mul(norm, sigmoid(norm))
    const c = convTranspose(maxPool(b, 2, 2, 0), weight('t', [4, 2, 2, 2]), { strides: [2, 2] })
    const y = transpose(concat([c, b, upsample(maxPool(b, 2, 2, 0), 2)], 1), [0, 2, 3, 1])
    const { graph, roots } = inferenceGraph(source, [y], { tensors, fold: false })
    graph.output('y', roots[0])
    return encodeOnnx(graph)
  }

  it('has gradients that agree with central differences', () => {
    const { graph, outputs, tensors } = importOnnx(decodeOnnx(example()))
    const y = outputs.get('y')!
    const weights = graph.constant(seededNumbers(size(y.shape), 'float32', -1, 1, 'loss'), y.shape)
    const loss = reduceMean(mul(y, weights), [0, 1, 2, 3])
    const feeds = Object.fromEntries([...tensors].map(([name, data]) => [name, [...data]]))
    const trained = [...tensors.keys()].filter((name) => name !== 'm' && name !== 'v')
    expect(trained.sort()).toEqual(['a', 'ab', 'b', 'g', 't'])
    compareGradients(
      loss,
      trained.map((name) => graph.inputs.get(name)!),
      { ...feeds, x: seededNumbers(108, 'float32', -1, 1, 'x') },
      1e-6,
      { samples: 20 },
    )
  })

  it('is the same after it was written and read again', async () => {
    const write = (bytes: Uint8Array) => {
      const { graph: source, outputs, tensors } = importOnnx(decodeOnnx(bytes))
      const { graph, roots } = inferenceGraph(source, [...outputs.values()], { tensors, fold: false })
      graph.output('y', roots[0])
      return encodeOnnx(graph)
    }
    const x = Float32Array.from(seededNumbers(108, 'float32', -1, 1, 'x'))
    const once = write(example())
    const [first, twice] = [await run(once, x, [1, 3, 6, 6]), await run(write(once), x, [1, 3, 6, 6])]
    expect(twice.y.data).toEqual(first.y.data)
  })

  it.each([
    ['an op that nobody knows', { op: 'Frobnicate', x: [2] }, 'unsupported-op', /it \(Frobnicate\).*not known here/],
    [
      'a window over one dimension',
      { op: 'Conv', x: [1, 2, 9], weights: [[[3, 2, 3]]] },
      'unsupported-op',
      /it \(Conv\).*images have 2/,
    ],
    [
      'shapes that do not fit',
      { op: 'Conv', x: image, weights: [[[3, 5, 1, 1]]] },
      'unsupported-op',
      /it \(Conv\).*channels do not fit/,
    ],
    ['an operator set of the stone age', { op: 'Relu', x: [2], opset: 3 }, 'unsupported-opset', /operator set 3/],
    ['an operator set of the future', { op: 'Relu', x: [2], opset: 99 }, 'unsupported-opset', /operator set 99/],
  ] as [string, Case, string, RegExp][])('names %s', (_, one, code, message) => {
    expect(() => importOnnx(decodeOnnx(singleNode(one)))).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })

  it('refuses a cycle', () => {
    const file = decodeOnnx(singleNode({ op: 'Relu', x: [2] }))
    file.graph.nodes = [
      { name: 'one', op: 'Add', domain: '', inputs: ['x', 'b'], outputs: ['a'], attributes: new Map() },
      { name: 'two', op: 'Relu', domain: '', inputs: ['a'], outputs: ['b'], attributes: new Map() },
      { name: 'end', op: 'Relu', domain: '', inputs: ['b'], outputs: ['y0'], attributes: new Map() },
    ]
    expect(() => importOnnx(file)).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringContaining('cycle') }),
    )
  })
})
