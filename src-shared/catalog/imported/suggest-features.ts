/** Values of an imported network that a new head can stand on. */
import { TagwrightError } from '../../base/errors'
import type { OnnxModel } from '../../engine/onnx/decode'
import { importFor } from './graft'

export interface FeatureCandidate {
  /** Of the value in the file. */
  name: string
  /** Of the node that makes it. */
  node: string
  op: string
  channels: number
  /** Pixels of the picture from one cell to the next. */
  stride: number
  /** Ops that have to run one after another to get there. */
  depth: number
}

/** Ops that only join what others made. */
const joins = new Set(['Concat', 'Split', 'Slice', 'Pad', 'Transpose', 'Reshape'])

/**
 * Feature maps by their place in the file. Parts that cannot be imported are left out with all that depends on them.
 * @param side of the picture, px.
 */
export function featureCandidates(network: OnnxModel, side: number): FeatureCandidate[] {
  const imported = importFor(
    network,
    [1, 3, side, side],
    network.info.outputs.map(({ name }) => name),
    true,
  )
  const depths = new Map<string, number>()
  const candidates: FeatureCandidate[] = []
  for (const node of network.graph.nodes) {
    const depth = 1 + Math.max(0, ...node.inputs.map((name) => depths.get(name) ?? 0))
    for (const name of node.outputs) {
      depths.set(name, depth)
      const shape = imported.values.get(name)
      if (shape?.length !== 4) continue
      const [, channels, h, w] = shape
      // Sides that do not divide evenly lose or gain a cell.
      const stride = 2 ** Math.round(Math.log2(side / h))
      if (h !== w || h < 2 || stride < 2 || Math.abs(h - side / stride) > 1 || channels < 2) continue
      candidates.push({ name, node: node.name || name, op: node.op, channels, stride, depth })
    }
  }
  return candidates
}

/**
 * The last wide feature map of each wanted stride: heads that narrow it down are left behind.
 * @param strides in px; null: the coarsest there is.
 * @throws `no-features` saying which strides the network has.
 */
export function suggestFeatures(candidates: readonly FeatureCandidate[], strides: readonly number[] | null): string[] {
  const known = [...new Set(candidates.map(({ stride }) => stride))].sort((a, b) => a - b)
  const coarsest = known.at(-1)
  const wanted = strides ?? (coarsest === undefined ? [] : [coarsest])
  const chosen = wanted.flatMap((stride) => {
    const here = candidates.filter((one) => one.stride === stride && !joins.has(one.op))
    const widest = Math.max(...here.map(({ channels }) => channels))
    return here.filter(({ channels }) => channels >= 0.9 * widest).at(-1)?.name ?? []
  })
  if (chosen.length === wanted.length && chosen.length > 0) return chosen
  throw new TagwrightError(
    'no-features',
    `The network has feature maps of the strides ${known.join(', ') || '(none)'}; the head needs ${wanted.join(', ') || 'one'}. Choose other features (--features on the command line), or another network.`,
    { known, wanted },
  )
}
