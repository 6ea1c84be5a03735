import { defineReport } from './report'

export default defineReport({
  of: (detail) => detail.restoration,
  alone: true,
  component: () => import('../denoise/restoration-report.vue'),
})
