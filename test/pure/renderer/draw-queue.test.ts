import { afterEach, beforeEach, expect, it, vi } from 'vitest'

let frames: (() => void)[]
beforeEach(() => {
  frames = []
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => frames.push(callback))
  vi.resetModules()
})
afterEach(() => vi.unstubAllGlobals())
const nextFrame = () => frames.shift()?.()

it('draws one chart a frame, each once, whatever was asked meanwhile', async () => {
  const { queueDraw } = await import('../../../src-renderer/charts/draw-queue')
  const [a, b] = [vi.fn(), vi.fn()]
  queueDraw(a)
  queueDraw(b)
  queueDraw(a)
  expect(frames).toHaveLength(1)
  nextFrame()
  expect([a.mock.calls.length, b.mock.calls.length]).toEqual([1, 0])
  // One that asks again takes its place behind the others.
  queueDraw(a)
  nextFrame()
  expect([a.mock.calls.length, b.mock.calls.length]).toEqual([1, 1])
  nextFrame()
  expect(a).toHaveBeenCalledTimes(2)
  expect(frames).toHaveLength(0)
  queueDraw(b)
  expect(frames).toHaveLength(1)
})

it('forgets a chart that is gone', async () => {
  const { dropDraw, queueDraw } = await import('../../../src-renderer/charts/draw-queue')
  const gone = vi.fn()
  queueDraw(gone)
  dropDraw(gone)
  nextFrame()
  expect(gone).not.toHaveBeenCalled()
})
