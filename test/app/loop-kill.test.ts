/**
 * Nothing of the loop is lost when something dies in the middle of it: the window's tab, the worker that trains, the
 * core. The run is marked interrupted and goes on from the window; its curves have no gap and nothing twice; its table
 * says what the command line says, to the digit.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from '@playwright/test'
import { afterAll, beforeAll, expect } from 'vitest'
import { generateHarbour } from '../../src-main/sample/generate-harbour'
import { see, serveProject, type Served } from '../helpers/annotator-window'
import { need } from '../helpers/need'
import { runCli } from '../helpers/run-cli'

const browser = need('browser')
/** More than a fast machine trains while the test looks for its moment. */
const epochs = 40
/** Training on a busy machine takes its time. */
const long = { timeout: 600_000 }

let folder: string
let project: string
let home: string
let chromiumBrowser: Browser
let served: Served

async function cli(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(words)
  if (code !== 0) throw new Error(`tagwright ${words[0]} ended with ${code}: ${stderr}`)
  return stdout
}

beforeAll(async () => {
  if (!browser.available) return
  folder = mkdtempSync(join(tmpdir(), 'tagwright-kill-'))
  project = join(folder, 'project')
  home = join(folder, 'home')
  mkdirSync(home)
  await generateHarbour({ dir: join(folder, 'harbour'), images: 20, seed: 1 })
  await cli('init', project)
  await cli('import', project, join(folder, 'harbour'))
  served = await serveProject(project, home)
  chromiumBrowser = await chromium.launch({ executablePath: browser.path })
}, 600_000)
afterAll(async () => {
  await chromiumBrowser?.close()
  await served?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

async function open(tab: string): Promise<Page> {
  const context = await chromiumBrowser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(error))
  await page.goto(served.url)
  await page.goto(`${new URL(served.url).origin}/#runs?run=r1&tab=${tab}`)
  return page
}
const status = (page: Page, text: string) => page.getByRole('navigation', { name: 'Runs' }).getByText(text)
const losses = (page: Page) => page.getByRole('img', { name: /^Losses: / })
/** Waits until the run has trained past an epoch, counted by the steps that are stored. */
const past = (epoch: number) =>
  expect
    .poll(
      async () => {
        const { status: now, error } = await served.api.runs.get({ run: 'r1' })
        if (error) throw new Error(`The run is ${now}: ${error.message}`)
        return (await served.api.runs.metricsSummary({ run: 'r1', buckets: 2 })).series[0]?.epoch.at(-1) ?? 0
      },
      { timeout: 600_000 },
    )
    .toBeGreaterThan(epoch)

/** Processes that the server started: the worker that trains is the newest. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent ? [Number(name)] : []
      } catch {
        return []
      }
    })
}

browser.test(
  'the tab, the worker and the core die in the middle of a run, and nothing is lost',
  async () => {
    const recipe = { input: { size: 64 }, epochs, batch: { size: 4 }, seed: 3 }
    await served.api.runs.start({ recipe, name: 'Unlucky' })

    // The worker goes, as the system does it when memory is short.
    await past(1)
    const workers = childrenOf(served.process.pid!)
    expect(workers.length).toBeGreaterThan(0)
    for (const pid of workers) process.kill(pid, 'SIGKILL')
    let page = await open('curves')
    await see(status(page, 'Interrupted')).toBeVisible(long)
    const reached = (await served.api.runs.metricsSummary({ run: 'r1', buckets: 2 })).series[0].epoch.at(-1)!
    expect(reached).toBeLessThan(epochs)

    // The tab goes: the run does not care, and the next window shows all of it.
    await page.getByRole('button', { name: 'Resume' }).click()
    await see(status(page, 'Running')).toBeVisible(long)
    await page.context().close()
    await past(reached + 1)
    expect((await served.api.runs.get({ run: 'r1' })).status).toBe('running')

    // The core goes, as with a power cut.
    await served.kill()
    await served.core.close().catch(() => {})
    served = await serveProject(project, home)
    page = await open('curves')
    await see(status(page, 'Interrupted')).toBeVisible(long)
    await see(losses(page)).toBeVisible(long)
    await page.getByRole('button', { name: 'Resume' }).click()
    await see(status(page, 'Done')).toBeVisible(long)

    const { rows } = await served.api.runs.metrics({ run: 'r1', limit: 50_000 })
    const steps = (series: string) => rows.filter((row) => row.series === series).map(({ step }) => step)
    const trained = steps('train/loss')
    expect(trained).toEqual(Array.from({ length: trained.length }, (_, i) => i + 1))
    const perEpoch = trained.length / epochs
    expect(Number.isInteger(perEpoch)).toBe(true)
    const scored = steps('val/AP')
    expect(scored).toEqual(Array.from({ length: epochs }, (_, i) => perEpoch * (i + 1)))

    // What the window says of the finished run is what the command line says, to the digit.
    await page.getByRole('tab', { name: 'Results' }).click()
    const table = page.getByRole('region', { name: 'COCO' })
    await see(table.getByRole('row')).toHaveCount(12)
    const shown = await table
      .getByRole('row')
      .evaluateAll((all) =>
        all.map((row) => [row.querySelector('b')!.textContent, Number(row.querySelector('button')!.title)] as const),
      )
    const told = JSON.parse(await cli('eval', project, '--run', 'r1', '--split', 'val', '--json')) as {
      coco: Record<string, number>
      perClass: Record<string, number | string | null>[]
    }
    expect(Object.fromEntries(shown)).toEqual(told.coco)
    const classes = page.getByRole('region', { name: 'Classes' })
    for (const row of told.perClass) {
      const cells = classes.getByRole('row').filter({ has: page.getByRole('rowheader', { name: String(row.label) }) })
      const titles = await cells.getByRole('button').evaluateAll((all) => all.map((one) => (one as HTMLElement).title))
      expect(titles[0]).toBe(String(row.groundTruths))
      if (typeof row.AP === 'number') expect(titles[1]).toBe(String(row.AP))
    }
  },
  1_800_000,
)
