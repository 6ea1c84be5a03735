import { z } from 'zod'
import { identity } from '../../domain/affine'
import { letterboxGeometry } from '../../domain/letterbox'
import type { Tile } from '../augment-plan'
import { defineAugment } from '../define-augment'

/**
 * Four images around a random centre of a canvas of twice the output's side. YOLOv4 (Bochkovskiy et al. 2020,
 * arXiv:2004.10934) as placed by YOLOX (Ge et al. 2021, arXiv:2107.08430, `mosaicdetection.py`): centre uniform in
 * 0.5..1.5 of the output, tiles at letterbox scale, top left, top right, bottom left, bottom right. Without the affine
 * augment after it, the top-left quarter of the canvas is what remains.
 */
export default defineAugment({
  title: 'Mosaic of four images',
  group: 'layout',
  joins: 'objects',
  closes: true,
  params: z.strictObject({
    /** Probability per image. */
    p: z.number().min(0).max(1).default(1),
  }),
  apply(plan, { p }, ctx) {
    if (!ctx.rng.chance(p)) return
    const { width: w, height: h } = plan
    const yc = Math.trunc(ctx.rng.uniform(0.5, 1.5) * h)
    const xc = Math.trunc(ctx.rng.uniform(0.5, 1.5) * w)
    const samples = [ctx.sample, ...Array.from({ length: 3 }, () => ctx.rng.int(0, ctx.count - 1))]
    const tiles = samples.map((sample, i): Tile => {
      // Mosaic tiles are truncated as YOLOX does, whatever the model's own letterbox.
      const box = letterboxGeometry(ctx.sizeOf(sample), { width: w, height: h }, 'topleft')
      return {
        sample,
        x: i % 2 === 0 ? xc - box.width : xc,
        y: i < 2 ? yc - box.height : yc,
        width: box.width,
        height: box.height,
        scale: box.scale,
      }
    })
    plan.layers[0] = {
      canvas: { width: 2 * w, height: 2 * h },
      tiles,
      fill: ctx.pad,
      outside: ctx.pad,
      matrix: identity,
      minVisible: 0,
    }
    plan.mosaic = true
  },
})
