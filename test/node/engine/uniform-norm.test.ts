/** Batch norm of nearly uniform pictures: a channel's spread is lost beside its mean, and the result is still a number. */
import { expect, test } from 'vitest'
import { rng } from '@shared/base/rng'
import { Graph } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { runGraph } from '../../helpers/run-graph'

test('a spread far below the mean gives finite numbers in the blocked layout', async () => {
  const graph = new Graph()
  const nn = new Nn(graph, true)
  const images = graph.input('images', [2, 3, 32, 32])
  const y = nn.convBnSilu('b', nn.convBnSilu('a', images, 16, 3), 16, 1)
  const random = rng('uniform')
  const weights = [...nn.params.values()].map(({ name, shape, role }) => {
    const length = shape.reduce((a, b) => a * b, 1)
    return [name, Float32Array.from({ length }, () => (role === 'weight' ? random.normal() : 1))] as const
  })
  // Uniform but for one pixel: away from it each channel has one value.
  const pixels = new Float32Array(2 * 3 * 32 * 32).fill(200)
  pixels[5000] = 201
  const feeds = { images: pixels, ...Object.fromEntries(weights) }
  const params = new Set(weights.map(([name]) => name))
  for (const block of [8, 16]) {
    const { values } = await runGraph([y], feeds, { block, params })
    expect(values[0].every(Number.isFinite), `block ${block}`).toBe(true)
  }
})
