import { ChartLine } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'runs',
  title: 'runs.title',
  icon: ChartLine,
  order: 50,
  needsProject: true,
  component: () => import('./runs.vue'),
})
