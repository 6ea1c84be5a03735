import { describe, expect, it } from 'vitest'
import { grad } from '@shared/engine/grad'
import { Graph, type Op, none, verify } from '@shared/engine/graph'
import { add, concat, conv, floor, matmul, mul, reduceSum, relu, reshape, stopGradient, sub } from '@shared/engine/ops'
import { fuse } from '@shared/engine/passes/fuse'
import { interpret } from '../../helpers/reference'

const error = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

describe('Graph', () => {
  it('builds the same node only once', () => {
    const g = new Graph()
    const x = g.input('x', [2])
    expect(add(x, 1)).toBe(add(x, 1))
    expect(add(x, 1)).not.toBe(add(x, 2))
    expect(g.scalar(3)).toBe(g.constant([3], []))
    expect(g.constant([1, 2], [2])).not.toBe(g.constant([1, 2], [1, 2]))
    expect(g.constant([1, 2], [2])).not.toBe(g.constant([1, 2], [2], 'int32'))
    expect(g.input('x', [2])).toBe(x)
  })

  it('keeps large constants apart without comparing them', () => {
    const g = new Graph()
    const data = new Float32Array(100)
    expect(g.constant(data, [100])).not.toBe(g.constant(data, [100]))
  })

  it('tells constants apart by every number', () => {
    const g = new Graph()
    expect(g.data(g.constant([1.5, -0], [2]))).toEqual(Float32Array.of(1.5, -0))
    expect(g.constant([1e-9], [])).not.toBe(g.constant([2e-9], []))
  })

  it('names nodes by the scope in which they were first built', () => {
    const g = new Graph()
    const x = g.input('x', [2])
    const y = g.scope('neck', () => g.scope('conv', () => relu(x)))
    expect(y.node.path).toBe('neck.conv.Relu')
    expect(relu(x).node.path).toBe('neck.conv.Relu')
    expect(add(x, x).node.path).toBe('Add')
    expect(() =>
      g.scope('broken', () => {
        throw new Error('inside')
      }),
    ).toThrow('inside')
    expect(mul(x, x).node.path).toBe('Mul')
  })

  it('refuses shapes that do not fit, with path, shapes and reason', () => {
    const g = new Graph()
    const a = g.input('a', [2, 3])
    const b = g.input('b', [4, 3])
    expect(() => g.scope('head', () => add(a, b))).toThrow(
      error('bad-graph', /^head\.Add cannot take \(float32\[2,3\], float32\[4,3\]\): .*do not broadcast/),
    )
    expect(() => matmul(a, b)).toThrow(error('bad-graph', /inner sizes 3 and 4 differ/))
    expect(() => concat([a, g.input('c', [2, 4])], 0)).toThrow(error('bad-graph', /axis 1 differs: 4 and 3/))
    expect(() => reshape(a, [5])).toThrow(error('bad-graph', /6 numbers, \[5\] 5/))
    expect(() => conv(g.input('i', [1, 3, 4, 4]), g.input('w', [2, 4, 1, 1]))).toThrow(
      error('bad-graph', /3 channels do not fit weights \[2,4,1,1\]/),
    )
    expect(() => add(a, g.input('n', [2, 3], 'int32'))).toThrow(error('bad-graph', /dtypes differ: float32, int32/))
  })

  it('refuses inputs, outputs, constants and values that contradict', () => {
    const g = new Graph()
    const x = g.input('x', [2])
    expect(() => g.input('x', [3])).toThrow(error('bad-graph', /Input "x" is used as float32\[2\] and as float32\[3\]/))
    g.output('y', x)
    expect(() => g.output('y', x)).toThrow(error('bad-graph', /Two outputs are named "y"/))
    expect(() => g.constant([1, 2], [3])).toThrow(error('bad-graph', /shape \[3\] was given 2 numbers/))
    expect(() => g.data(x)).toThrow(error('bad-graph', /is not a constant/))
    expect(() => add(x, new Graph().input('x', [2]))).toThrow(error('bad-graph', /Add mixes values of two graphs/))
  })

  it('lists what the outputs need in topological order', () => {
    const g = new Graph()
    const x = g.input('x', [2])
    mul(x, 7)
    const y = add(relu(x), 1)
    g.output('y', y)
    expect(g.reachable().map((n) => n.op.name)).toEqual(['Input', 'Relu', 'Constant', 'Add'])
  })
})

describe('verify', () => {
  it('passes what was built and finds a recorded type that is wrong', () => {
    const g = new Graph()
    let wide = false
    const odd: Op = {
      name: 'Odd',
      infer: ([x]) => [{ shape: wide ? [9] : x!.shape, dtype: x!.dtype }],
      grad: none('test'),
      onnx: {},
      examples: [],
    }
    g.scope('stem', () => g.apply(odd, [g.input('x', [2])]))
    expect(() => verify(g)).not.toThrow()
    wide = true
    expect(() => verify(g)).toThrow(error('bad-graph', /^stem\.Odd: the recorded type is not the inferred one/))
  })

  it('finds a node that is used before it is built', () => {
    const g = new Graph()
    const y = add(g.input('x', [2]), g.input('z', [2]))
    ;(y.node as { inputs: unknown }).inputs = [relu(y), y.node.inputs[1]]
    expect(() => verify(g)).toThrow(error('bad-graph', /^Add uses a value that is built after it/))
  })
})

