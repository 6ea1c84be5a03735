/** The interface of a learning-rate schedule. */
import type { Recipe } from '../domain/recipe'

export interface ScheduleDef {
  title: string
  /**
   * Learning rate as a fraction of the peak.
   * @param progress share of the steps after warm-up that are done, 0..1.
   */
  factor(progress: number, settings: Recipe['schedule']): number
}

export const defineSchedule = (def: ScheduleDef): ScheduleDef => def
