/** The frozen part of a training program as an inference model of its own. */
import type { Trunk } from './step'
import { encodeOnnx } from './onnx/encode'
import { cast } from './ops'
import { inferenceGraph } from './passes/inference'

/**
 * Weights are constants and norms are folded, so the runtime optimises it like any finished model.
 * @param tensors parameters and running statistics by name.
 * @returns a model from the images (float32 [N, C, H, W]) to the features, float16.
 */
export function encodeTrunk(
  { graph: source, features }: Trunk,
  tensors: ReadonlyMap<string, Float32Array>,
): Uint8Array {
  const wanted = features.map(({ value }) => value)
  const { graph, roots } = inferenceGraph(source, wanted, { tensors, fold: true })
  features.forEach(({ name }, i) =>
    graph.output(name, roots[i].dtype === 'float32' ? cast(roots[i], 'float16') : roots[i]),
  )
  return encodeOnnx(graph)
}
