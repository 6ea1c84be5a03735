/** A rectangle that is drawn and warped must lie where the transformed box says: over many seeds and all augments. */
import { describe, expect, test } from 'vitest'
import { drawPlan, resolveAugments, type AugmentSpec } from '@shared/catalog/augments'
import { planBox, type Tile } from '@shared/catalog/augment-plan'
import { applyToBox } from '@shared/domain/affine'
import type { Box } from '@shared/domain/geometry'
import { rng } from '@shared/base/rng'
import { brightBox, emptyPicture, fillBox, renderRgb, testContext } from './plan-pictures'

const output = { width: 160, height: 160 }
const sizes = [
  { width: 200, height: 150 },
  { width: 120, height: 180 },
  { width: 64, height: 48 },
  { width: 160, height: 160 },
]

/** One rectangle per sample; only sample `shown` is drawn, so that what is bright is its box. */
function boxFor(seed: number, sample: number): Box {
  const random = rng('box', seed, sample)
  const { width, height } = sizes[sample]
  const x1 = random.int(0, width - 20)
  const y1 = random.int(0, height - 20)
  return [x1, y1, random.int(x1 + 10, width), random.int(y1 + 10, height)]
}

const tileBox = (tile: Tile, [x1, y1, x2, y2]: Box): Box => [
  x1 * tile.scale + tile.x,
  y1 * tile.scale + tile.y,
  x2 * tile.scale + tile.x,
  y2 * tile.scale + tile.y,
]

/** Returns how many boxes were compared on all four sides. */
function check(specs: AugmentSpec[], seeds: number, tolerance: number, over = {}): number {
  const list = resolveAugments(specs)
  let exact = 0
  for (let seed = 0; seed < seeds; seed++) {
    const shown = seed % sizes.length
    const plan = drawPlan(list, testContext(seed, sizes, { sample: shown, pad: 0, ...over }), output, false)
    plan.layers.length = 1
    // The sample may be drawn as a partner of itself; the test then cannot tell the two apart.
    const tiles = plan.layers[0].tiles.filter((tile) => tile.sample === shown)
    if (tiles.length !== 1) continue
    const box = boxFor(seed, shown)
    const pictures = sizes.map(({ width, height }) => emptyPicture(width, height))
    fillBox(pictures[shown], box, 0xffffff)
    const seen = brightBox(
      renderRgb(plan, (i) => pictures[i]),
      output.width,
      0,
      255,
    )
    const said = planBox(plan, plan.layers[0], tiles[0], box)
    if (!said || Math.min(said[2] - said[0], said[3] - said[1]) < 4) continue
    expect(seen, `seed ${seed}`).not.toBeNull()
    const whole = applyToBox(plan.layers[0].matrix, tileBox(tiles[0], box))
    const cut = whole[0] < 0 || whole[1] < 0 || whole[2] > output.width || whole[3] > output.height
    const turned = plan.layers[0].matrix[1] !== 0
    const message = `seed ${seed}: ${seen!.join()} for ${said.join()}`
    for (let k = 0; k < 4; k++) {
      // The box of a turned rectangle is taken before it is cut (YOLOX), so then the pixels may end inside it.
      const beyond = k < 2 ? said[k] - seen![k] : seen![k] - said[k]
      expect(cut && turned ? beyond : Math.abs(beyond), message).toBeLessThan(tolerance)
    }
    exact += cut && turned ? 0 : 1
  }
  return exact
}

describe('boxes follow pixels', () => {
  test('letterbox, both alignments', () => {
    expect(check([], 40, 1.01)).toBeGreaterThan(30)
    expect(check([], 40, 1.01, { align: 'center' })).toBeGreaterThan(30)
  })
  test('mirror', () => expect(check([{ id: 'flip', p: 1 }], 40, 1.01)).toBeGreaterThan(30))
  test('affine, around the corner and the centre', () => {
    const affine = { id: 'affine', when: 'always', degrees: 15, shear: 5, scale: [0.5, 1.5] }
    expect(check([affine], 150, 1.5)).toBeGreaterThan(60)
    expect(check([{ ...affine, origin: 'center' }], 150, 1.5)).toBeGreaterThan(60)
  })
  test('mosaic alone shows the top left of the canvas', () => {
    expect(check([{ id: 'mosaic' }], 100, 1.2)).toBeGreaterThan(20)
  })
  test('mosaic, affine and mirror', () => {
    const all: AugmentSpec[] = [{ id: 'mosaic' }, { id: 'affine', scale: [0.5, 1.5] }, { id: 'flip' }]
    expect(check(all, 500, 1.5)).toBeGreaterThan(60)
  })
})

