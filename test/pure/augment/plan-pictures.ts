/** Synthetic pictures for augment tests: filled rectangles on black, and the slow road from plan to pixels. */
import type { PlainContext, AugmentPlan } from '@shared/catalog/augment-plan'
import type { Box } from '@shared/domain/geometry'
import { yoloxInput } from '@shared/domain/model-input'
import { rng } from '@shared/base/rng'
import { allocateImages, imagePacker } from '../../../src-worker/data/pack-pixels'
import { createPixelSpace } from '../../../src-worker/data/pixel-space'
import { renderPlan } from '../../../src-worker/data/render-plan'
import type { Pixels } from '../../../src-worker/data/resize-bilinear'

export const emptyPicture = (width: number, height: number, color = 0): Pixels => ({
  data: new Int32Array(width * height).fill(color),
  offset: 0,
  width,
  height,
})

/** Fills whole pixels; `box` must have integer corners. */
export function fillBox(picture: Pixels, [x1, y1, x2, y2]: Box, color: number): void {
  for (let y = y1; y < y2; y++) picture.data.fill(color, y * picture.width + x1, y * picture.width + x2)
}

export function testContext(
  seed: number,
  sizes: { width: number; height: number }[],
  over: Partial<PlainContext> = {},
): PlainContext {
  const random = rng('test', seed)
  return {
    rng: random,
    sample: 0,
    count: sizes.length,
    sizeOf: (i) => sizes[i],
    drawLabelled: () => random.int(0, sizes.length - 1),
    align: 'topleft',
    pad: 114,
    ...over,
  }
}

const space = createPixelSpace(1_000_000)

/** RGB bytes, rows of width * 3. Pictures are copied into the memory of the kernels first. */
export function renderRgb(plan: AugmentPlan, picture: (sample: number) => Pixels): Uint8Array {
  let at = space.start
  const placed = new Map<number, Pixels>()
  const pixels = (sample: number): Pixels => {
    const known = placed.get(sample)
    if (known) return known
    const { data, width, height } = picture(sample)
    space.data.set(data, at)
    const copy = { data: space.data, offset: at, width, height }
    at += data.length
    placed.set(sample, copy)
    return copy
  }
  const pack = { layout: 'nhwc', type: 'uint8' } as const
  const out = allocateImages(pack, plan.width * plan.height * 3)
  const packer = imagePacker(space, pack, { ...yoloxInput, order: 'RGB' }, out, 0, plan.width, plan.height)
  renderPlan(space, plan, pixels, packer)
  return out as Uint8Array
}

/** Box of the pixels whose channel exceeds half of `level`, or null. */
export function brightBox(rgb: Uint8Array, width: number, channel: number, level: number): Box | null {
  let box: [number, number, number, number] | null = null
  for (let i = 0; i < rgb.length / 3; i++) {
    if (rgb[3 * i + channel] <= level / 2) continue
    const x = i % width
    const y = Math.floor(i / width)
    box = box
      ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x + 1), Math.max(box[3], y + 1)]
      : [x, y, x + 1, y + 1]
  }
  return box
}
