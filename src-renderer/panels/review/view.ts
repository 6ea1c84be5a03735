import { ScanEye } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'review',
  title: 'review.title',
  icon: ScanEye,
  order: 60,
  needsProject: true,
  component: () => import('./review.vue'),
})
