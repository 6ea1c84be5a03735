import type { Value } from '../../engine/graph'
import { crossEntropy } from '../losses/cross-entropy'
import { defineTask, letterboxKeys } from './define'

/** A model's output is logits [N, classes]; an image's class is its first tag, and a picture of two images has both in shares. */
export default defineTask<Value>({
  title: 'Classification',
  scores: ['top1', 'top5'],
  truth: 'class',
  prepare(sample) {
    const tag = sample.annotations.find(({ shape }) => shape.kind === 'tag')
    if (!tag) return null
    const box: [number, number, number, number] = [0, 0, sample.width, sample.height]
    // As a box around the whole image it goes through augmentation like any object.
    return { ...sample, annotations: [{ ...tag, shape: { kind: 'box', box }, box }] }
  },
  advice: 'Give images a class (a tag), or import a folder with one folder a class, then train.',
  keys: [...letterboxKeys, 'loss.smoothing'],
  // The side follows the images.
  presets: {
    quick: { epochs: 10 },
    balanced: {},
    accurate: { model: { id: 'yolox-s-classifier' }, epochs: 'auto' },
  },
  augments: () => [
    { id: 'affine', when: 'always', origin: 'center', degrees: 15, translate: 0.1, shear: 0, scale: [0.8, 1.25] },
    { id: 'hsv' },
    { id: 'flip', p: 0.5 },
  ],
  // Twice the length that detectors have from start weights: .83 instead of .69 with all layers of YOLOX-nano (decision 080).
  steps: { perImage: 5, fewest: 120, most: 1800 },
  // Measured on two trunks: decision 080.
  newHead: { prefix: 'head.', rate: 10, alone: { trunks: ['backbone', 'backbone.backbone', 'trunk'], rate: 3 } },
  loss({ output, graph, batch, classes, settings }) {
    const truth = { classes: graph.input('classes', [batch, 2]), shares: graph.input('shares', [batch, 2]) }
    return crossEntropy(output, truth, { classes, smoothing: settings.smoothing ?? 0.1 })
  },
  feeds({ targets, count, maxGt, width, height }) {
    const shape = [count, 2]
    const [classes, shares] = [new Float32Array(2 * count), new Float32Array(2 * count)]
    for (let i = 0; i < count; i++) {
      // The second row is an image that covers a part of the first: its class has the share of that part.
      const at = (row: number) => 5 * (maxGt * i + row)
      const covered = maxGt > 1 ? (targets[at(1) + 3] * targets[at(1) + 4]) / (width * height) : 0
      classes.set([targets[at(0)], covered > 0 ? targets[at(1)] : targets[at(0)]], 2 * i)
      shares.set([1 - covered, covered], 2 * i)
    }
    return { classes: { data: classes, shape }, shares: { data: shares, shape } }
  },
})
