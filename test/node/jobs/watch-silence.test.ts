import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchSilence } from '../../../src-main/jobs/watch-silence'

const silent = vi.fn<(ms: number) => void>()
/** What the clock runs ahead of the timers, ms. */
let slept = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + slept)
  silent.mockReset()
  slept = 0
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('silence is told after its limit, and a sign of life ends it', () => {
  const watch = watchSilence(180_000, silent)
  vi.advanceTimersByTime(179_000)
  watch.sign()
  vi.advanceTimersByTime(179_000)
  expect(silent).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2000)
  expect(silent).toHaveBeenCalledWith(181_000)
  silent.mockReset()
  watch.close()
  vi.advanceTimersByTime(400_000)
  expect(silent).not.toHaveBeenCalled()
})

test('a machine that slept for a night is no silence', () => {
  const watch = watchSilence(180_000, silent)
  vi.advanceTimersByTime(10_000)
  slept = 8 * 3_600_000
  vi.advanceTimersByTime(5000)
  expect(silent).not.toHaveBeenCalled()
  // What stays silent after it is told all the same.
  vi.advanceTimersByTime(180_000)
  expect(silent).toHaveBeenCalled()
  watch.close()
})