describe('grad', () => {
  it('sums a gradient over broadcast dimensions', () => {
    const g = new Graph()
    const row = g.input('row', [3])
    const column = g.input('column', [2, 1])
    const one = g.input('one', [])
    const y = mul(add(row, column), one)
    const gradients = grad(reduceSum(mul(y, g.constant([1, 2, 3, 4, 5, 6], [2, 3])), [0, 1]), [row, column, one])
    expect(gradients.map((v) => v.shape)).toEqual([[3], [2, 1], []])
    const [dRow, dColumn, dOne] = interpret(gradients, { row: [1, 2, 3], column: [10, 20], one: [2] }).map((t) => [
      ...t.data,
    ])
    expect(dRow).toEqual([10, 14, 18])
    expect(dColumn).toEqual([12, 30])
    expect(dOne).toEqual([1 * 11 + 2 * 12 + 3 * 13 + 4 * 21 + 5 * 22 + 6 * 23])
  })

  it('sums what comes from several consumers and from the loss used twice', () => {
    const g = new Graph()
    const x = g.input('x', [1])
    const loss = reduceSum(add(mul(x, x), add(mul(x, 3), x)), [0])
    expect([...interpret(grad(loss, [x]), { x: [5] })[0].data]).toEqual([14])
  })

  it('is zero for what the loss does not depend on, and for what is stopped', () => {
    const g = new Graph()
    const x = g.input('x', [2])
    const y = g.input('y', [2])
    const loss = reduceSum(mul(x, stopGradient(mul(x, y))), [0])
    const [dx, dy] = interpret(grad(loss, [x, y]), { x: [2, 3], y: [5, 7] })
    expect([...dx.data]).toEqual([10, 21])
    expect([...dy.data]).toEqual([0, 0])
  })

  it('differentiates by an inner value', () => {
    const g = new Graph()
    const h = mul(g.input('x', [2]), 3)
    expect([...interpret(grad(reduceSum(mul(h, h), [0]), [h]), { x: [1, 2] })[0].data]).toEqual([6, 12])
  })

  it('names the op that has no gradient', () => {
    const g = new Graph()
    const x = g.input('x', [2])
    const loss = reduceSum(
      g.scope('head.cls', () => floor(x)),
      [0],
    )
    expect(() => grad(loss, [x])).toThrow(
      error('no-gradient', /^head\.cls\.Floor has no gradient \(piecewise constant\)/),
    )
    expect(() => grad(x, [x])).toThrow(error('bad-graph', /The loss has shape \[2\]; it must be a scalar/))
  })

  it('names gradient nodes after the forward node', () => {
    const g = new Graph()
    const x = g.input('x', [2])
    const [dx] = grad(
      reduceSum(
        g.scope('stem', () => mul(x, sub(x, 1))),
        [0],
      ),
      [x],
    )
    expect(g.reachable([dx]).some((n) => n.path.startsWith('stem.Mul.grad.'))).toBe(true)
  })
})

describe('fuse', () => {
  it('lets an input gradient accumulate onto the other side of a join, with the same numbers', () => {
    const g = new Graph()
    const x = g.input('x', [1, 2, 3, 3])
    const w = g.input('w', [2, 2, 3, 3])
    const y = add(conv(x, w, { pads: [1, 1, 1, 1] }), x)
    const [dx] = grad(reduceSum(mul(y, y), [0, 1, 2, 3]), [x])
    const { graph, roots } = fuse(g, [dx])
    verify(graph)
    const adds = (of: Graph, root: typeof dx) => of.reachable([root]).filter((n) => n.op.name === 'Add').length
    expect(adds(graph, roots[0])).toBe(adds(g, dx) - 1)
    const feeds = {
      x: Array.from({ length: 18 }, (_, i) => Math.sin(i)),
      w: Array.from({ length: 36 }, (_, i) => Math.cos(i)),
    }
    const [before] = interpret([dx], feeds)
    const [after] = interpret(roots, feeds)
    before.data.forEach((v, i) => expect(after.data[i]).toBeCloseTo(v, 10))
  })

  it('leaves a gradient that others use too', () => {
    const g = new Graph()
    const x = g.input('x', [1, 1, 3, 3])
    const w = g.input('w', [1, 1, 1, 1])
    const [dx] = grad(reduceSum(conv(x, w), [0, 1, 2, 3]), [x])
    const { graph, roots } = fuse(g, [add(dx, x), dx])
    expect(graph.reachable(roots).filter((n) => n.op.name === 'Add').length).toBe(1)
  })
})
