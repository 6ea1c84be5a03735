import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { decodeOnnx } from '@shared/engine/onnx/decode'
import { ModelProtoSchema } from '@shared/engine/onnx/generated/onnx_pb'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { Graph } from '@shared/engine/graph'
import { add, conv } from '@shared/engine/ops'

const tensorType = (dims: number[]) => ({
  value: {
    case: 'tensorType' as const,
    value: {
      elemType: 1,
      shape: { dim: dims.map((d) => ({ value: { case: 'dimValue' as const, value: BigInt(d) } })) },
    },
  },
})
const model = (graph: object) =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        name: 'g',
        input: [{ name: 'x', type: tensorType([2]) }],
        output: [{ name: 'y', type: tensorType([2]) }],
        ...graph,
      },
    } as never),
  )
const withTensor = (tensor: object) =>
  model({ node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }], initializer: [{ name: 'w', ...tensor }] })

describe('The decoder of ONNX files', () => {
  it('reads back what the encoder writes', () => {
    const graph = new Graph()
    const x = graph.input('x', [1, 2, 5, 5])
    const w = graph.constant(
      Float32Array.from({ length: 36 }, (_, i) => i / 7),
      [2, 2, 3, 3],
      'float32',
      'kernel',
    )
    graph.output('y', add(conv(x, w, { strides: [2, 2], pads: [1, 1, 1, 1] }), 0.5))
    const { graph: read, info } = decodeOnnx(encodeOnnx(graph))
    expect(info.opset).toBe(17)
    expect(read.initializers.get('kernel')).toMatchObject({ type: 'float32', dims: [2, 2, 3, 3] })
    expect(read.initializers.get('kernel')!.data).toEqual(Float32Array.from({ length: 36 }, (_, i) => i / 7))
    const node = read.nodes.find(({ op }) => op === 'Conv')!
    expect(node.inputs).toEqual(['x', 'kernel'])
    expect(node.attributes.get('strides')).toEqual({ kind: 'ints', value: [2, 2] })
    expect(node.attributes.get('group')).toEqual({ kind: 'int', value: 1 })
  })

  it.each([
    ['int8 list', { dims: [3n], dataType: 3, int32Data: [-1, 0, 127] }, Int8Array.of(-1, 0, 127)],
    ['int64 list', { dims: [2n], dataType: 7, int64Data: [-5n, 1n << 40n] }, BigInt64Array.of(-5n, 1n << 40n)],
    ['float list', { dims: [2n], dataType: 1, floatData: [0.5, -2] }, Float32Array.of(0.5, -2)],
    ['double list', { dims: [1n], dataType: 11, doubleData: [0.1] }, Float64Array.of(0.1)],
    ['float16 block', { dims: [2n], dataType: 10, rawData: Uint8Array.of(0, 0x3c, 0, 0xc0) }, Float32Array.of(1, -2)],
    [
      'bfloat16 block',
      { dims: [2n], dataType: 16, rawData: Uint8Array.of(0x80, 0x3f, 0, 0xc0) },
      Float32Array.of(1, -2),
    ],
    ['an empty tensor', { dims: [0n], dataType: 1 }, new Float32Array(0)],
  ])('reads %s', (_, tensor, want) => {
    expect(decodeOnnx(withTensor(tensor)).graph.initializers.get('w')!.data).toEqual(want)
  })

  it.each([
    [
      '2 GB declared in a small file',
      { dims: [536_870_912n], dataType: 1, rawData: new Uint8Array(8) },
      'declares 536870912 numbers',
    ],
    ['more than memory can hold', { dims: [1n << 40n, 1n << 40n], dataType: 1 }, 'declares'],
    ['a negative dimension', { dims: [-4n], dataType: 1 }, 'impossible shape'],
    ['numbers of an unknown type', { dims: [1n], dataType: 99, rawData: new Uint8Array(4) }, 'type 99'],
    [
      'fewer numbers than declared',
      { dims: [3n], dataType: 1, floatData: [1, 2] },
      'declares 3 numbers [3] and brings 2',
    ],
  ])('refuses %s', (_, tensor, message) => {
    expect(() => decodeOnnx(withTensor(tensor))).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringContaining(message) }),
    )
  })

  it('names the file that external weights are missing from, and reads them where they are', () => {
    const bytes = withTensor({
      dims: [2n],
      dataType: 1,
      dataLocation: 1,
      externalData: [
        { key: 'location', value: 'weights.bin' },
        { key: 'offset', value: '4' },
        { key: 'length', value: '8' },
      ],
    })
    expect(() => decodeOnnx(bytes)).toThrow(
      expect.objectContaining({ code: 'missing-external-data', message: expect.stringContaining('weights.bin') }),
    )
    const seen: unknown[] = []
    const { graph } = decodeOnnx(bytes, (...asked) => {
      seen.push(asked)
      return new Uint8Array(Float32Array.of(3, 4).buffer)
    })
    expect(seen).toEqual([['weights.bin', 4, 8]])
    expect(graph.initializers.get('w')!.data).toEqual(Float32Array.of(3, 4))
  })

  it('stops at graphs nested without end', () => {
    let graph: object = { name: 'g' }
    for (let i = 0; i < 40; i++)
      graph = { name: 'g', node: [{ opType: 'If', attribute: [{ name: 'then_branch', type: 5, g: graph }] }] }
    expect(() => decodeOnnx(model(graph))).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringContaining('nested') }),
    )
  })

  it('never fails in another way on damaged bytes', () => {
    const bytes = withTensor({ dims: [2n], dataType: 1, floatData: [1, 2] })
    for (let at = 0; at < bytes.length; at++) {
      for (const damaged of [bytes.subarray(0, at), Uint8Array.from(bytes, (b, i) => (i === at ? b ^ 0xff : b))]) {
        try {
          decodeOnnx(damaged)
        } catch (error) {
          expect((error as { code?: string }).code, `byte ${at}`).toMatch(/^(bad-model|missing-external-data)$/)
        }
      }
    }
  })
})
