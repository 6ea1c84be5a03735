/** Every op of training programs by name, one file per family; `select` holds those that only follow a detector. */
import { activationOps } from './activation'
import { convOps } from './conv'
import { elementwiseOps } from './elementwise'
import { gatherOps } from './gather'
import { linearOps } from './linear'
import { normOps } from './norm'
import { poolOps } from './pool'
import { rearrangeOps } from './rearrange'
import { sampleOps } from './sample'
import { shapeOps } from './shape'

export * from './activation'
export * from './conv'
export * from './elementwise'
export * from './gather'
export * from './linear'
export * from './norm'
export * from './pool'
export * from './rearrange'
export * from './sample'
export * from './select'
export * from './shape'

export const ops = {
  ...elementwiseOps,
  ...shapeOps,
  ...gatherOps,
  ...linearOps,
  ...convOps,
  ...normOps,
  ...activationOps,
  ...poolOps,
  ...sampleOps,
  ...rearrangeOps,
}
export type OpName = keyof typeof ops
