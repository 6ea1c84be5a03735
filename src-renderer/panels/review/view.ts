import { ScanEye } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'review',
  title: 'review.title',
  icon: ScanEye,
  order: 60,
  needsProject: true,
  // Images that are to be cleaned have no classes, and nothing to agree on.
  tasks: ['detect', 'classify', 'pose'],
  component: () => import('./review.vue'),
})
