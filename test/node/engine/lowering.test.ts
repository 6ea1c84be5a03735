/** Random networks: loss, every gradient and every batch statistic, lowered and run, against the float64 interpreter. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { grad } from '@shared/engine/grad'
import { Graph, size as sizeOf } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { concat, conv, focus, mul, reduceSum } from '@shared/engine/ops'
import { probeBlock } from '../../../src-worker/runtime/probe-block'
import { type NetOptions, buildRandomNet } from '../../helpers/random-net'
import { interpret } from '../../helpers/reference'
import { relativeError, runGraph } from '../../helpers/run-graph'

const block = await probeBlock()
if (!block) console.warn('skipped: this CPU has no blocked kernels')

const cases: NetOptions[] = [
  { seed: 1, batch: 1, side: [32, 32] },
  { seed: 2, batch: 2, side: [24, 40] },
  { seed: 3, batch: 3, side: [20, 28] },
  { seed: 4, batch: 2, side: [16, 16], layers: 8 },
  { seed: 5, batch: 17, side: [8, 12], layers: 4 },
  { seed: 6, batch: 16, side: [8, 8], layers: 4 },
  { seed: 7, batch: 2, side: [22, 26] },
  { seed: 8, batch: 5, side: [12, 20] },
  { seed: 9, batch: 2, side: [13, 11], stem: 'conv' },
  { seed: 10, batch: 1, side: [9, 30], stem: 'conv' },
  { seed: 15, batch: 2, side: [20, 24], stem: 'image' },
  { seed: 16, batch: 17, side: [9, 8], stem: 'image', layers: 2 },
  { seed: 11, batch: 4, side: [24, 24], layers: 8 },
  { seed: 12, batch: 2, side: [48, 24], layers: 3 },
  { seed: 13, batch: 7, side: [12, 12] },
  { seed: 14, batch: 2, side: [36, 20], layers: 7 },
]

describe.each(cases)('net $seed, $batch x $side', (options) => {
  const { wanted, storageOf, params, feeds, description } = buildRandomNet(options)
  let expected: ReturnType<typeof interpret> | null = null
  const layouts: [string, number][] = [['plain', 0]]
  if (block) layouts.push(['blocked', block])

  it.each(layouts)('%s', async (_, size) => {
    expected ??= interpret(wanted, feeds)
    const { values, domains } = await runGraph(wanted, feeds, {
      block: size,
      params,
      images: new Set(['images']),
      storageOf,
    })
    expect(domains.has('com.microsoft.nchwc')).toBe(size > 0)
    const worst = Object.fromEntries(
      expected
        .map(({ data }, i) => [`${i}:${storageOf[i] ?? 'loss or statistic'}`, relativeError(values[i], data)])
        .filter(([, e]) => !((e as number) < 1e-4)),
    )
    expect(worst, description).toEqual({})
  })
})

describe('A weight that serves two feature maps', () => {
  it.each(block ? [0, block] : [0])('gets the sum of both gradients, block %i', async (size) => {
    const graph = new Graph()
    const nn = new Nn(graph, true)
    const image = graph.input('images', [2, 3, 16, 16])
    const a = nn.convBnSilu('a', focus(image), 24, 3)
    const joined = concat([nn.convBnSilu('b', a, 8, 1), nn.convBnSilu('c', a, 16, 3)], 1)
    const w = nn.param('shared', [40, 24, 3, 3], { kind: 'conv' }, 'weight')
    const pads: [number, number, number, number] = [1, 1, 1, 1]
    // `joined` has gaps between its parts in memory, `a` has them at the end.
    const y = mul(conv(a, w, { pads }), conv(joined, w, { pads }))
    const loss = reduceSum(y, [0, 1, 2, 3])
    const names = [...nn.params.keys()]
    const wanted = [
      loss,
      ...grad(
        loss,
        names.map((name) => graph.inputs.get(name)!),
      ),
    ]
    const random = rng('shared')
    const feeds = Object.fromEntries(
      names.map((name) => [
        name,
        Array.from({ length: sizeOf(graph.inputs.get(name)!.shape) }, () => random.uniform(-0.3, 0.3)),
      ]),
    )
    feeds.images = Array.from({ length: 2 * 3 * 16 * 16 }, () => random.int(0, 255))
    const expected = interpret(wanted, feeds)
    const { values } = await runGraph(wanted, feeds, {
      block: size,
      params: new Set(names),
      images: new Set(['images']),
      storageOf: [null, ...names],
    })
    expected.forEach(({ data }, i) => expect(relativeError(values[i], data), names[i - 1] ?? 'loss').toBeLessThan(1e-4))
  })
})
