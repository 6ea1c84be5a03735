/** ONNX Runtime's CPU provider against the float64 interpreter, for every example of every op and for its gradient. */
import { describe, expect, it } from 'vitest'
import { grad } from '@shared/engine/grad'
import { buildExample, opExamples } from '../../helpers/op-examples'
import { interpret } from '../../helpers/reference'
import { relativeError, runGraph } from '../../helpers/run-graph'

describe.each(opExamples)('%s', (_, op, example) => {
  it('computes the same in ONNX Runtime', async () => {
    const { outputs, feeds } = buildExample(op, example)
    const { values } = await runGraph(outputs, feeds)
    interpret(outputs, feeds).forEach(({ data }, i) => expect(relativeError(values[i], data)).toBeLessThan(1e-4))
  })

  const { loss, graded, feeds } = buildExample(op, example)
  if (loss && graded.length && !('none' in op.grad)) {
    it('has the same gradient in ONNX Runtime', async () => {
      const gradients = grad(loss, graded)
      const { values } = await runGraph(gradients, feeds)
      interpret(gradients, feeds).forEach(({ data }, i) => expect(relativeError(values[i], data)).toBeLessThan(1e-4))
    })
  }
})
