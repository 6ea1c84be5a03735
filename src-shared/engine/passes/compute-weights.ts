/** Numbers that depend on weights alone, as convolutions with implicit knowledge have them. */
import { type Value, isConst, isInput, size } from '../graph'

interface Numbers {
  data: ArrayLike<number>
  shape: readonly number[]
}

/**
 * The value of what products, sums, matrix products and reshapes make of weights and constants, in float64; null when
 * anything else is in it, or when nothing is computed: a weight in another shape stays the weight that others find by name.
 * @param weightOf numbers of a graph input, null when it is no weight.
 */
export function computeWeights(value: Value, weightOf: (input: Value) => Float32Array | null): Float32Array | null {
  const known = new Map<Value, Numbers | null>()
  let isComputed = false
  const numbers = (v: Value): Numbers | null => {
    if (known.has(v)) return known.get(v)!
    const made = make(v)
    known.set(v, made)
    return made
  }
  const make = (v: Value): Numbers | null => {
    const { node, shape, dtype } = v
    if (dtype !== 'float32') return null
    if (isConst(v)) return { data: node.graph.data(v) as Float32Array, shape }
    if (isInput(v)) {
      const data = weightOf(v)
      return data && { data, shape }
    }
    if (!['Mul', 'Add', 'MatMul', 'Reshape'].includes(node.op.name)) return null
    const [a, b] = node.inputs.map((input) => (input ? numbers(input) : null))
    if (!a) return null
    if (node.op.name === 'Reshape') return { data: a.data, shape }
    if (!b) return null
    isComputed = true
    if (node.op.name === 'MatMul') return a.shape.length === 2 && b.shape.length === 2 ? product(a, b) : null
    return pairwise(a, b, shape, node.op.name === 'Mul' ? (x, y) => x * y : (x, y) => x + y)
  }
  const result = numbers(value)
  return result && isComputed ? Float32Array.from(result.data) : null
}

function product(a: Numbers, b: Numbers): Numbers {
  const [rows, inner] = a.shape
  const columns = b.shape[1]
  const data = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < columns; j++) data[i * columns + j] += a.data[i * inner + k] * b.data[k * columns + j]
  return { data, shape: [rows, columns] }
}

function pairwise(a: Numbers, b: Numbers, shape: readonly number[], f: (x: number, y: number) => number): Numbers {
  const place = ({ shape: own }: Numbers, index: readonly number[]) => {
    let at = 0
    own.forEach((length, axis) => (at = at * length + (length === 1 ? 0 : index[axis + shape.length - own.length])))
    return at
  }
  const index = shape.map(() => 0)
  const data = new Float64Array(size(shape))
  for (let i = 0; i < data.length; i++) {
    data[i] = f(a.data[place(a, index)], b.data[place(b, index)])
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0
  }
  return { data, shape }
}
