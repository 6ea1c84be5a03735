import { Workflow } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'models',
  title: 'models.title',
  icon: Workflow,
  order: 80,
  needsProject: false,
  component: () => import('./models.vue'),
})
