/** What a loss between two images exports. */
import type { Value } from '../../engine/graph'

export interface RestorationLoss {
  title: string
  /** Paper or origin. */
  source: string
  /** Weight when a recipe names none. */
  weight: number
  /** @param output and @param truth [N, C, H, W], values about 0..1. @returns a scalar. */
  build(output: Value, truth: Value): Value
}

export const defineRestorationLoss = (loss: RestorationLoss): RestorationLoss => loss
