/**
 * A run of 100,000 metric points in the live view: how long its curves take to appear, how long the window stands still
 * while new points come ten times a second, and how late they are drawn.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Page } from '@playwright/test'
import { createStudio } from '../../src-main/host/studio'
import { appendMetrics } from '../../src-main/store/metric'
import { createRun, updateRun } from '../../src-main/store/run'
import { findOutside } from '../helpers/find-outside'
import { testPorts } from '../helpers/test-ports'
import type { Campaign } from './campaign'

const points = 100_000
const series = ['train/loss', 'train/iou', 'train/obj', 'train/cls', 'lr/group0']
const [liveSeconds, perSecond] = [20, 10]

export const campaign: Campaign = {
  title: 'A live view of 100,000 metric points: time to its curves, frames while new points come',
  seed: 0,
  recipe: {
    points,
    series,
    live: `${perSecond} times a second one step of all series, ${liveSeconds} s`,
    window: '1280x800, software raster',
    bars: { longestFrame: 100 },
  },
  async run({ root, log }) {
    const browser = findOutside('browser', root)
    if ('reason' in browser) throw new Error(browser.reason)
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-metric-points-'))
    mkdirSync(join(folder, 'config'))
    const studio = createStudio(
      testPorts({
        host: 'browser',
        ui: join(root, 'out/renderer'),
        folders: { config: join(folder, 'config'), projects: folder },
      }),
    )
    const program = await chromium.launch({ executablePath: browser.path, args: ['--disable-gpu'] })
    try {
      const store = await studio.init(join(folder, 'project'), {})
      const { id } = createRun(store.db, { name: 'Long', task: 'detect', model: 'yolox-nano', recipe: {} })
      updateRun(store.db, id, { status: 'running' })
      const steps = points / series.length
      const perEpoch = steps / 100
      const rows = (step: number) =>
        series.map((name, i) => ({
          step,
          epoch: step / perEpoch,
          series: name,
          value: (i + 1) * (0.2 + Math.exp(-step / steps) + 0.3 * Math.sin(step * 12.9898 + i) ** 2),
        }))
      appendMetrics(store.db, id, Array.from({ length: steps }, (_, i) => rows(i + 1)).flat())
      const { url } = await studio.listen({ hostname: '127.0.0.1', port: 0 })
      const page = await program.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
      await page.goto(url)
      const started = performance.now()
      await page.goto(`${new URL(url).origin}/#runs?run=${id}&tab=curves`)
      await page.locator('canvas').nth(1).waitFor()
      const first = performance.now() - started
      log(`curves after ${first.toFixed(0)} ms`)
      await watchFrames(page)
      await sleep(3000)
      const rest = await readFrames(page)
      let step = steps
      for (const end = performance.now() + liveSeconds * 1000; performance.now() < end;) {
        step++
        const cursor = appendMetrics(store.db, id, rows(step))
        studio.hub.emit('runs.metrics', { run: id, cursor })
        await sleep(1000 / perSecond)
      }
      const live = await readFrames(page)
      const figures = { points, curvesMilliseconds: Math.round(first), atRest: rest, live, newPoints: (step - steps) * series.length } // prettier-ignore
      log(JSON.stringify(figures))
      return figures
    } finally {
      await program.close()
      await studio.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

interface Watched {
  frames: number[]
  stalls: number[]
}

/** Times between frames, and tasks of more than 50 ms. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const state = globalThis as unknown as Watched
    state.frames = []
    state.stalls = []
    let last = performance.now()
    const frame = (now: number) => {
      state.frames.push(now - last)
      last = now
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
    new PerformanceObserver((list) => state.stalls.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' }) // prettier-ignore
  })
}

/** Milliseconds; what was seen is forgotten. */
async function readFrames(page: Page) {
  const { frames, stalls } = await page.evaluate(() => {
    const state = globalThis as unknown as Watched
    const seen = { frames: state.frames, stalls: state.stalls }
    state.frames = []
    state.stalls = []
    return seen
  })
  const sorted = frames.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? NaN)
  return {
    frames: frames.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: at(1),
    tasksAbove50: stalls.length,
  }
}
