import { Database } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'data',
  title: 'data.title',
  icon: Database,
  order: 30,
  needsProject: true,
  component: () => import('./data.vue'),
})
