import { Shapes } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'labels',
  title: 'labels.title',
  icon: Shapes,
  order: 15,
  needsProject: true,
  // Images that are to be cleaned have no classes, and nothing to agree on.
  tasks: ['detect', 'classify', 'pose'],
  component: () => import('./labels.vue'),
})
