/** The interface of an optimizer: how one tensor of parameters moves, written with graph ops. */
import type { Value } from './graph'
import { reshape } from './ops'

export interface OptimizerDef {
  title: string
  /** What a recipe's 'auto' stands for. */
  auto: {
    /** Peak learning rate for a batch of 8; `model`: the model's own, for steps whose size the gradient does not set. */
    lr: number | 'model'
    /** How the rate grows with the batch: plain gradient steps with its size, adaptive ones with its root. */
    batch: 'linear' | 'root'
    /** `task`: what the task has for decay that is not part of the gradient. */
    weightDecay: number | 'task'
  }
  /** State tensors per parameter, of the parameter's shape, starting at zero. */
  states: readonly string[]
  /**
   * The update of a weight looks at the whole of it: weights (not biases, not scales and shifts of norms) come one by
   * one, as `weight` says, instead of packed together.
   */
  whole?: true
  /**
   * Scalars that change from step to step, beside the learning rate.
   * @param step 1 for the first update.
   */
  scalars(step: number, settings: OptimizerSettings): Record<string, number>
  /** All values are float32; `w`, `g` and the states have one shape, scalars are scalars. Padding zeros must stay zero. */
  update(at: {
    w: Value
    g: Value
    lr: Value
    states: Readonly<Record<string, Value>>
    scalars: Readonly<Record<string, Value>>
    decay: number
    /** With `whole`: how one weight lies in memory; null for biases and norms, which stay packed. */
    weight: WeightView | null
  }): {
    w: Value
    states: Record<string, Value>
  }
}

/**
 * A weight [out, ...] in memory as [blocks, inner, lanes]: the numbers of one output channel are those of one block and
 * one lane. Padding is zero.
 */
export interface WeightView {
  readonly view: readonly [blocks: number, inner: number, lanes: number]
  /** Numbers of one output channel, and of the weight, without padding. */
  readonly perChannel: number
  readonly total: number
}

/** A weight, gradient or state as the view has it. */
export const inView = (v: Value, { view }: WeightView): Value => reshape(v, view)

export interface OptimizerSettings {
  momentum: number
  beta2: number
}

export const defineOptimizer = (def: OptimizerDef): OptimizerDef => def
