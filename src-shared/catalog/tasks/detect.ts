import { yoloxAugments } from '../augments'
import { yoloxLoss } from '../losses/yolox'
import type { DenseHead } from '../models/yolox/head'
import { trials } from '../small-data'
import { defineTask, letterboxKeys } from './define'

export default defineTask<DenseHead>({
  title: 'Detection',
  scores: ['AP', 'AP50'],
  truth: 'objects',
  trials,
  presets: {
    quick: { model: { id: 'yolox-nano' }, input: { size: 256 }, epochs: 15 },
    balanced: { model: { id: 'yolox-nano' }, input: { size: 320 }, epochs: 'auto' },
    accurate: { model: { id: 'yolox-s' }, input: { size: 640 }, epochs: 'auto', patience: 50 },
  },
  prepare: (sample) => sample,
  advice: 'Annotate some images or import annotations, then train.',
  keys: [...letterboxKeys, 'data.slice', 'loss.iou'],
  augments: yoloxAugments,
  loss({ output, graph, batch, rows, settings }) {
    const targets = graph.input('targets', [batch, rows, 5])
    return yoloxLoss(output, targets, graph.input('useL1', []), { iou: settings.iou ?? 'iou' })
  },
  feeds: ({ targets, count, maxGt, closing }) => ({
    targets: { data: targets, shape: [count, maxGt, 5] },
    useL1: { data: Float32Array.of(closing ? 1 : 0), shape: [] },
  }),
  symbolic: { targets: { 1: 'truths' } },
})
