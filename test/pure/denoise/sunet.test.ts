/** SUNet: its gradients, its enlargement, and the counts that its article's sizes have. */
import { describe, expect, it } from 'vitest'
import { describeModel } from '@shared/catalog/detector'
import { modelInfo } from '@shared/catalog/model-info'
import { models } from '@shared/catalog/models'
import { enlarge } from '@shared/catalog/models/denoise/bilinear'
import { Graph, type Value, size, verify } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { mul, reduceSum } from '@shared/engine/ops'
import { compareGradients } from '../../helpers/compare-gradients'
import { seededNumbers } from '../../helpers/op-examples'
import { interpret } from '../../helpers/reference'

describe('Bilinear enlargement', () => {
  const enlarged = (values: number[], shape: number[], scale: number) => {
    const graph = new Graph()
    return [...interpret([enlarge(graph.input('x', shape), scale)], { x: values })[0].data]
  }

  it('sees pixels as squares, and the edge beyond the edge', () => {
    expect(enlarged([1, 2], [1, 1, 1, 2], 2)).toEqual([1, 1.25, 1.75, 2, 1, 1.25, 1.75, 2])
    expect(enlarged([0, 8], [1, 1, 2, 1], 4).filter((_, i) => i % 4 === 0)).toEqual([0, 0, 1, 3, 5, 7, 8, 8])
  })

  it('gives a plane as a plane', () => {
    const [h, w] = [5, 4]
    const plane = Array.from({ length: h * w }, (_, i) => 3 * Math.floor(i / w) - 2 * (i % w))
    const made = enlarged(plane, [1, 1, h, w], 2)
    for (let y = 1; y < 2 * h - 1; y++)
      for (let x = 1; x < 2 * w - 1; x++)
        expect(made[y * 2 * w + x]).toBeCloseTo(3 * ((y + 0.5) / 2 - 0.5) - 2 * ((x + 0.5) / 2 - 0.5), 12)
  })
})

describe('SUNet', () => {
  const model = models.get('sunet')
  const params = { channels: 1, width: 4, depths: [2, 1], heads: [2, 4], window: 4, patch: 2 }

  it('has the gradients of central differences', () => {
    const graph = new Graph()
    const nn = new Nn(graph, true)
    const images = graph.input('images', [1, 1, 20, 12])
    const output = model.build(nn, images, { classes: 0, params }) as Value
    expect(output.shape).toEqual([1, 1, 20, 12])
    verify(graph)
    const weights = graph.constant(seededNumbers(size(output.shape), 'float32', -1, 1, 'sunet'), output.shape)
    const loss = reduceSum(mul(mul(output, output), weights), [0, 1, 2, 3])
    const feeds: Record<string, number[]> = { images: seededNumbers(240, 'float32', 0, 1, 'images') }
    for (const { name, shape, role } of nn.params.values())
      feeds[name] = seededNumbers(
        size(shape),
        'float32',
        role === 'norm' ? 0.5 : -0.5,
        role === 'norm' ? 1.2 : 0.5,
        name,
      )
    const names = [...nn.params.keys()]
    expect(names).toEqual(
      expect.arrayContaining([
        'layers.0.blocks.1.attn.relative_position_bias_table',
        'layers.0.downsample.reduction.weight',
        'layers_up.0.upsample.up_p.1.weight',
        'up_x4.up_b.3.weight',
      ]),
    )
    const graded = [images, ...names.map((name) => graph.inputs.get(name)!)]
    compareGradients(loss, graded, feeds, 1e-5, { step: 1e-6, samples: 1 })
  }, 120_000)

  it('tells apart windows that shifting brings together', () => {
    // With one level of four layers, a cell hears of the next window and the one after it, not of the far edge.
    const graph = new Graph()
    const nn = new Nn(graph, false)
    const width = 48
    const at = { channels: 1, width: 4, depths: [2], heads: [2], window: 4, patch: 1 }
    const images = graph.input('images', [1, 1, 4, width])
    const output = model.build(nn, images, { classes: 0, params: at }) as Value
    const feeds: Record<string, number[]> = { images: seededNumbers(4 * width, 'float32', 0, 1, 'images') }
    for (const { name, shape } of nn.params.values())
      feeds[name] = seededNumbers(size(shape), 'float32', -0.5, 0.5, name)
    const before = [...interpret([output], feeds)[0].data]
    feeds.images = feeds.images.map((v, i) => (i % width === 0 ? v + 1 : v))
    const after = [...interpret([output], feeds)[0].data]
    const moved = before.flatMap((v, i) => (Math.abs(v - after[i]) > 1e-9 ? [i % width] : []))
    expect(Math.max(...moved)).toBeGreaterThanOrEqual(4)
    expect(Math.max(...moved)).toBeLessThan(16)
  })

  it('states how far it sees, and that it is of one size', () => {
    expect(modelInfo('sunet-tiny', 0, 64).receptiveField).toBe(1 + 2 * 2 * 8 * 2 * (1 + 2 + 4))
    expect(model.fixedSize!({})).toBe(true)
    expect(model.resolve!({ patch: 2, depths: [1, 1], heads: [1, 1] }).stride).toBe(4)
  })

  it('says which heads do not fit', () => {
    const build = () => describeModel(model, 0, { width: 10, depths: [1], heads: [4] })
    expect(build).toThrow(expect.objectContaining({ code: 'bad-recipe' }))
  })
})
