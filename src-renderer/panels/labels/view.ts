import { Shapes } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'labels',
  title: 'labels.title',
  icon: Shapes,
  order: 15,
  needsProject: true,
  component: () => import('./labels.vue'),
})
