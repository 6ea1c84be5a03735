import { Film } from '@lucide/vue'
import { defineView } from '../../app/view'

export default defineView({
  id: 'video',
  title: 'video.title',
  icon: Film,
  order: 70,
  needsProject: true,
  component: () => import('./video.vue'),
})
