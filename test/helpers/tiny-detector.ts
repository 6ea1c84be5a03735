/** A detector of a few layers with YOLOX's head: small enough for software GPUs, with every kind of layer of the real ones. */
import { z } from 'zod'
import { type ModelDef, defineModel } from '@shared/catalog/models/define'
import { yoloxInput } from '@shared/domain/model-input'
import { decodeOutput, decoupledHead } from '@shared/catalog/models/yolox/head'
import { spatialConv } from '@shared/catalog/models/yolox/parts'
import { concat, focus, maxPool, upsample } from '@shared/engine/ops'

export const tinyDetector: ModelDef = defineModel({
  title: 'Tiny detector',
  task: 'detect',
  source: 'for tests',
  input: yoloxInput,
  stride: 32,
  params: z.strictObject({}),
  learningRate: 1e-3,
  examples: [],
  build(nn, images, { classes }) {
    const x = nn.convBnSilu('stem', focus(images), 16, 3, 2)
    const p3 = nn.convBnSilu('low', x, 24, 3, 2)
    const p4 = nn.convBnSilu('middle', nn.convBnSilu('spatial', p3, 24, 3, 2, 24), 32, 1)
    const p5 = nn.convBn('high', concat([p4, maxPool(p4, 5)], 1), 40, 3, { stride: 2, activation: 'leaky-relu' })
    const down = nn.convBnSilu('join', concat([upsample(p5, 2), p4], 1), 24, 1)
    return decoupledHead(nn, { p3, p4: down, p5 }, 16, classes, spatialConv(nn, false))
  },
  output: decodeOutput,
})
