/** YOLOX's backbone under one fully connected layer: its pre-trained weights fit by name. */
import { z } from 'zod'
import { yoloxInput } from '../../../domain/model-input'
import type { Value } from '../../../engine/graph'
import { focus, reduceMean, softmax } from '../../../engine/ops'
import { linearHead } from '../classifier-head'
import { type ModelDef, defineModel } from '../define'
import type { YoloxSize } from './family'
import { cspDarknet, spatialConv } from './parts'

/** @param size `parameters` is for 1,000 classes. */
export function defineYoloxClassifier({
  title,
  depth,
  width,
  depthwise = false,
  learningRate = 1e-3,
  parameters,
}: YoloxSize): ModelDef<Value> {
  return defineModel<Value>({
    title,
    task: 'classify',
    source: 'the backbone of Ge et al. 2021, arXiv:2107.08430',
    input: yoloxInput,
    stride: 32,
    learningRate,
    params: z.strictObject({}),
    examples: [{ classes: 1000, parameters }],
    build(nn, images, { classes }) {
      const conv = spatialConv(nn, depthwise)
      const repeats = Math.max(Math.round(depth * 3), 1)
      const { p5 } = nn.scope('backbone', () => cspDarknet(nn, focus(images), Math.floor(64 * width), repeats, conv))
      return linearHead(nn, reduceMean(p5, [2, 3]), classes)
    },
    output: (logits) => softmax(logits, 1),
  })
}
