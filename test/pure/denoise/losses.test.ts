/** Distances between images: values by hand, gradients by central differences, the transform by its definition. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { localMean } from '@shared/catalog/models/denoise/local-mean'
import { simpleGate } from '@shared/catalog/models/denoise/naf-block'
import { restorationLosses } from '@shared/catalog/restoration-losses'
import { transform } from '@shared/catalog/restoration-losses/fourier'
import denoise from '@shared/catalog/tasks/denoise'
import { Graph, type Value } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { mul, reduceSum } from '@shared/engine/ops'
import { compareGradients } from '../../helpers/compare-gradients'
import { interpret } from '../../helpers/reference'

const shape = [2, 1, 4, 5]
const count = 40
const draw = (seed: string, n = count) => {
  const random = rng(seed)
  return Array.from({ length: n }, () => random.next())
}
const feeds = { output: draw('output'), truth: draw('truth') }
const apart = feeds.output.map((v, i) => v - feeds.truth[i])
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

function build(id: string) {
  const graph = new Graph()
  const [output, truth] = [graph.input('output', shape), graph.input('truth', shape)]
  return { output, loss: restorationLosses.get(id).build(output, truth) }
}
const valueOf = (id: string) => interpret([build(id).loss], feeds)[0].data[0]

describe('Losses of images', () => {
  it.each(restorationLosses.ids)('%s has the gradient of central differences', (id) => {
    const { output, loss } = build(id)
    compareGradients(loss, [output], feeds, 1e-5)
  })

  it('have the values of their formulas', () => {
    expect(valueOf('l1')).toBeCloseTo(mean(apart.map(Math.abs)), 6)
    expect(valueOf('mse')).toBeCloseTo(mean(apart.map((d) => d * d)), 6)
    expect(valueOf('charbonnier')).toBeCloseTo(mean(apart.map((d) => Math.sqrt(d * d + 1e-6))), 6)
    const each = [apart.slice(0, 20), apart.slice(20)].map((one) => mean(one.map((d) => d * d)))
    expect(valueOf('psnr')).toBeCloseTo(mean(each.map((m) => 10 * Math.log10(m + 1e-8))), 4)
  })

  it('fourier is the distance of the spectra', () => {
    let sum = 0
    for (let n = 0; n < 2; n++)
      for (let u = 0; u < 4; u++)
        for (let v = 0; v < 5; v++) {
          let [re, im] = [0, 0]
          for (let y = 0; y < 4; y++)
            for (let x = 0; x < 5; x++) {
              const angle = 2 * Math.PI * ((u * y) / 4 + (v * x) / 5)
              const d = apart[n * 20 + y * 5 + x]
              re += d * Math.cos(angle)
              im -= d * Math.sin(angle)
            }
          sum += Math.abs(re) + Math.abs(im)
        }
    expect(valueOf('fourier')).toBeCloseTo(sum / count, 4)
    // A constant has one number in its spectrum.
    const graph = new Graph()
    const { re, im } = transform(graph.input('x', [1, 1, 4, 5]))
    const [a, b] = interpret([re, im], { x: Array(20).fill(0.5) })
    expect(a.data[0]).toBeCloseTo(10, 5)
    expect(
      [...a.data]
        .slice(1)
        .concat([...b.data])
        .every((v) => Math.abs(v) < 1e-5),
    ).toBe(true)
  })

  it('neighbours does not see a shift of all values', () => {
    const graph = new Graph()
    const [output, truth] = [graph.input('output', shape), graph.input('truth', shape)]
    const loss = restorationLosses.get('neighbours').build(output, truth)
    const shifted = feeds.truth.map((v) => v + 0.25)
    expect(interpret([loss], { output: shifted, truth: feeds.truth })[0].data[0]).toBeCloseTo(0, 6)
    expect(valueOf('neighbours')).toBeGreaterThan(0.1)
  })

  it('add up with their weights, and are told one by one', () => {
    const graph = new Graph()
    const output = graph.input('output', shape)
    const at = { output, graph, batch: 2, rows: 1, classes: 0 }
    const { total, metrics } = denoise.loss({
      ...at,
      settings: { terms: [{ id: 'l1' }, { id: 'fourier', weight: 0.5 }] },
    })
    expect(Object.keys(metrics)).toEqual(['loss', 'loss_l1', 'loss_fourier', 'psnr'])
    const [sum, l1, fourier, psnr] = interpret([total, metrics.loss_l1, metrics.loss_fourier, metrics.psnr], { output: feeds.output, clean: feeds.truth }).map(({ data }) => data[0]) // prettier-ignore
    expect(l1).toBeCloseTo(valueOf('l1'), 6)
    expect(fourier).toBeCloseTo(0.5 * valueOf('fourier'), 6)
    expect(sum).toBeCloseTo(l1 + fourier, 6)
    expect(psnr).toBeCloseTo(-valueOf('psnr'), 5)
    expect(() => denoise.loss({ ...at, settings: { terms: [{ id: 'l3' }] } })).toThrow(/no loss "l3"/)
  })
})

describe("NAFNet's parts", () => {
  const weighted = (x: Value) => {
    const factor = x.node.graph.constant(
      draw(
        'factor',
        x.shape.reduce((a, b) => a * b),
      ),
      x.shape,
    )
    return reduceSum(mul(x, factor), x.shape.map((_, i) => i)) // prettier-ignore
  }

  it('layer norm and gate have the gradients of central differences', () => {
    const graph = new Graph()
    const nn = new Nn(graph, true)
    const x = graph.input('x', [2, 4, 3, 2])
    const y = nn.channelNorm('norm', x)
    const inputs = { x: draw('x', 48), 'norm.weight': draw('w', 4), 'norm.bias': draw('b', 4) }
    compareGradients(weighted(y), [x, graph.inputs.get('norm.weight')!, graph.inputs.get('norm.bias')!], inputs, 1e-5)
    compareGradients(weighted(simpleGate(x)), [x], inputs, 1e-6)
    const plain = { ...inputs, 'norm.weight': [1, 1, 1, 1], 'norm.bias': [0, 0, 0, 0] }
    const [out] = interpret([y], plain)
    for (let i = 0; i < 6; i++) {
      const column = [0, 1, 2, 3].map((c) => out.data[c * 6 + i])
      expect(mean(column)).toBeCloseTo(0, 6)
      expect(mean(column.map((v) => v * v))).toBeCloseTo(1, 3)
    }
  })

  it('local means are those of windows that are moved inside', () => {
    const graph = new Graph()
    const values = draw('map', 35)
    const means = localMean(graph.input('x', [1, 1, 5, 7]), 3)
    const [out] = interpret([means], { x: values })
    for (let y = 0; y < 5; y++)
      for (let x = 0; x < 7; x++) {
        const [top, left] = [Math.min(2, Math.max(0, y - 1)), Math.min(4, Math.max(0, x - 1))]
        const window = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => values[(top + i) * 7 + left + j]))
        expect(out.data[y * 7 + x]).toBeCloseTo(mean(window), 5)
      }
    const [whole] = interpret([localMean(graph.input('x', [1, 1, 5, 7]), 50)], { x: values })
    expect([...whole.data].every((v) => Math.abs(v - mean(values)) < 1e-5)).toBe(true)
  })
})
