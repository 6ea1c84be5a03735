/**
 * What a window costs a run and what a run costs the window: steps a second without a window, with one that is idle, and
 * while somebody labels by script; and how long the canvas takes to answer meanwhile.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Page } from '@playwright/test'
import { mapping, serveProject, shown, type Served } from '../helpers/annotator-window'
import { findOutside } from '../helpers/find-outside'
import type { Campaign } from './campaign'

const [rounds, phaseSeconds, settleSeconds] = [2, 30, 4]
const [width, height] = [640, 480]
const recipe = {
  model: { id: 'yolox-nano' },
  input: { size: 320 },
  // Evaluations stop the steps for a while and would fall into one phase and not into another.
  data: { evalEvery: 1000 },
  epochs: 1000,
  batch: { size: 8 },
  provider: 'cpu',
}
type Phase = 'headless' | 'idle' | 'interaction'

export const campaign: Campaign = {
  title: 'A window during training: its share of the speed, and how fast the canvas answers',
  seed: 0,
  recipe: {
    data: 'BCCD, 640 x 480',
    model: 'yolox-nano',
    size: 320,
    batch: 8,
    rounds,
    phaseSeconds,
    window: '1280x800, software raster',
    latency: 'from the input event to the frame after it, pointer moves, presses, wheel and keys over the canvas',
    bars: { latencyP95: 100, idleShare: 0.9, interactionShare: 0.6 },
  },
  async run({ root, log, record }) {
    const [browser, data] = [findOutside('browser', root), findOutside('data', root)]
    if ('reason' in browser) throw new Error(browser.reason)
    if ('reason' in data) throw new Error(data.reason)
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-window-training-'))
    const [project, home] = [join(folder, 'project'), join(folder, 'home')]
    mkdirSync(home)
    const cli = (...words: string[]) =>
      execFileSync(process.execPath, [join(root, 'out/main/cli.js'), ...words], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    cli('init', project)
    cli('import', project, join(data.path, 'detect/bccd'))
    const served = await serveProject(project, home, join(root, 'out/main/server.js'))
    try {
      const meter = await startRun(served)
      const stepsPerSecond: Record<Phase, number[]> = { headless: [], idle: [], interaction: [] }
      const waits: Wait[] = []
      const measure = async (phase: Phase, during: () => Promise<unknown>) => {
        await sleep(settleSeconds * 1000)
        const from = performance.now()
        await during()
        const rate = meter.rate(from, performance.now())
        stepsPerSecond[phase].push(rate)
        log(`${phase}: ${rate.toFixed(3)} steps/s`)
        record(summarize(stepsPerSecond, waits))
      }
      const rest = () => sleep(phaseSeconds * 1000)
      for (let round = 0; round < rounds; round++) {
        await measure('headless', rest)
        const program = await chromium.launch({ executablePath: browser.path, args: ['--disable-gpu'] })
        try {
          const page = await program.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
          await page.goto(served.url)
          await page.goto(`${new URL(served.url).origin}/#label`)
          await shown(page)
          await watchLatency(page)
          await measure('idle', rest)
          await page.evaluate(() => ((globalThis as unknown as Watched).waits.length = 0))
          await measure('interaction', () => interact(page, performance.now() + phaseSeconds * 1000))
          waits.push(...(await page.evaluate(() => (globalThis as unknown as Watched).waits)))
        } finally {
          await program.close()
        }
      }
      return summarize(stepsPerSecond, waits)
    } finally {
      await served.api.jobs.cancelAll().catch(() => {})
      await served.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** Starts a run and resolves when its first steps are done. */
