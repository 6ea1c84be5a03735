/** Messages that pass by: what was done, and every error. The one place where errors become visible. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { toErrorShape, type ErrorShape } from '@shared/base/errors'
import { sayError } from '../ui/say'

export interface Notice {
  id: number
  level: 'info' | 'success' | 'warning' | 'error'
  text: string
  /** Shown on demand and copied with the text. */
  error: ErrorShape | null
  /** One thing to do about it, such as Undo. */
  action: { title: string; run: () => void } | null
  /** How often it came while it was shown. */
  count: number
}

/** How long a message without an error stays, ms; with an action it stays twice as long. */
const patience = 5000
const atMost = 5

export const useNotify = defineStore('notify', () => {
  const notices = ref<Notice[]>([])
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  let last = 0

  function dismiss(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }
  /** Starts a message's time; while the pointer is over it, `hold` stops it. */
  function resume(id: number): void {
    const notice = notices.value.find((one) => one.id === id)
    if (!notice || notice.level === 'error') return
    clearTimeout(timers.get(id))
    timers.set(
      id,
      setTimeout(() => dismiss(id), notice.action ? 2 * patience : patience),
    )
  }
  function hold(id: number): void {
    clearTimeout(timers.get(id))
  }
  function show(level: Notice['level'], text: string, rest: Partial<Pick<Notice, 'error' | 'action'>> = {}): number {
    const same = notices.value.find((notice) => notice.level === level && notice.text === text)
    if (same) {
      same.count++
      Object.assign(same, rest)
      resume(same.id)
      return same.id
    }
    const id = ++last
    notices.value.push({ id, level, text, error: null, action: null, count: 1, ...rest })
    for (const old of notices.value.slice(0, -atMost)) dismiss(old.id)
    resume(id)
    return id
  }

  /**
   * Shows anything thrown. A cancelled call was somebody's wish and says nothing.
   * @returns the error's shape, for callers that react to its code
   */
  function error(thrown: unknown): ErrorShape {
    const shape = toErrorShape(thrown)
    if (shape.code !== 'cancelled') show('error', sayError(shape), { error: shape })
    return shape
  }
  const info = (text: string, action?: Notice['action']) => show('info', text, { action: action ?? null })
  const success = (text: string, action?: Notice['action']) => show('success', text, { action: action ?? null })
  const warning = (text: string, action?: Notice['action']) => show('warning', text, { action: action ?? null })
  /** Runs something and shows its error; answers undefined then. */
  async function attempt<T>(run: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await run()
    } catch (thrown) {
      error(thrown)
      return undefined
    }
  }
  return { notices, error, info, success, warning, attempt, dismiss, hold, resume }
})
