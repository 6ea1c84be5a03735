import { poseEvaluationSchema } from '@shared/evaluation/evaluate-pose'
import { defineReport } from './report'

export default defineReport({
  of: ({ report }) => (report?.kind === 'pose' ? (poseEvaluationSchema.safeParse(report).data ?? null) : null),
  alone: false,
  component: () => import('../pose/pose-report.vue'),
})
