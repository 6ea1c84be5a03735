/** Blocks in ONNX Runtime against the float64 interpreter: output and gradients, plain and in the blocked layout. */
import { describe, expect, it } from 'vitest'
import { grad } from '@shared/engine/grad'
import { interpret } from '../../helpers/reference'
import { blockExamples, buildBlock } from '../../helpers/block-examples'
import { relativeError, runGraph } from '../../helpers/run-graph'

const isNull = (name: string) => /^(key|phi)\.bias$/.test(name)

describe.each(blockExamples)('%s', (_title, id, block, example) => {
  it.each([0, 16])('trains alike with block %i', async (layout) => {
    const identity = example.input.join() === example.output.join()
    const { nn, y, loss, graded, feeds } = buildBlock(block, example, { identity })
    const names = graded.map((v) => v.node.attrs.name as string)
    const gradients = grad(loss, graded)
    const stats = [...nn.stats.values()].flatMap(({ batch }) => (batch ? [batch] : []))
    const params = new Set(nn.params.keys())
    const wanted = [y, loss, ...gradients]
    const { values } = await runGraph(wanted, feeds, {
      block: layout,
      params,
      storageOf: [null, null, ...names.map((name) => (params.has(name) ? name : null))],
    })
    const expected = interpret([...wanted, ...stats], feeds)
    wanted.forEach((_, i) => {
      const name = ['output', 'loss', ...names][i]
      // What is zero but for rounding has no relative error.
      const scale = Math.max(...expected[i].data.map(Math.abs))
      if (isNull(name) || (id === 'non-local' && name === 'g.bias')) expect(scale).toBeLessThan(1e-9)
      else expect(relativeError(values[i], expected[i].data), name).toBeLessThan(2e-4)
    })
  })

  it('computes the same for inference', async () => {
    const { y, feeds } = buildBlock(block, example, { training: false })
    const { values } = await runGraph([y], feeds)
    expect(relativeError(values[0], interpret([y], feeds)[0].data)).toBeLessThan(1e-4)
  })
})
