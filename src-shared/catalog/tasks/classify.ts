import type { Value } from '../../engine/graph'
import { crossEntropy } from '../losses/cross-entropy'
import { defineTask } from './define'

/** A model's output is logits [N, classes]; an image's class is its first tag. */
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
  augments: () => [
    { id: 'affine', when: 'always', origin: 'center', degrees: 15, translate: 0.1, shear: 0, scale: [0.8, 1.25] },
    { id: 'hsv' },
    { id: 'flip', p: 0.5 },
  ],
  newHead: { prefix: 'head.', rate: 10 },
  loss({ output, graph, batch, classes, settings }) {
    const truth = graph.input('classes', [batch, 1])
    return crossEntropy(output, truth, { classes, smoothing: settings.smoothing ?? 0.1 })
  },
  feeds({ targets, count, maxGt }) {
    const data = Float32Array.from({ length: count }, (_, i) => targets[5 * maxGt * i])
    return { classes: { data, shape: [count, 1] } }
  },
})
