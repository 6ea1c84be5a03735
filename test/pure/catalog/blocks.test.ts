/** Blocks: shapes, parameter counts, gradients against central differences, and that they start as they say. */
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { blocks } from '@shared/catalog/blocks'
import { ecaKernel } from '@shared/catalog/blocks/eca'
import { grad } from '@shared/engine/grad'
import { Graph, type Value, verify } from '@shared/engine/graph'
import { Nn, initialize } from '@shared/engine/nn'
import { parameterCount } from '@shared/engine/step'
import { blockExamples, buildBlock } from '../../helpers/block-examples'
import { compareGradients } from '../../helpers/compare-gradients'
import { interpret } from '../../helpers/reference'

describe('The catalog', () => {
  it('finds every file of the folder by its name', () => {
    const files = readdirSync(resolve(import.meta.dirname, '../../../src-shared/catalog/blocks'))
    expect(blocks.ids).toEqual(
      files
        .filter((file) => file !== 'index.ts')
        .map((file) => file.replace('.ts', ''))
        .sort(),
    )
    expect(blocks.ids.length).toBeGreaterThanOrEqual(13)
  })

  it.each(blocks.entries())('%s has a source, defaults and examples', (_, block) => {
    expect(block.source).toMatch(/\d{4}/)
    expect(block.params.safeParse({}).success).toBe(true)
    expect(block.params.safeParse({ nonsense: 1 }).success).toBe(false)
    expect(block.examples.length).toBeGreaterThan(1)
  })
})

/** Biases that change nothing: softmax takes no notice of what all keys share, a norm of what all places share. */
const without: Readonly<Record<string, readonly string[]>> = {
  'cross-attention': ['key.bias'],
  'non-local': ['phi.bias', 'g.bias'],
}

describe.each(blockExamples)('%s', (_title, id, block, example) => {
  it('has the shape and as many parameters as it says', () => {
    const { y, params, nn } = buildBlock(block, example)
    expect(y.shape).toEqual(example.output)
    expect(parameterCount(params)).toBe(example.parameters)
    verify(nn.graph)
  })

  const small = block.examples[0] === example
  if (small) {
    it('has the gradients of central differences', () => {
      const { loss, graded, feeds } = buildBlock(block, example)
      const idle = (v: Value) => without[id]?.includes(v.node.attrs.name as string) ?? false
      const moving = graded.filter((v) => !idle(v))
      compareGradients(loss, moving, feeds, 1e-5, { step: 1e-6, samples: 12, holdStopped: true })
      const still = graded.filter(idle)
      expect(still.length).toBe(without[id]?.length ?? 0)
      for (const { data } of still.length ? interpret(grad(loss, still), feeds) : [])
        expect(Math.max(...data.map(Math.abs))).toBeLessThan(1e-9)
    }, 120_000)
  }

  if (example.input.join() === example.output.join()) {
    it('starts as the identity to the last bit, and can leave it', () => {
      const { nn, x, y, loss, graded, feeds, params } = buildBlock(block, example, { identity: true })
      for (const spec of params) feeds[spec.name] = [...initialize(spec, rng(7, spec.name))]
      expect([...interpret([y], feeds)[0].data]).toEqual(feeds.x)
      // Something moves it: at least one parameter has a gradient, and it leaves the identity behind.
      const gains = params.filter(({ name }) => /(^|\.)gain$/.test(name))
      const [moved] = gains.length ? gains : params.filter(({ name }) => name === 'bn.weight')
      const wrt = graded.find((v) => v.node.attrs.name === moved.name)!
      compareGradients(loss, [wrt], feeds, 1e-5, { step: 1e-6, samples: 4, holdStopped: true })
      feeds[moved.name] = feeds[moved.name].map(() => 1)
      expect([...interpret([y], feeds)[0].data]).not.toEqual(feeds.x)
      expect(nn.graph).toBe(x.node.graph)
    })
  } else {
    it('cannot start as the identity and says so', () => {
      expect(() => buildBlock(block, example, { identity: true })).toThrow(/cannot start as the identity/)
    })
  }
})

describe('Efficient channel attention', () => {
  it('looks at as many channels as the formula of the article says', () => {
    expect([64, 128, 256, 512, 1024, 2048].map(ecaKernel)).toEqual([3, 5, 5, 5, 5, 7])
  })

  it('has the 80 parameters that the article counts in ResNet-50', () => {
    const { build, params } = blocks.get('eca')
    const nn = new Nn(new Graph(), false)
    const stages = [
      { channels: 256, count: 3, kernel: 3 },
      { channels: 512, count: 4, kernel: 5 },
      { channels: 1024, count: 6, kernel: 5 },
      { channels: 2048, count: 3, kernel: 7 },
    ]
    stages.forEach(({ channels, count, kernel }, stage) => {
      for (let i = 0; i < count; i++)
        nn.scope(`${stage}.${i}`, () =>
          build(nn, nn.graph.input(`x${stage}`, [1, channels, 2, 2]), params.parse({ kernel }), { identity: false }),
        )
    })
    expect(parameterCount(nn.params.values())).toBe(80)
  })
})

describe('Blocks that do not fit', () => {
  const build = (id: string, channels: number, params: object) => {
    const block = blocks.get(id)
    const graph = new Graph()
    return block.build(new Nn(graph, true), graph.input('x', [1, channels, 4, 4]), block.params.parse(params), {
      identity: false,
    })
  }
  it.each([
    ['grouped-conv', 6, { groups: 4 }, /4 groups do not fit 6 channels/],
    ['cross-attention', 6, { heads: 4 }, /4 heads does not fit 6 channels/],
    ['deformable-conv', 6, { offsetGroups: 4 }, /4 offset groups do not fit 6 channels/],
    ['transposed-conv', 6, { kernel: 1, stride: 2 }, /kernel must reach/],
  ] as const)('%s on %i channels with %j', (id, channels, params, message) => {
    expect(() => build(id, channels, params)).toThrow(
      expect.objectContaining({ code: 'bad-recipe', message: expect.stringMatching(message) }),
    )
  })
})
