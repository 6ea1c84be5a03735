import { House } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'welcome',
  title: 'welcome.title',
  icon: House,
  order: 0,
  needsProject: false,
  component: () => import('./welcome.vue'),
})
