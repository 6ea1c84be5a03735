import { cropsOf } from '../../domain/crops'
import type { Value } from '../../engine/graph'
import { add, mul, neg } from '../../engine/ops'
import { restorationLosses } from '../restoration-losses'
import { negativePsnr } from '../restoration-losses/means'
import { defineTask } from './define'

/** A model's output is the clean image [N, C, H, W], as its input is the noisy one; values about 0..1. */
export default defineTask<Value>({
  title: 'Denoising',
  scores: ['PSNR', 'SSIM'],
  truth: 'image',
  pixels: 'planes',
  prepare: (sample) => sample,
  advice: 'Import clean images, or pairs of noisy and clean ones, then train.',
  keys: ['data.crops', 'noise', 'loss.terms'],
  items: ({ crops }, images) => images * cropsOf(crops, images),
  presets: {
    quick: { model: { id: 'nafnet', params: { width: 8 } }, epochs: 15 },
    balanced: {},
    accurate: { model: { id: 'nafnet', params: { width: 32 } }, input: { size: 128 }, epochs: 'auto' },
  },
  // Crops, flips and turns are part of how its batches are made.
  augments: () => [],
  weightDecay: 1e-4,
  feeds: () => ({}),
  loss({ output, graph, settings }) {
    const truth = graph.input('clean', output.shape)
    const chosen = settings.terms ?? 'auto'
    const terms = chosen === 'auto' ? [{ id: 'charbonnier' }] : chosen
    const parts = terms.map(({ id, weight }) => {
      const loss = restorationLosses.get(id)
      return { id, value: mul(loss.build(output, truth), weight ?? loss.weight) }
    })
    const total = parts.map(({ value }) => value).reduce((a, b) => add(a, b))
    return {
      total,
      metrics: {
        loss: total,
        ...(parts.length > 1 ? Object.fromEntries(parts.map(({ id, value }) => [`loss_${id}`, value])) : {}),
        psnr: neg(negativePsnr(output, truth)),
      },
    }
  },
})
