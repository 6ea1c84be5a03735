/** A question of the review queue: where a model and the labels disagree. */
import type { ReviewKind } from '@shared/contract/review'
import type { AnnotationRow, PredictionBoxRow } from './rows'

export interface ReviewItem {
  id: string
  kind: ReviewKind
  sample: number
  name: string
  split: string | null
  disagreement: number
  prediction: PredictionBoxRow | null
  annotation: ReviewAnnotation | null
  iou: number | null
}
export type ReviewAnnotation = Pick<AnnotationRow, 'id' | 'sample_id' | 'label_id' | 'kind' | 'x1' | 'y1' | 'x2' | 'y2' | 'flags'> // prettier-ignore
