/**
 * What one training image costs the loader: 640x480 sources, decoded and cached, full augmentation to 320 px.
 * `npx node scripts/bench-augment.mjs` prints milliseconds per image on one core.
 */
import { drawPlan, resolveAugments, yoloxAugments, type AugmentSpec } from '@shared/catalog/augments'
import type { AugmentContext } from '@shared/catalog/augment-plan'
import { letterboxGeometry } from '@shared/domain/letterbox'
import { yoloxInput } from '@shared/domain/model-input'
import { rng } from '@shared/base/rng'
import { allocateImages, packedShape, rowPacker } from '../../src-worker/data/pack-pixels'
import { createPlanRenderer } from '../../src-worker/data/render-plan'
import { resizeBilinear, type Pixels } from '../../src-worker/data/resize-bilinear'
import type { Packing } from '../../src-worker/data/types'

const size = 320
const count = 40
const random = rng('bench')
const pack: Packing = { layout: 's2d-nhwc', type: 'uint8' }

/** Smooth random pictures: noise would flatter no branch predictor, flat colour every one. */
const sources = Array.from({ length: count }, (): Pixels => {
  const data = new Int32Array(640 * 480)
  const f = [random.uniform(0.01, 0.1), random.uniform(0.01, 0.1), random.uniform(0.01, 0.1)]
  for (let i = 0; i < data.length; i++) {
    const x = i % 640
    const y = (i / 640) | 0
    const noise = random.int(0, 15)
    const c = f.map((k, n) => (120 + 100 * Math.sin(x * k + y * f[(n + 1) % 3]) + noise) & 255)
    data[i] = c[0] | (c[1] << 8) | (c[2] << 16)
  }
  return { data, offset: 0, width: 640, height: 480 }
})
const letterbox = letterboxGeometry({ width: 640, height: 480 }, { width: size, height: size }, 'topleft')
const reduced = sources.map((source): Pixels => {
  const target = { data: new Int32Array(letterbox.width * letterbox.height), offset: 0, ...letterbox }
  resizeBilinear(source, target)
  return target
})

/** Milliseconds of processor time: wall time would count what else the machine does. */
const cpu = () => process.cpuUsage().user / 1000

function measure(title: string, augment: AugmentSpec[], pixels: Pixels[], repeats = 600): void {
  const list = resolveAugments(augment)
  const renderer = createPlanRenderer()
  const shape = packedShape(pack.layout, 1, size, size)
  const out = allocateImages(
    pack,
    shape.reduce((a, b) => a * b),
  )
  const packer = rowPacker(pack, yoloxInput, out, 0, size, size)
  let start = 0
  for (let i = -200; i < repeats; i++) {
    if (i === 0) start = cpu()
    const ctx: AugmentContext = {
      rng: rng('bench', i),
      sample: ((i % count) + count) % count,
      count,
      sizeOf: () => ({ width: 640, height: 480 }),
      drawLabelled: () => (i + 277) % count,
      align: 'topleft',
      pad: 114,
    }
    renderer.render(drawPlan(list, ctx, { width: size, height: size }, false), (sample) => pixels[sample], packer)
  }
  console.log(`${title.padEnd(56)} ${((cpu() - start) / repeats).toFixed(2)} ms`)
}

const full: AugmentSpec[] = [{ id: 'mosaic' }, { id: 'affine', scale: [0.5, 1.5] }, { id: 'hsv' }, { id: 'flip' }]
measure('plain letterbox, reduced cache', [], reduced)
measure('YOLOX-nano defaults (mosaic .5)', yoloxAugments('yolox-nano'), reduced)
measure(
  'mosaic + affine + flip',
  full.filter((a) => a.id !== 'hsv'),
  reduced,
)
measure('mosaic + affine + hsv + flip', full, reduced)
measure('mosaic + affine + hsv + flip, full-size sources', full, sources)
measure('mosaic + affine + mixup + hsv + flip', yoloxAugments('yolox-s'), reduced)
measure('hsv alone', [{ id: 'hsv' }], reduced)
