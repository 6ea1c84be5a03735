/** Undo and redo of the project's one history, and the list behind the history panel. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { HistoryEntry } from '@shared/contract/history'
import { api } from '../client/api'
import { latest } from '../client/latest'
import { translate } from '../locales'
import { useFrame } from './frame'
import { useNotify } from './notify'
import { useSession } from './session'

const pageSize = 100
/** As many as undo, redo and the hint need while the list is closed. */
const closedSize = 20

export const useHistory = defineStore('history', () => {
  const session = useSession()
  const notify = useNotify()
  const frame = useFrame()
  /** Newest first; as far back as was asked for. */
  const entries = ref<HistoryEntry[]>([])
  const undoId = ref<number | null>(null)
  const redoId = ref<number | null>(null)
  /** There are older entries than those listed. */
  const more = ref(false)
  const wanted = ref(pageSize)
  /** Waited for before a step: what is drawn is stored first, so that the newest gesture is the one that is undone. */
  const before = new Set<() => Promise<void>>()
  /** Steps run one after another, also when keys repeat faster than the core answers. */
  let queue: Promise<unknown> = Promise.resolve()

  const refresh = latest(async () => {
    if (session.project === null) {
      entries.value = []
      undoId.value = redoId.value = null
      more.value = false
      return
    }
    const limit = frame.history ? Math.min(wanted.value, 1000) : closedSize
    const list = await api.history.list({ limit })
    entries.value = list.entries
    undoId.value = list.undo
    redoId.value = list.redo
    more.value = list.entries.length === limit && limit < 1000
  })
  watch(
    () => [session.project?.folder, session.project?.revision, frame.history],
    () => void refresh().catch(notify.error),
    { immediate: true },
  )
  const find = (id: number | null) => entries.value.find((entry) => entry.id === id)
  const nextUndo = computed(() => find(undoId.value) ?? null)
  const nextRedo = computed(() => find(redoId.value) ?? null)

  async function take(direction: 'undo' | 'redo', skipChanged: boolean): Promise<boolean> {
    const { entry, skipped } = await api.history[direction]({ skipChanged })
    if (!entry) return false
    for (const message of skipped.slice(0, 3)) notify.warning(message)
    return true
  }
  /** One step; when a row was changed since by an import or job, it offers to go on without that row. */
  function step(direction: 'undo' | 'redo'): Promise<void> {
    const run = async () => {
      try {
        await Promise.all([...before].map((ready) => ready()))
        await take(direction, false)
      } catch (thrown) {
        const { code } = notify.error(thrown)
        if (code === 'changed-since') {
          notify.warning(translate('history.changedSince'), {
            title: translate('history.skip'),
            run: () => void (queue = queue.then(() => notify.attempt(() => take(direction, true)))),
          })
        }
      }
      await refresh()
    }
    const now = queue.then(run, run)
    queue = now
    return now
  }
  /** Undoes or redoes until the entry is the last one that is done; stops at the first that refuses. */
  async function goTo(id: number): Promise<void> {
    const run = async () => {
      const target = find(id)
      if (!target) return
      for (;;) {
        await refresh()
        const [undo, redo] = [undoId.value, redoId.value]
        if (target.done && undo !== null && undo > id) {
          if (!(await take('undo', false))) break
        } else if (!target.done && redo !== null && redo <= id) {
          if (!(await take('redo', false))) break
        } else break
      }
    }
    const now = queue.then(() => notify.attempt(run))
    queue = now
    await now
    await refresh()
  }
  async function loadMore(): Promise<void> {
    wanted.value += pageSize
    await refresh()
  }
  return {
    before,
    entries,
    undoId,
    redoId,
    more,
    nextUndo,
    nextRedo,
    undo: () => step('undo'),
    redo: () => step('redo'),
    goTo,
    loadMore,
  }
})
