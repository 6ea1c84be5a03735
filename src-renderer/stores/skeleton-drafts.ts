/** Skeletons that somebody is drawing and has not saved: they wait for their label to be looked at again. */
import { defineStore } from 'pinia'
import { shallowReactive, watch } from 'vue'
import { useSession } from './session'

interface Kept<Draft> {
  /** The skeleton that was changed, as JSON: a draft of another one would mix up its points. */
  of: string
  draft: Draft
}

export const useSkeletonDrafts = defineStore('skeleton-drafts', () => {
  const session = useSession()
  const kept = shallowReactive(new Map<number, Kept<unknown>>())
  watch(
    () => session.project?.folder,
    () => kept.clear(),
  )
  // A page that is closed takes them with it: the browser asks. Electron would refuse to close without a word.
  window.addEventListener('beforeunload', (event) => {
    if (kept.size > 0 && session.capabilities?.host === 'browser') event.preventDefault()
  })
  /** undefined: there is none, or the skeleton was changed elsewhere since. */
  function find<Draft>(label: number, of: string): Draft | undefined {
    const found = kept.get(label)
    return found?.of === of ? (found.draft as Draft) : undefined
  }
  function keep<Draft>(label: number, of: string, draft: Draft): void {
    kept.set(label, { of, draft })
  }
  return { kept, find, keep, drop: (label: number) => kept.delete(label) }
})
