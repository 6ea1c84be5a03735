/** What of the frame is open: palette, shortcut sheet, history, jobs. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useFrame = defineStore('frame', () => {
  const palette = ref(false)
  const shortcuts = ref(false)
  const history = ref(false)
  const jobs = ref(false)
  const about = ref(false)
  return { palette, shortcuts, history, jobs, about }
})