test('mixup: the partner layer has its own geometry and each layer counts half', () => {
  const list = resolveAugments([{ id: 'mixup', when: 'always' }])
  let compared = 0
  for (let seed = 0; seed < 80; seed++) {
    const plan = drawPlan(list, testContext(seed, sizes, { pad: 0 }), output, false)
    expect(plan.layers).toHaveLength(2)
    const tile = plan.layers[1].tiles[0]
    if (tile.sample === 0) continue
    const box = boxFor(seed, tile.sample)
    const pictures = sizes.map(({ width, height }) => emptyPicture(width, height))
    fillBox(pictures[tile.sample], box, 0xffffff)
    const rgb = renderRgb(plan, (i) => pictures[i])
    expect(rgb.every((v) => v <= 127)).toBe(true)
    const seen = brightBox(rgb, output.width, 0, 127)
    const said = planBox(plan, plan.layers[1], tile, box)
    if (!said || Math.min(said[2] - said[0], said[3] - said[1]) < 4) continue
    for (let k = 0; k < 4; k++) expect(Math.abs(seen![k] - said[k])).toBeLessThan(1.5)
    compared++
  }
  expect(compared).toBeGreaterThan(30)
})

test('neighbouring mosaic tiles leave no gap and do not overlap', () => {
  const list = resolveAugments([{ id: 'mosaic' }, { id: 'affine', degrees: 30, scale: [0.4, 1.2], shear: 8 }])
  const square = Array.from({ length: 4 }, () => ({ width: 100, height: 100 }))
  const white = square.map(() => emptyPicture(100, 100, 0xffffff))
  for (let seed = 0; seed < 40; seed++) {
    const plan = drawPlan(list, testContext(seed, square, { pad: 0 }), output, false)
    const rgb = renderRgb(plan, (i) => white[i])
    // Square tiles fill the canvas between their outer edges, so every row is one run of white.
    for (let y = 0; y < output.height; y++) {
      const row = Array.from({ length: output.width }, (_, x) => rgb[3 * (y * output.width + x)])
      const changes = row.filter((v, x) => x > 0 && v !== row[x - 1]).length
      expect(changes, `seed ${seed}, row ${y}`).toBeLessThanOrEqual(2)
      expect(row.every((v) => v === 0 || v === 255)).toBe(true)
    }
  }
})

test('warped pixels equal slow bilinear sampling within 2 levels', () => {
  const random = rng('noise')
  const picture = emptyPicture(90, 70)
  for (let i = 0; i < picture.data.length; i++) {
    // Smooth enough that 1/256 of a pixel is less than a level.
    const x = i % 90
    const y = Math.floor(i / 90)
    picture.data[i] = (x * 2 + random.int(0, 3)) | ((y * 3) << 8) | ((x + y) << 16)
  }
  const list = resolveAugments([{ id: 'affine', when: 'always', scale: [0.7, 1.4], origin: 'center' }])
  for (let seed = 0; seed < 10; seed++) {
    const plan = drawPlan(list, testContext(seed, [picture]), { width: 96, height: 96 }, false)
    const rgb = renderRgb(plan, () => picture)
    const [a, b, c, d, e, f] = plan.layers[0].matrix
    const det = a * e - b * d
    const tile = plan.layers[0].tiles[0]
    let worst = 0
    for (let y = 0; y < 96; y++) {
      for (let x = 0; x < 96; x++) {
        const cx = (e * (x + 0.5 - c) - b * (y + 0.5 - f)) / det
        const cy = (-d * (x + 0.5 - c) + a * (y + 0.5 - f)) / det
        for (let k = 0; k < 3; k++) {
          const near = Math.min(Math.abs(cx), Math.abs(cy), Math.abs(cx - tile.width), Math.abs(cy - tile.height))
          if (near < 0.01) continue
          const inside = cx > 0 && cy > 0 && cx < tile.width && cy < tile.height
          const u = (cx * picture.width) / tile.width - 0.5
          const v = (cy * picture.height) / tile.height - 0.5
          const want = inside ? slowSample(picture.data, 90, 70, u, v, 8 * k) : 114
          worst = Math.max(worst, Math.abs(rgb[3 * (y * 96 + x) + k] - want))
        }
      }
    }
    expect(worst).toBeLessThanOrEqual(2)
  }
})

function slowSample(data: Int32Array, width: number, height: number, u: number, v: number, shift: number): number {
  const at = (x: number, y: number) =>
    (data[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)] >> shift) & 255
  const x = Math.floor(u)
  const y = Math.floor(v)
  const top = at(x, y) * (1 - u + x) + at(x + 1, y) * (u - x)
  const bottom = at(x, y + 1) * (1 - u + x) + at(x + 1, y + 1) * (u - x)
  return top * (1 - v + y) + bottom * (v - y)
}
