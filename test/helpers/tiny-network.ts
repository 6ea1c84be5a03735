/** A small network with parts, named as exporters name them: a stem and stages of strides 2 to 32, 64 px. */
import { Graph, type Value } from '@shared/engine/graph'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { conv, reduceMean, relu } from '@shared/engine/ops'

/** Bytes of the ONNX file. Weights are the same each time. */
export function tinyNetwork(): Uint8Array {
  const graph = new Graph()
  const layer = (name: string, x: Value, channels: number): Value =>
    graph.scope(name, () => {
      const shape = [channels, x.shape[1], 3, 3]
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i) / 9)
      const weight = graph.constant(data, shape)
      return relu(conv(x, weight, { strides: [2, 2], pads: [1, 1, 1, 1] }))
    })
  let x = layer('stem', graph.input('images', [1, 3, 64, 64]), 8)
  x = graph.scope('stages', () => [16, 24, 32, 40].reduce((y, channels, i) => layer(`stage${i + 1}`, y, channels), x))
  graph.output('embedding', reduceMean(x, [2, 3]))
  return encodeOnnx(graph)
}
