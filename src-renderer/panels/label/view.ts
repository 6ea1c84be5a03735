import { Tags } from '@lucide/vue'
import { defineView } from '../../app/view'
import { useSamples } from '../../stores/samples'

export default defineView({
  id: 'label',
  title: 'label.title',
  icon: Tags,
  order: 10,
  needsProject: true,
  component: () => import('./label.vue'),
  prepare: () => void useSamples(),
})
