/** Pictures of two images: the share of a class is that of its pixels, and the loss is the published formula. */
import { describe, expect, it } from 'vitest'
import { drawBeta } from '@shared/base/draw-beta'
import { rng } from '@shared/base/rng'
import { planBox } from '@shared/catalog/augment-plan'
import { type AugmentSpec, drawPlan, resolveAugments } from '@shared/catalog/augments'
import { drawRegion } from '@shared/catalog/draw-region'
import { tasks } from '@shared/catalog/tasks'
import { Graph } from '@shared/engine/graph'
import { compareGradients } from '../../helpers/compare-gradients'
import { interpret } from '../../helpers/reference'
import { emptyPicture, renderRgb, testContext } from './plan-pictures'

const size = { width: 64, height: 64 }
const sizes = [size, size]
/** Two flat pictures: class i is sample i. */
const pictures = [emptyPicture(64, 64, 0x0000ff), emptyPicture(64, 64, 0xff0000)]

const draw = (list: AugmentSpec[], seed: number) =>
  drawPlan(resolveAugments(list), testContext(seed, sizes, { drawLabelled: () => 1 }), size, false)

/** Rows (class, cx, cy, w, h) of a plan as the loader packs them. */
function targetsOf(plan: ReturnType<typeof draw>): Float32Array {
  const rows = plan.layers.flatMap((layer) =>
    layer.tiles.map((tile) => {
      const [x1, y1, x2, y2] = planBox(plan, layer, tile, [0, 0, 64, 64])!
      return [tile.sample, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
    }),
  )
  const out = new Float32Array(4 * 5)
  out.set(rows.flat())
  return out
}

const sharesOf = (plan: ReturnType<typeof draw>) => {
  const { classes, shares } = tasks
    .get('classify')
    .feeds({ targets: targetsOf(plan), count: 1, maxGt: 4, ...size, closing: false })
  return { classes: [...classes.data], shares: [...shares.data] }
}

describe('CutMix', () => {
  it('gives each class the share of its pixels, also mirrored afterwards', () => {
    let mixed = 0
    for (let seed = 0; seed < 60; seed++) {
      const plan = draw([{ id: 'cutmix', p: 1 }, ...(seed % 2 ? [{ id: 'flip', p: 1 }] : [])], seed)
      const rgb = renderRgb(plan, (i) => pictures[i])
      const blue = rgb.filter((_, i) => i % 3 === 2).filter((v) => v > 127).length
      const { classes, shares } = sharesOf(plan)
      const ofSecond = classes[1] === 1 ? shares[1] : 0
      // Low byte first: sample 0 is red, sample 1 blue.
      expect(blue / 64 ** 2, `seed ${seed}`).toBeCloseTo(ofSecond, 6)
      expect(shares[0] + shares[1]).toBeCloseTo(1, 6)
      if (ofSecond > 0.05 && ofSecond < 0.95) mixed++
    }
    expect(mixed).toBeGreaterThan(30)
  })

  it('covers 1 - lambda of the picture where the rectangle lies inside, and less at the border', () => {
    const random = rng('cutmix')
    for (let i = 0; i < 200; i++) {
      const lambda = drawBeta(random, 1)
      const region = drawRegion(random, { width: 1000, height: 500 }, Math.sqrt(1 - lambda))
      if (!region) continue
      const [x1, y1, x2, y2] = region
      const inside = x1 > 0 && y1 > 0 && x2 < 1000 && y2 < 500
      const covered = ((x2 - x1) * (y2 - y1)) / (1000 * 500)
      if (inside) expect(covered).toBeCloseTo(1 - lambda, 1)
      expect(covered).toBeLessThanOrEqual(1 - lambda + 1e-9)
      expect([x1, y1, x2, y2].every((v) => Number.isInteger(v) && v >= 0)).toBe(true)
    }
  })

  it('pastes an image that went through the augmentations before it', () => {
    const geometry = { id: 'affine', when: 'always', degrees: 30, translate: 0.3, scale: [0.5, 0.6] }
    const plan = draw([geometry, { id: 'cutmix', p: 1, alpha: 0.01 }], 3)
    for (let seed = 0; seed < 40; seed++) {
      const { layers } = draw([geometry, { id: 'cutmix', p: 1 }], seed)
      if (layers.length < 2) continue
      expect(layers[1].tiles[0].sample).toBe(1)
      expect(layers[1].matrix).not.toEqual(layers[0].matrix)
      expect(layers[1].matrix[0]).toBeLessThan(0.7)
    }
    expect(plan.layers[0].matrix[0]).toBeLessThan(0.7)
  })

  it('leaves whole images as they were', () => {
    expect(sharesOf(draw([], 1))).toEqual({ classes: [0, 0], shares: [1, 0] })
    const closed = drawPlan(resolveAugments([{ id: 'cutmix', p: 1 }]), testContext(1, sizes), size, true)
    expect(closed.layers).toHaveLength(1)
  })
})

describe('mixup of classes', () => {
  it('gives each class the share that its image has in every pixel', () => {
    let mixed = 0
    for (let seed = 0; seed < 40; seed++) {
      const plan = draw([{ id: 'mixup-classes', p: 1, alpha: 1 }], seed)
      const rgb = renderRgb(plan, (i) => pictures[i])
      const { classes, shares } = sharesOf(plan)
      const ofSecond = classes[1] === 1 ? shares[1] : 0
      for (const [channel, share] of [1 - ofSecond, 0, ofSecond].entries()) {
        const values = new Set(rgb.filter((_, i) => i % 3 === channel))
        expect([...values], `seed ${seed}`).toHaveLength(1)
        expect(Math.abs([...values][0] - 255 * share)).toBeLessThanOrEqual(0.5)
      }
      if (ofSecond > 0.05 && ofSecond < 0.95) mixed++
    }
    expect(mixed).toBeGreaterThan(20)
  })

  it('takes turns with CutMix: no picture has three classes', () => {
    const kinds = new Set<string>()
    for (let seed = 0; seed < 40; seed++) {
      const { layers } = draw([{ id: 'cutmix', p: 0.5 }, { id: 'mixup-classes', p: 1 }], seed) // prettier-ignore
      expect(layers.length).toBeLessThanOrEqual(2)
      if (layers[1]) kinds.add(layers[1].region ? 'cut' : 'blended')
    }
    expect(kinds.size).toBe(2)
  })
})

it('Cutout covers a square and leaves the class alone', () => {
  for (let seed = 0; seed < 20; seed++) {
    const plan = draw([{ id: 'cutout', p: 1, size: 0.5 }], seed)
    const rgb = renderRgb(plan, (i) => pictures[i])
    const [x1, y1, x2, y2] = plan.layers[1].region!
    const grey = rgb.filter((v, i) => i % 3 === 2 && v === 114).length
    expect(grey).toBe((x2 - x1) * (y2 - y1))
    expect(sharesOf(plan)).toEqual({ classes: [0, 0], shares: [1, 0] })
  }
})

describe('Beta numbers', () => {
  it.each([0.2, 1, 4])('have the mean and the variance of Beta(%d, same)', (alpha) => {
    const random = rng('beta', `${alpha}`)
    const drawn = Array.from({ length: 20_000 }, () => drawBeta(random, alpha))
    const mean = drawn.reduce((sum, v) => sum + v, 0) / drawn.length
    const variance = drawn.reduce((sum, v) => sum + (v - mean) ** 2, 0) / drawn.length
    expect(mean).toBeCloseTo(0.5, 1)
    expect(variance / (1 / (4 * (2 * alpha + 1)))).toBeCloseTo(1, 1)
    expect(drawn.every((v) => v >= 0 && v <= 1)).toBe(true)
  })
})

describe('Cross-entropy of two classes in shares', () => {
  const classes = [[0, 2], [3, 3], [1, 0]] // prettier-ignore
  const shares = [[0.7, 0.3], [1, 0], [0.25, 0.75]] // prettier-ignore
  const smoothing = 0.1
  const random = rng('soft targets')
  const logits = Array.from({ length: 12 }, () => 2 * random.normal())

  function build() {
    const graph = new Graph()
    const output = graph.input('logits', [3, 4])
    const loss = tasks.get('classify').loss({ output, graph, batch: 3, rows: 4, classes: 4, settings: { smoothing } })
    return { output, loss }
  }
  const feeds = { logits, classes: classes.flat(), shares: shares.flat() }

  it('is the formula: shares of 1 - e on both, e / K on all', () => {
    const { loss } = build()
    const [total, accuracy] = interpret([loss.total, loss.metrics.accuracy], feeds).map(({ data }) => data[0])
    let [sum, right] = [0, 0]
    classes.forEach((pair, n) => {
      const row = logits.slice(4 * n, 4 * n + 4)
      const norm = Math.log(row.reduce((all, v) => all + Math.exp(v), 0))
      row.forEach((v, k) => {
        const wanted = pair.reduce((all, label, r) => all + (label === k ? shares[n][r] * (1 - smoothing) : 0), smoothing / 4) // prettier-ignore
        sum -= wanted * (v - norm)
      })
      const best = row.indexOf(Math.max(...row))
      right += pair.reduce((all, label, r) => all + (label === best ? shares[n][r] : 0), 0)
    })
    expect(total).toBeCloseTo(sum / 3, 6)
    expect(accuracy).toBeCloseTo(right / 3, 6)
  })

  it('has the gradient of central differences', () => {
    const { output, loss } = build()
    compareGradients(loss.total, [output], feeds, 1e-6)
  })
})
