/** Where the window is: the view and its parameters, kept in the address so that reload and back work. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export type ViewParams = Record<string, string>

/** `#label?sample=12`. */
function parse(hash: string): { view: string; params: ViewParams } {
  const [view, query = ''] = hash.replace(/^#/, '').split('?')
  return { view, params: Object.fromEntries(new URLSearchParams(query)) }
}

export const useNavigation = defineStore('navigation', () => {
  const start = parse(location.hash)
  const view = ref(start.view || 'welcome')
  const params = ref<ViewParams>(start.params)

  window.addEventListener('hashchange', () => {
    const next = parse(location.hash)
    view.value = next.view || 'welcome'
    params.value = next.params
  })

  /** `replace` leaves no entry for the back button: for changes that only keep the address true. */
  function go(id: string, to: Record<string, string | number> = {}, { replace = false } = {}): void {
    const query = new URLSearchParams(Object.entries(to).map(([key, value]) => [key, String(value)])).toString()
    const hash = `#${id}${query ? `?${query}` : ''}`
    if (hash === location.hash) return
    if (replace) history.replaceState(null, '', hash)
    else history.pushState(null, '', hash)
    view.value = id
    params.value = Object.fromEntries(new URLSearchParams(query))
  }
  /**
   * For a move that follows slow work: the answer moves as `go` does, unless the person has gone elsewhere meanwhile.
   * What they chose last stands.
   */
  function later(): typeof go {
    const from = location.hash
    return (...to) => {
      if (location.hash === from) go(...to)
    }
  }
  return { view, params, go, later }
})
