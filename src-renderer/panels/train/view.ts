import { GraduationCap } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'train',
  title: 'train.title',
  icon: GraduationCap,
  order: 40,
  needsProject: true,
  component: () => import('./train.vue'),
})
