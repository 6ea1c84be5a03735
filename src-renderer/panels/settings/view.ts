import { Settings } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'settings',
  title: 'settings.title',
  icon: Settings,
  order: 900,
  needsProject: false,
  component: () => import('./settings.vue'),
})
