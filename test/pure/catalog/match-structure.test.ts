import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { type LayerGraph, matchStructure } from '@shared/catalog/match-structure'

type Edge = [layer: number, path?: string]
const layers = (...list: [kind: string, ...from: Edge[]][]): LayerGraph => ({
  layers: list.map(([kind, ...from]) => ({ kind, from: from.map(([layer, path = '']) => ({ layer, path })) })),
})
/** The same network with its layers in another order. */
function shuffled(graph: LayerGraph, seed: number): { graph: LayerGraph; at: number[] } {
  const order = rng(seed).shuffle(graph.layers.map((_, i) => i))
  const at = graph.layers.map((_, i) => order.indexOf(i))
  return {
    at,
    graph: {
      layers: order.map((i) => ({
        ...graph.layers[i],
        from: graph.layers[i].from.map((f) => ({ ...f, layer: f.layer < 0 ? -1 : at[f.layer] })),
      })),
    },
  }
}
/** Two branches of equal shapes joined by Concat: only what follows tells them apart. */
const branches = layers(
  ['a', [-1]],
  ['b', [0]],
  ['b', [0]],
  ['c', [1]],
  ['d', [3, '/0'], [2, '/1']],
  ['e', [4]],
  ['f', [4]],
)

describe('Matching networks by structure', () => {
  it('finds every layer whatever the order of the file', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { graph, at } = shuffled(branches, seed)
      expect(matchStructure(branches, graph)).toEqual(at.map((j, i) => [i, j]))
    }
  })

  it('tells equal branches apart by their place in a Concat', () => {
    const twins = layers(['a', [-1]], ['b', [0]], ['b', [0]], ['c', [1, '/0'], [2, '/1']])
    const swapped = layers(['a', [-1]], ['b', [0]], ['b', [0]], ['c', [2, '/0'], [1, '/1']])
    expect(matchStructure(twins, swapped)).toEqual([
      [0, 0],
      [1, 2],
      [2, 1],
      [3, 3],
    ])
  })

  it('matches the part before a difference', () => {
    const other = layers(['a', [-1]], ['b', [0]], ['x', [1]])
    const own = layers(['a', [-1]], ['b', [0]], ['c', [1]])
    expect(matchStructure(own, other)).toEqual([
      [0, 0],
      [1, 1],
    ])
  })

  it('matches branches that start alike, though another head follows', () => {
    const trunk = (...head: Parameters<typeof layers>) =>
      layers(['a', [-1]], ['b', [0]], ['b', [0]], ['c', [1]], ['d', [3, '/0'], [2, '/1']], ...head)
    expect(matchStructure(trunk(['e', [4]]), trunk(['x', [4]], ['y', [5]]))).toEqual([0, 1, 2, 3, 4].map((i) => [i, i]))
    const swapped = layers(['a', [-1]], ['b', [0]], ['b', [0]], ['c', [2]], ['d', [3, '/0'], [1, '/1']], ['x', [4]])
    expect(matchStructure(trunk(['e', [4]]), swapped).slice(1, 3)).toEqual([
      [1, 2],
      [2, 1],
    ])
  })

  it('matches nothing of a foreign network', () => {
    expect(matchStructure(branches, layers(['z', [-1]], ['y', [0]]))).toEqual([])
  })
})
