/** The interface of an optimizer: how one tensor of parameters moves, written with graph ops. */
import type { Value } from './graph'

export interface OptimizerDef {
  title: string
  /** State tensors per parameter, of the parameter's shape, starting at zero. */
  states: readonly string[]
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
  }): {
    w: Value
    states: Record<string, Value>
  }
}

export interface OptimizerSettings {
  momentum: number
  beta2: number
}

export const defineOptimizer = (def: OptimizerDef): OptimizerDef => def
