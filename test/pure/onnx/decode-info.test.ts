/** Inspecting ONNX files: what ours say, and that hostile bytes end in one error, quickly. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Graph } from '@shared/engine/graph'
import { decodeOnnxInfo } from '@shared/engine/onnx/decode-info'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { conv, sigmoid } from '@shared/engine/ops'

function smallModel(): Uint8Array {
  const graph = new Graph()
  const x = graph.input('images', [2, 3, 8, 8])
  const weight = graph.constant(new Float32Array(4 * 3).fill(0.5), [4, 3, 1, 1], 'float32', 'stem.weight')
  graph.output(
    'output',
    graph.scope('stem', () => sigmoid(conv(x, weight, {}))),
  )
  return encodeOnnx(graph, {
    metadata: { names: "{0: 'Möwe'}" },
    symbolic: { images: { 0: 'batch' } },
    valueInfo: true,
  })
}

test('tells inputs, outputs, metadata, operator set and ops', () => {
  const info = decodeOnnxInfo(smallModel())
  expect(info).toMatchObject({
    irVersion: 8,
    opset: 17,
    producer: 'tagwright',
    inputs: [{ name: 'images', type: 'float32', shape: ['batch', 3, 8, 8] }],
    outputs: [{ name: 'output', type: 'float32', shape: [2, 4, 8, 8] }],
    nodes: 2,
    externalFiles: [],
  })
  expect(info.metadata.get('names')).toBe("{0: 'Möwe'}")
  expect([...info.ops]).toEqual([
    ['Conv', 1],
    ['Sigmoid', 1],
  ])
})

describe('what is no usable model', () => {
  const refused: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /empty/],
    ['text', new TextEncoder().encode('this is no model, only text'), /not in ONNX format/],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), /not in ONNX format/],
    ['a model cut off', smallModel().subarray(0, -40), /cut off/],
    ['a model without a graph', Uint8Array.of(8, 8), /no graph/],
    ['a length beyond the end', Uint8Array.of(8, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1), /cut off/],
    ['an endless number', Uint8Array.of(8, ...Array<number>(200).fill(0xff)), /ONNX/],
    // Field 7 (graph) holding ten thousand outputs too many (field 12, empty).
    [
      'too many outputs',
      withGraph(Uint8Array.from({ length: 40_000 }, (_, i) => (i % 2 ? 0 : 0x62))),
      /more than 10000/,
    ],
  ]
  test.each(refused)('%s', (_, bytes, reason) => {
    expect(() => decodeOnnxInfo(bytes)).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(reason) }),
    )
  })

  test('random bytes and damaged models end in that error or in an answer, never in another one', () => {
    const model = smallModel()
    const attempt = (bytes: Uint8Array) => {
      try {
        decodeOnnxInfo(bytes)
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-model' })
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), attempt), { numRuns: 500 })
    const flips = fc.array(fc.tuple(fc.nat(model.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = model.slice()
        for (const [at, value] of changes) bytes[at] = value
        attempt(bytes)
      }),
      { numRuns: 500 },
    )
  })

  test('4 MB of nested or repeated nonsense take a moment', () => {
    for (const byte of [0x0a, 0x3a, 0x08, 0x62, 0xff]) {
      const started = performance.now()
      expect(() => decodeOnnxInfo(withGraph(new Uint8Array(4 << 20).fill(byte)))).toThrow()
      expect(performance.now() - started).toBeLessThan(5_000)
    }
  })
})

function withGraph(graph: Uint8Array): Uint8Array {
  const length: number[] = []
  for (let rest = graph.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) | 128)
    if (rest < 128) break
  }
  const bytes = new Uint8Array(3 + length.length + graph.length)
  bytes.set([8, 8, 0x3a, ...length])
  bytes.set(graph, 3 + length.length)
  return bytes
}
