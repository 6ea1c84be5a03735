import { Tags } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'label',
  title: 'label.title',
  icon: Tags,
  order: 10,
  needsProject: true,
  component: () => import('./label.vue'),
})
