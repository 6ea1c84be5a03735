/** Blocks against their articles' formulas in PyTorch, float64: output and every gradient. */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { blocks } from '@shared/catalog/blocks'
import { grad } from '@shared/engine/grad'
import { size } from '@shared/engine/graph'
import { blockExamples, buildBlock } from '../helpers/block-examples'
import { need } from '../helpers/need'
import { seededNumbers } from '../helpers/op-examples'
import { interpret } from '../helpers/reference'
import { relativeError, runGraph } from '../helpers/run-graph'

const torch = need('torch')
interface Answer {
  shape: number[]
  y: number[]
  loss: number
  gradients: Record<string, number[]>
}

torch.describe('Blocks in PyTorch', () => {
  const script = resolve(import.meta.dirname, '../helpers/blocks_reference.py')
  const built = blockExamples.map(([title, id, block, example]) => ({
    title,
    id,
    example,
    ...buildBlock(block, example),
    params: block.params.parse(example.params ?? {}),
  }))
  const cases = built.map(({ id, params, graded, feeds, y }) => ({
    block: id,
    params,
    shapes: Object.fromEntries(graded.map((v) => [v.node.attrs.name as string, v.shape])),
    feeds,
    weights: seededNumbers(size(y.shape), 'float32', -1, 1, blocks.get(id).title, 'loss'),
  }))
  let answers: Answer[] | null = null
  const ask = (): Answer[] =>
    (answers ??= JSON.parse(
      execFileSync(torch.path, [script], { input: JSON.stringify(cases), encoding: 'utf8', maxBuffer: 2 ** 30 }),
    ) as Answer[])

  test.each(built.map((one, i) => [one.title, i] as const))(
    '%s',
    async (_, i) => {
      const { y, loss, graded, feeds } = built[i]
      const theirs = ask()[i]
      expect(theirs.shape).toEqual(y.shape)
      const wanted = [y, loss, ...grad(loss, graded)]
      const names = graded.map((v) => v.node.attrs.name as string)
      const expected = [theirs.y, [theirs.loss], ...names.map((name) => theirs.gradients[name])]
      const exact = interpret(wanted, feeds)
      const { values } = await runGraph(wanted, feeds)
      expected.forEach((numbers, k) => {
        const name = ['output', 'loss', ...names][k]
        if (Math.max(...numbers.map(Math.abs)) < 1e-9)
          expect(Math.max(...exact[k].data.map(Math.abs))).toBeLessThan(1e-9)
        else {
          expect(relativeError(exact[k].data, numbers), `${name} in float64`).toBeLessThan(1e-7)
          expect(relativeError(values[k], numbers), `${name} in ONNX Runtime`).toBeLessThan(2e-4)
        }
      })
    },
    120_000,
  )

  test('every block is there', () => {
    expect(new Set(cases.map(({ block }) => block))).toEqual(new Set(blocks.ids))
  })
})
