/** How much of the picture each node of a drawn network sees. */
import type { NetworkNode } from '../contract/models'

interface Sight {
  /** Side of the area of the picture that one cell sees, px; not cut at the picture's edge. */
  field: number
  /** Pixels from one cell to the next. */
  jump: number
}

type Drawn = Pick<NetworkNode, 'op' | 'attributes' | 'inputs' | 'outputs'>

/**
 * Side in px of what a cell of each node's output depends on (Araujo et al. 2019, "Computing receptive fields of
 * convolutional neural networks"): null where the output is no map [N, C, H, W], or does not come from the picture by maps
 * alone. What attention adds is not counted.
 * @param nodes each after those whose values it takes.
 */
export function receptiveFields(nodes: readonly Drawn[]): (number | null)[] {
  const sights: (Sight | null)[] = []
  for (const node of nodes) {
    const seen = node.inputs.flatMap(({ from, held, shape }) => {
      if (held || shape?.length !== 4) return []
      // What nobody made and the file does not hold is the picture.
      const sight = from === null ? { field: 1, jump: 1 } : sights[from]
      return sight ? [{ ...sight, rows: shape[2] }] : []
    })
    const shape = node.outputs[0]?.shape
    if (seen.length === 0 || shape?.length !== 4) {
      sights.push(null)
      continue
    }
    const cells = cellsOf(node, seen[0].rows)
    const [{ jump, rows }] = seen
    sights.push({
      field: Math.max(...seen.map((one) => one.field + (cells - 1) * one.jump)),
      jump: (jump * rows) / shape[2],
    })
  }
  return sights.map((sight) => sight && Math.round(sight.field))
}

/** Side in cells of what one output cell is made of. */
function cellsOf({ op, attributes, inputs }: Drawn, rows: number): number {
  const first = (...names: string[]) => {
    const text = names.map((name) => attributes[name]).find((value) => value !== undefined)
    return text === undefined ? 1 : Number.parseInt(text, 10)
  }
  const kernel = inputs[1]?.shape?.[2] ?? first('kernel_shape')
  switch (op) {
    case 'Conv':
    case 'QLinearConv':
      return (kernel - 1) * first('dilations') + 1
    case 'ConvTranspose':
      return Math.ceil(kernel / first('strides'))
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool':
      return first('kernel_shape', 'kernel')
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return rows
    case 'Focus':
    case 'SpaceToDepth':
      return 2
    default:
      return 1
  }
}
