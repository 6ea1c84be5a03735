/** Gives batch norms that were folded away the statistics of real images, without changing what the network computes. */
import { Graph, type Value } from '../engine/graph'
import { Nn } from '../engine/nn'
import { encodeOnnx } from '../engine/onnx/encode'
import { mul, reduceMean, reshape, sub } from '../engine/ops'
import { inferenceGraph } from '../engine/passes/inference'
import type { ModelDef } from './models/define'

export interface NormProgram {
  /** Input `images` as the model's build takes them; outputs `mean/<norm>` and `variance/<norm>` of what each norm gives. */
  onnx: Uint8Array
  norms: readonly { scope: string; epsilon: number }[]
}

/** @param wanted scope names of batch norms. */
export function normProgram(
  model: ModelDef,
  tensors: ReadonlyMap<string, Float32Array>,
  wanted: readonly string[],
  at: { classes: number; params: Record<string, unknown>; batch: number; size: readonly [number, number] },
): NormProgram {
  const source = new Graph()
  const nn = new Nn(source, false)
  const images = source.input('images', [at.batch, 3, ...at.size])
  const head = model.build(nn, images, at)
  const norms: { scope: string; epsilon: number }[] = []
  const roots: Value[] = []
  for (const node of source.reachable([model.output(head)])) {
    if (node.op.name !== 'BatchNormalization') continue
    const scope = (node.inputs[1]!.node.attrs.name as string).replace(/\.weight$/, '')
    if (!wanted.includes(scope)) continue
    const [y] = node.outputs
    const mean = reduceMean(y, [0, 2, 3])
    const centred = sub(y, reshape(mean, [1, y.shape[1], 1, 1]))
    roots.push(mean, reduceMean(mul(centred, centred), [0, 2, 3]))
    norms.push({ scope, epsilon: node.attrs.epsilon as number })
  }
  const { graph, roots: values } = inferenceGraph(source, roots, { tensors, fold: true })
  norms.forEach(({ scope }, i) => {
    graph.output(`mean/${scope}`, values[2 * i])
    graph.output(`variance/${scope}`, values[2 * i + 1])
  })
  return { onnx: encodeOnnx(graph), norms }
}

/** Mean and variance of what a norm gives, over all calibration images. */
export interface Moments {
  mean: Float64Array
  variance: Float64Array
}

/**
 * A norm y = gamma (z - mean) / sqrt(var + eps) + beta whose output is known to have the given moments gets the mean and
 * variance of its input as running statistics; scale and shift follow so that y stays the same.
 * @param tensors changed in place.
 */
export function calibrateNorm(
  tensors: Map<string, Float32Array>,
  { scope, epsilon }: { scope: string; epsilon: number },
  moments: Moments,
): void {
  const get = (leaf: string) => tensors.get(`${scope}.${leaf}`)!
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(get)
  const next = [gamma, beta, mean, variance].map((data) => new Float32Array(data.length))
  for (let c = 0; c < gamma.length; c++) {
    const slope = gamma[c] / Math.sqrt(variance[c] + epsilon)
    // A norm that scales by zero says nothing about its input.
    if (slope === 0) {
      ;[gamma, beta, mean, variance].forEach((data, i) => (next[i][c] = data[c]))
      continue
    }
    const inputMean = mean[c] + (moments.mean[c] - beta[c]) / slope
    const inputVariance = moments.variance[c] / slope ** 2
    next[0][c] = slope * Math.sqrt(inputVariance + epsilon)
    next[1][c] = beta[c] + slope * (inputMean - mean[c])
    next[2][c] = inputMean
    next[3][c] = inputVariance
  }
  ;['weight', 'bias', 'running_mean', 'running_var'].forEach((leaf, i) => tensors.set(`${scope}.${leaf}`, next[i]))
}
