/** Every op: its shape rule and its gradient, against the float64 interpreter. */
import { describe, expect, it } from 'vitest'
import { size } from '@shared/engine/graph'
import { grad } from '@shared/engine/grad'
import { mask, mul, ops, reduceSum } from '@shared/engine/ops'
import { buildExample, opExamples, withoutExamples } from '../../helpers/op-examples'
import { compareGradients } from '../../helpers/compare-gradients'
import { interpret } from '../../helpers/reference'

describe('Examples', () => {
  it.each(Object.values(ops))('$name has examples, or a reason for none', (op) => {
    expect(op.examples.length > 0).toBe(!(op.name in withoutExamples))
  })
})

describe.each(opExamples)('%s', (_, op, example) => {
  const at = buildExample(op, example)

  it('gives as many finite numbers as its shape rule says', () => {
    const results = interpret(at.outputs, at.feeds)
    results.forEach((result, i) => {
      expect(result.shape).toEqual(at.outputs[i].shape)
      expect(result.data.length).toBe(size(at.outputs[i].shape))
      expect(result.data.every(Number.isFinite)).toBe(true)
      expect(result.data.some((v) => v !== 0)).toBe(true)
    })
  })

  if (at.loss && at.graded.length && !('none' in op.grad)) {
    it('has the gradient of central differences', () => {
      compareGradients(at.loss!, at.graded, at.feeds, 1e-6)
    })
  } else if (op.name === 'Identity') {
    it('cuts the gradient', () => {
      const [g] = interpret(grad(at.loss!, at.graded), at.feeds)
      expect([...g.data].every((v) => v === 0)).toBe(true)
    })
  } else if (at.loss && 'none' in op.grad) {
    const { none } = op.grad
    it('refuses a gradient and says why', () => {
      expect(() => grad(at.loss!, at.graded.slice(0, 1))).toThrow(
        expect.objectContaining({ code: 'no-gradient', message: expect.stringContaining(none) }),
      )
    })
  } else if (at.outputs[0].dtype === 'bool') {
    it('lets no gradient through its booleans and integers', () => {
      const x = at.graph.input('factor', at.outputs[0].shape)
      const loss = reduceSum(
        mul(x, mask(at.outputs[0])),
        x.shape.map((_, i) => i),
      )
      const feeds = { ...at.feeds, factor: Array.from({ length: size(x.shape) }, (_, i) => i + 1) }
      const [byFactor, ...rest] = interpret(grad(loss, [x, ...at.graded]), feeds)
      expect([...byFactor.data]).toEqual([...interpret([mask(at.outputs[0])], feeds)[0].data])
      for (const g of rest) expect(g.data.every((v) => v === 0)).toBe(true)
    })
  }
})
