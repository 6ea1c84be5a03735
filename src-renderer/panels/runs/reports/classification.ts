import { defineReport } from './report'

export default defineReport({
  of: (detail) => detail.classification,
  alone: true,
  component: () => import('../classify/class-report.vue'),
})
