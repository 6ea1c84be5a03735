/** Lowering: from macros to ONNX ops, for plain NCHW (any provider) or ONNX Runtime's blocked CPU layout. */
import type { Graph, Value } from '../graph'
import { lowerLeakyReluGrad } from './blocked/activation'
import { lowerConv, lowerConvInputGrad } from './blocked/conv'
import { lowerBatchNormGrad, lowerBatchNormTrain, lowerSilu, lowerSiluGrad } from './blocked/norm'
import {
  lowerConcat,
  lowerElementwise,
  lowerFocus,
  lowerMaxPool,
  lowerMaxPoolGrad,
  lowerSplit,
  lowerUpsample,
  lowerUpsampleGrad,
} from './blocked/pool'
import { lowerConvWeightGrad } from './blocked/weight-grad'
import { type BlockedRule, type LowerOptions, Lowering } from './lowering'

const rules: Readonly<Record<string, BlockedRule>> = {
  Conv: lowerConv,
  ConvInputGrad: lowerConvInputGrad,
  ConvWeightGrad: lowerConvWeightGrad,
  BatchNormTrain: lowerBatchNormTrain,
  BatchNormGrad: lowerBatchNormGrad,
  Silu: lowerSilu,
  SiluGrad: lowerSiluGrad,
  LeakyRelu: lowerElementwise,
  LeakyReluGrad: lowerLeakyReluGrad,
  MaxPool: lowerMaxPool,
  MaxPoolGrad: lowerMaxPoolGrad,
  UpsampleNearest: lowerUpsample,
  UpsampleGrad: lowerUpsampleGrad,
  Concat: lowerConcat,
  Split: lowerSplit,
  Focus: lowerFocus,
  Add: lowerElementwise,
  Sub: lowerElementwise,
  Mul: lowerElementwise,
  Neg: lowerElementwise,
  Relu: lowerElementwise,
  Abs: lowerElementwise,
}

/** Lowers everything the roots depend on; ask the result for the roots' forms. */
export function lower(graph: Graph, roots: readonly Value[], options: LowerOptions): Lowering {
  const lowering = new Lowering(graph, options, rules)
  lowering.run(roots)
  return lowering
}

export type { Lowering, LowerOptions, ImagePacking } from './lowering'
export { type Storage, pack, storedSize, unpack } from './storage'
