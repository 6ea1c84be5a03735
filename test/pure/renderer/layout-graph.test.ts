/** Places of a layered drawing: nothing overlaps, edges go down, the order of least squares is exact. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layoutGraph, nearestApart } from '../../../src-renderer/panels/models/layout-graph'

const box = { width: 100, height: 40 }
/** Directed acyclic graphs: each edge from a lower to a higher index. */
const graphs = fc.integer({ min: 2, max: 40 }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    edges: fc.uniqueArray(
      fc.tuple(fc.nat({ max: Math.max(0, n - 1) }), fc.nat({ max: Math.max(0, n - 1) })).filter(([a, b]) => a < b),
      { maxLength: 3 * n, selector: ([a, b]) => a * n + b },
    ),
  }),
)

describe('a layered drawing', () => {
  it('keeps boxes apart and lets every edge go down', () => {
    fc.assert(
      fc.property(graphs, ({ n, edges }) => {
        const { places, routes, width, height, layers } = layoutGraph(Array(n).fill(box), edges)
        expect(layers.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
        for (const [a, b] of edges) expect(places[a].y).toBeLessThan(places[b].y)
        routes.forEach((route, i) => {
          expect(route[0]).toEqual(places[edges[i][0]])
          expect(route.at(-1)).toEqual(places[edges[i][1]])
        })
        for (const layer of layers)
          for (let i = 1; i < layer.length; i++)
            expect(places[layer[i]].x - places[layer[i - 1]].x).toBeGreaterThanOrEqual(box.width - 1e-6)
        for (const { x, y } of places) {
          expect(x).toBeGreaterThanOrEqual(box.width / 2 - 1e-6)
          expect(x).toBeLessThanOrEqual(width - box.width / 2 + 1e-6)
          expect(y).toBeLessThanOrEqual(height - box.height / 2 + 1e-6)
        }
      }),
      { numRuns: 60 },
    )
  })
  it('draws parts that feed each other', () => {
    const edges = [[0, 1], [1, 0], [1, 2]] as const // prettier-ignore
    const { places, routes } = layoutGraph(Array(3).fill(box), edges)
    expect(new Set(places.map(({ y }) => y)).size).toBe(3)
    expect(routes[1][0]).toEqual(places[1])
    expect(routes[1].at(-1)).toEqual(places[0])
  })
})

describe('places apart', () => {
  it('are the wanted ones where these fit, else pushed by least squares', () => {
    expect(nearestApart([0, 10, 30], [0, 10, 10], [1, 1, 1])).toEqual([0, 10, 30])
    // Two that want the same place share the shift; a heavy one moves less.
    expect(nearestApart([0, 0], [0, 10], [1, 1])).toEqual([-5, 5])
    expect(nearestApart([0, 0], [0, 10], [4, 1])).toEqual([-2, 8])
  })
})
