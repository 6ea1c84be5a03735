/** What a task shows of an evaluation beside, or instead of, COCO's tables: one file of this folder for each kind. */
import { defineAsyncComponent, type AsyncComponentLoader, type Component } from 'vue'
import type { EvaluationDetail } from '@shared/contract/results'

export interface ResultReport {
  /** What the component gets as `report`; null: this evaluation has none of it. */
  of(detail: EvaluationDetail): unknown
  /** Nothing else is shown: the numbers are no average precisions. */
  alone: boolean
  /** Props: `report`, and `evaluation`, its id. */
  component: Component
}

export const defineReport = ({
  component,
  ...report
}: Omit<ResultReport, 'component'> & { component: AsyncComponentLoader }): ResultReport => ({
  ...report,
  component: defineAsyncComponent(component),
})
