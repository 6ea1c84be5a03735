/** Blocks on WebGPU: the CPU's output and gradients, with no node left to it. */
import { expect, test } from 'vitest'
import { blocks } from '@shared/catalog/blocks'
import { grad } from '@shared/engine/grad'
import { buildBlock } from '../helpers/block-examples'
import { need } from '../helpers/need'
import { relativeError, runGraph } from '../helpers/run-graph'

const gpu = need('gpu')

gpu.describe('Blocks on WebGPU', () => {
  test.each(blocks.entries())('%s trains as on the CPU', { timeout: 400_000 }, async (_, block) => {
    const { y, loss, graded, feeds } = buildBlock(block, block.examples[0])
    const wanted = [y, loss, ...grad(loss, graded)]
    const cpu = await runGraph(wanted, feeds)
    // The session refuses a graph of which a node would fall back to the CPU.
    const device = await runGraph(wanted, feeds, { provider: 'webgpu' })
    wanted.forEach((_value, i) => {
      const name = ['output', 'loss', ...graded.map((v) => v.node.attrs.name as string)][i]
      if (/^(key|phi|g)\.bias$/.test(name)) return
      expect(relativeError(device.values[i], cpu.values[i]), name).toBeLessThan(1e-3)
    })
  })
})
