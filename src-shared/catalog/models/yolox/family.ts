/** The YOLOX family: one definition for all sizes. */
import { z } from 'zod'
import { yoloxInput } from '../../../domain/model-input'
import type { Value } from '../../../engine/graph'
import type { Nn } from '../../../engine/nn'
import { focus } from '../../../engine/ops'
import { type ModelDef, defineModel } from '../define'
import { type DenseHead, decodeOutput, decoupledHead } from './head'
import { yoloxLayers } from './layers'
import { type Features, type SpatialConv, cspDarknet, pafpn, spatialConv } from './parts'

export interface YoloxSize {
  title: string
  depth: number
  width: number
  depthwise?: boolean
  /** See ModelDef; measured for nano, the usual smaller step for the wider ones. */
  learningRate?: number
  scratchRate?: number
  /** Trainable numbers with 80 classes, as the original code counts them. */
  parameters: number
}

/** Depth and width multipliers as in the original's configurations. */
export function defineYolox({
  title,
  depth,
  width,
  depthwise = false,
  learningRate = 1e-3,
  scratchRate,
  parameters,
}: YoloxSize): ModelDef<DenseHead> {
  return defineModel({
    title,
    task: 'detect',
    source: 'Ge et al. 2021, arXiv:2107.08430',
    input: yoloxInput,
    stride: 32,
    learningRate,
    ...(scratchRate ? { scratchRate } : {}),
    params: z.strictObject({}),
    layers: yoloxLayers,
    examples: [{ classes: 80, parameters }],
    build: (nn: Nn, images: Value, { classes }) => {
      const { features, hidden, conv } = yoloxFeatures(nn, images, { depth, width, depthwise })
      return decoupledHead(nn, features, hidden, classes, conv)
    },
    output: decodeOutput,
  })
}

/** Backbone and neck of a size, and what its heads are made of. */
export function yoloxFeatures(
  nn: Nn,
  images: Value,
  { depth, width, depthwise }: { depth: number; width: number; depthwise: boolean },
): { features: Features; hidden: number; conv: SpatialConv } {
  const base = Math.floor(64 * width)
  const repeats = Math.max(Math.round(depth * 3), 1)
  const conv = spatialConv(nn, depthwise)
  const features = nn.scope('backbone', () =>
    pafpn(nn, cspDarknet(nn, focus(images), base, repeats, conv), base, Math.round(3 * depth), conv),
  )
  return { features, hidden: Math.floor(256 * width), conv }
}
