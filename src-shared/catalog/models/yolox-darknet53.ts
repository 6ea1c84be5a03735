import { z } from 'zod'
import { defineModel } from './define'
import { darknet53, fpn } from './yolox/darknet53'
import { yoloxInput } from '../../domain/model-input'
import { decodeOutput, decoupledHead } from './yolox/head'
import { yoloxLayers } from './yolox/layers'
import { spatialConv } from './yolox/parts'

/** The article's base line: YOLOv3's backbone and neck under YOLOX's head. */
export default defineModel({
  title: 'YOLOX-Darknet53',
  task: 'detect',
  source: 'Ge et al. 2021, arXiv:2107.08430, table 2',
  input: yoloxInput,
  learningRate: 1e-3,
  stride: 32,
  params: z.strictObject({}),
  layers: yoloxLayers,
  examples: [{ classes: 80, parameters: 63_724_767 }],
  build(nn, images, { classes }) {
    const features = nn.scope('backbone', () => fpn(nn, darknet53(nn, images)))
    return decoupledHead(nn, features, 256, classes, spatialConv(nn, false, 'leaky-relu'), 'leaky-relu')
  },
  output: decodeOutput,
})