async function startRun({ api }: Served) {
  const arrived: { at: number; step: number }[] = []
  let cursor = 0
  const read = async (run: string) => {
    const at = performance.now()
    const rows = await api.runs.metrics({ run, after: cursor })
    cursor = rows.cursor
    const step = Math.max(0, ...rows.rows.map((row) => row.step))
    if (step > (arrived.at(-1)?.step ?? 0)) arrived.push({ at, step })
  }
  api.runs.on('metrics', ({ run }) => void read(run).catch(() => {}))
  const { job } = await api.runs.start({ recipe, name: 'measured' })
  while ((arrived.at(-1)?.step ?? 0) < 5) {
    const { status, error } = await api.jobs.get({ job })
    if (status === 'failed') throw new Error(`The run failed: ${error?.message}`)
    await sleep(200)
  }
  return {
    /** Steps a second between the first and the last that arrived in a time. */
    rate(from: number, to: number): number {
      const inside = arrived.filter(({ at }) => at >= from && at <= to)
      const [first, last] = [inside[0], inside.at(-1)]
      if (!first || !last || first === last) throw new Error('Too few steps were done in a phase. Measure longer.')
      return (last.step - first.step) / ((last.at - first.at) / 1000)
    },
  }
}

interface Wait {
  kind: string
  milliseconds: number
}
interface Watched {
  waits: Wait[]
}

async function watchLatency(page: Page): Promise<void> {
  await page.evaluate(() => {
    const state = globalThis as unknown as Watched
    state.waits = []
    for (const kind of ['pointermove', 'pointerdown', 'pointerup', 'wheel', 'keydown']) {
      const note = (event: Event) =>
        requestAnimationFrame(() => {
          // A message posted in the frame is handled after the frame has been drawn.
          const channel = new MessageChannel()
          channel.port1.onmessage = () => state.waits.push({ kind, milliseconds: performance.now() - event.timeStamp })
          channel.port2.postMessage(null)
        })
      window.addEventListener(kind, note, { capture: true, passive: true })
    }
  })
}

/** Labels as a person does: draws, moves, zooms, goes on to the next image, with short pauses. */
async function interact(page: Page, until: number): Promise<void> {
  const on = await mapping(page, width, height)
  const glide = async (from: [number, number], to: [number, number]) => {
    await page.mouse.move(on(...from).x, on(...from).y)
    await page.mouse.down()
    for (let i = 1; i <= 12; i++) {
      const share = i / 12
      const at = on(from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share)
      await page.mouse.move(at.x, at.y)
      await sleep(16)
    }
    await page.mouse.up()
  }
  for (let i = 0; performance.now() < until; i++) {
    const [x, y] = [40 + ((i * 97) % 400), 40 + ((i * 53) % 280)]
    await page.keyboard.press('Escape')
    await page.keyboard.press('1')
    await page.keyboard.press('w')
    await glide([x, y], [x + 120, y + 90])
    await sleep(200)
    await glide([x + 60, y + 45], [x + 80, y + 60])
    await sleep(200)
    for (let turn = 0; turn < 6; turn++) {
      await page.mouse.wheel(0, turn < 3 ? -120 : 120)
      await sleep(30)
    }
    await page.keyboard.press('ArrowRight')
    await sleep(200)
    await page.keyboard.press('d')
    await shown(page)
    await sleep(300)
  }
}

function summarize(stepsPerSecond: Record<Phase, number[]>, waits: readonly Wait[]): Record<string, unknown> {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const share = (phase: Phase) =>
    stepsPerSecond[phase].length > 0 ? round(mean(stepsPerSecond[phase]) / mean(stepsPerSecond.headless)) : null
  const kinds = ['all', ...new Set(waits.map(({ kind }) => kind))]
  const latency = kinds.map((kind) => {
    const some = waits.filter((wait) => kind === 'all' || wait.kind === kind).map(({ milliseconds }) => milliseconds)
    some.sort((a, b) => a - b)
    const at = (q: number) => round(some[Math.min(some.length - 1, Math.floor(q * some.length))] ?? NaN)
    return [kind, { events: some.length, median: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1) }] as const
  })
  return {
    stepsPerSecond,
    share: { idle: share('idle'), interaction: share('interaction') },
    latencyMs: waits.length > 0 ? Object.fromEntries(latency) : null,
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000
