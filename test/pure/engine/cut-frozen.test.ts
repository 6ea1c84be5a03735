import { describe, expect, it } from 'vitest'
import { grad } from '@shared/engine/grad'
import { Graph } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { mul, reduceMean } from '@shared/engine/ops'
import { cutFrozen, featureName } from '@shared/engine/passes/cut-frozen'
import { trainStep } from '@shared/engine/step'
import sgd from '@shared/catalog/optimizers/sgd'
import { interpret } from '../../helpers/reference'
import { seededNumbers } from '../../helpers/op-examples'

/** Two frozen layers, one trained; the loss reads a target. */
function build(frozen: (name: string) => boolean) {
  const graph = new Graph()
  const nn = new Nn(graph, true, frozen)
  const images = graph.input('images', [2, 3, 6, 6])
  const low = nn.convBnSilu('trunk.low', images, 4, 3)
  const high = nn.convBnSilu('trunk.high', low, 4, 3, 2)
  const out = nn.convBn('head.out', high, 2, 1, { activation: 'none' })
  const loss = reduceMean(mul(out, graph.input('target', [2, 2, 3, 3])), [0, 1, 2, 3])
  return { graph, nn, loss, high }
}
const isFrozen = (name: string) => name.startsWith('trunk')

describe('The cut at the end of the frozen part', () => {
  it('leaves the trunk out of the rest and asks for its last value only', () => {
    const { graph, loss, high } = build(isFrozen)
    const cut = cutFrozen(graph, [loss], (n) => n === 'images', isFrozen)!
    expect(cut.features).toEqual([high])
    expect([...cut.graph.inputs.keys()].sort()).toEqual(
      [featureName(0), 'head.out.bn.bias', 'head.out.bn.weight', 'head.out.conv.weight', 'target'].sort(),
    )
    expect(cut.graph.inputs.get(featureName(0))!.dtype).toBe('float16')
  })

  it('is null when nothing is frozen, or what is frozen comes after what is trained', () => {
    const { graph, loss } = build(() => false)
    expect(
      cutFrozen(
        graph,
        [loss],
        (n) => n === 'images',
        () => false,
      ),
    ).toBeNull()
    const last = (name: string) => name.startsWith('head')
    const late = build(last)
    expect(cutFrozen(late.graph, [late.loss], (n) => n === 'images', last)).toBeNull()
  })

  it('gives the trained part the gradient that the whole graph gives it', () => {
    const { graph, nn, loss } = build(isFrozen)
    const numbers: Record<string, number[]> = {}
    for (const [name, { shape }] of graph.inputs)
      numbers[name] = seededNumbers(
        shape.reduce((a, b) => a * b, 1),
        'float32',
        name.endsWith('running_var') ? 0.5 : -1,
        name.endsWith('running_var') ? 2 : 1,
        name,
      )
    expect([...nn.stats.values()].filter((s) => s.batch).map((s) => s.name)).toEqual([
      'head.out.bn.running_mean',
      'head.out.bn.running_var',
    ])
    const trained = [...nn.params.keys()].filter((name) => !isFrozen(name))
    const whole = grad(
      loss,
      trained.map((name) => graph.inputs.get(name)!),
    )
    const want = interpret([loss, ...whole], numbers)
    const cut = cutFrozen(graph, [loss], (n) => n === 'images', isFrozen)!
    const [feature] = interpret([cut.features[0]], numbers)
    const rest = grad(
      cut.roots[0],
      trained.map((name) => cut.graph.inputs.get(name)!),
    )
    const got = interpret([cut.roots[0], ...rest], {
      ...numbers,
      [featureName(0)]: [...feature.data],
    })
    got.forEach(({ data }, i) => data.forEach((v, j) => expect(v).toBeCloseTo(want[i].data[j], 9)))
  })
})

describe('A training program with frozen layers', () => {
  const spec = {
    build: (nn: Nn, graph: Graph) => {
      const images = graph.input('images', [2, 3, 6, 6])
      const high = nn.convBnSilu('trunk.low', images, 16, 3)
      const out = nn.convBn('head.out', high, 2, 1, { activation: 'none' })
      const total = reduceMean(mul(out, graph.input('target', [2, 2, 6, 6])), [0, 1, 2, 3])
      return { total, metrics: { loss: total } }
    },
    optimizer: sgd,
    group: () => ({ decay: 0, lr: 0 }),
    learningRates: 1,
    clip: 0,
    accumulate: 1,
    images: ['images'],
    block: 0,
  }

  it('feeds neither images nor frozen parameters, and still lists them', () => {
    const program = trainStep({ ...spec, frozen: isFrozen })
    expect(program.images).toEqual({})
    expect(program.trunk!.features.map(({ name, value }) => [name, value.shape])).toEqual([
      [featureName(0), [2, 16, 6, 6]],
    ])
    const carried = program.slots.flatMap(({ entries }) => entries.map(({ name }) => name))
    expect(carried.filter(isFrozen)).toEqual([])
    expect(program.params.map(({ name }) => name).filter(isFrozen)).toHaveLength(3)
    expect(program.stats.map(({ name }) => name).filter(isFrozen)).toHaveLength(2)
  })

  it('keeps the statistics of a frozen norm behind trained layers', () => {
    const program = trainStep({ ...spec, frozen: (name) => name.startsWith('head.out.bn') })
    expect(program.trunk).toBeNull()
    const held = program.slots.filter(({ kind }) => kind === 'held').flatMap(({ entries }) => entries)
    expect(held.map(({ name }) => name)).toEqual(['head.out.bn.running_mean', 'head.out.bn.running_var'])
    const updated = program.slots.filter(({ kind }) => kind === 'stat').flatMap(({ entries }) => entries)
    expect(updated.map(({ name }) => name)).toEqual(['trunk.low.bn.running_mean', 'trunk.low.bn.running_var'])
  })

  it('refuses to freeze everything', () => {
    expect(() => trainStep({ ...spec, frozen: () => true })).toThrow(/Every parameter is frozen/)
  })
})
