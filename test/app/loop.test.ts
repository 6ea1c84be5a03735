/**
 * The whole loop in one window: import, mend two labels, train, watch, look at what is wrong, decide, export, and predict
 * with the exported file.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from '@playwright/test'
import { afterAll, beforeAll, expect } from 'vitest'
import { see, serveProject, shown, stored, type Served } from '../helpers/annotator-window'
import { need } from '../helpers/need'
import { runCli } from '../helpers/run-cli'

const browser = need('browser')
const data = need('data')
const ready = browser.available && data.available
const images = 32
/** Training on a busy machine takes its time. */
const long = { timeout: 600_000 }

let folder: string
let chromiumBrowser: Browser
let served: Served
let page: Page

async function cli(...words: string[]): Promise<void> {
  const { code, stderr } = await runCli(words)
  if (code !== 0) throw new Error(`tagwright ${words[0]} ended with ${code}: ${stderr}`)
}

beforeAll(async () => {
  if (!ready) return
  folder = mkdtempSync(join(tmpdir(), 'tagwright-loop-'))
  const source = join(data.path, 'detect/bccd/BCCD')
  const cells = join(folder, 'cells')
  for (const part of ['JPEGImages', 'Annotations']) {
    mkdirSync(join(cells, part), { recursive: true })
    for (const name of readdirSync(join(source, part)).sort().slice(0, images))
      copyFileSync(join(source, part, name), join(cells, part, name))
  }
  const project = join(folder, 'project')
  await cli('init', project)
  await cli('import', project, cells)
  mkdirSync(join(folder, 'home'))
  served = await serveProject(project, join(folder, 'home'))
  await served.api.samples.autoSplit({ shares: { train: 0.75, val: 0.25, test: 0 } })
  chromiumBrowser = await chromium.launch({ executablePath: browser.path })
  page = await (await chromiumBrowser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })).newPage()
  page.on('pageerror', (error) => console.error(error))
  await page.goto(served.url)
})
afterAll(async () => {
  await chromiumBrowser?.close()
  await served?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const go = (hash: string) => page.goto(`${new URL(served.url).origin}/#${hash}`)
const test = ready ? browser.test : data.available ? browser.test : data.test

test('from images and labels to a verified ONNX file, understanding what went wrong', async () => {
  const { api } = served

  // Mend two labels: move one, change nothing else.
  await go('label')
  await shown(page)
  const [first] = (await api.samples.list({ limit: 1 })).samples
  const before = (await api.annotations.list({ sample: first.id })).annotations
  const objects = page.getByRole('list', { name: 'Objects' }).getByRole('listitem')
  for (const at of [0, 1]) {
    await objects.nth(at).getByRole('button').first().click()
    await page.keyboard.press('Shift+ArrowRight')
    await stored(page)
  }
  const after = (await api.annotations.list({ sample: first.id })).annotations
  const moved = after.filter((one) => {
    const old = before.find(({ id }) => id === one.id)!
    return JSON.stringify(old.shape) !== JSON.stringify(one.shape)
  })
  expect(moved).toHaveLength(2)

  // Train, and watch the curves.
  await go('train')
  await page.getByText('Quick', { exact: true }).click()
  await page.getByText('Model and start weights').click()
  await page.locator('[id="recipe-model.weights"]').fill(join(data.path, 'onnx/yolox_nano.onnx'))
  await page.locator('[id="recipe-model.weights"]').press('Enter')
  await page.locator('#train-size').selectOption({ label: '256 px' })
  await page.locator('#train-epochs').fill('14')
  await page.getByRole('button', { name: 'Start training' }).click()
  await see(page.getByRole('heading', { name: 'r1' })).toBeVisible()
  await see(page.getByRole('img', { name: /^Losses: / })).toBeVisible(long)
  await see(page.getByRole('navigation', { name: 'Runs' }).getByText('Done')).toBeVisible(long)

  expect((await api.runs.get({ run: 'r1' })).recipe).toMatchObject({
    model: { weights: join(data.path, 'onnx/yolox_nano.onnx') },
  })

  // Results in the window are the numbers of the contract, and so of the command line.
  await page.getByRole('tab', { name: 'Results' }).click()
  const [evaluation] = (await api.results.list({ run: 'r1' })).evaluations
  expect(evaluation.detailed).toBe(true)
  expect(evaluation.coco.AP50, 'AP50 after about forty steps from start weights').toBeGreaterThan(0.1)
  const table = page.getByRole('region', { name: 'COCO' })
  for (const [name, value] of Object.entries(evaluation.coco)) {
    const row = table.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })
    await see(row.getByRole('cell')).toHaveText(value < 0 ? '–' : value.toFixed(3))
  }

  // What is wrong, one by one.
  const wrong = await api.results.objects({
    evaluation: evaluation.id,
    of: { kind: 'tide', type: 'Bkg', conf: 0.05 },
  })
  if (wrong.total > 0) {
    await page.getByRole('button', { name: /^Nothing there/ }).click()
    const drawer = page.getByRole('complementary', { name: 'Nothing there' })
    await see(drawer.getByRole('img').first()).toBeVisible()
    await see(drawer.getByText(`${wrong.total} objects`)).toBeVisible()
    await drawer.getByRole('button', { name: 'Close' }).click()
  }

  // Predict on everything and decide the largest disagreement; undo takes the decision back.
  await go('review')
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Predict' }).click()
  const queue = page.getByRole('list', { name: 'Queue' })
  await see(queue.getByRole('button').first()).toBeVisible(long)
  const asked = await api.review.queue({ source: 'run:r1' })
  expect(asked.total).toBeGreaterThan(0)
  const labels = async () => (await api.project.info()).annotations.total
  const [count, { revision }] = [await labels(), await api.project.info()]
  await queue.getByRole('button').first().click()
  await page.keyboard.press('Enter')
  await expect.poll(async () => (await api.project.info()).revision, { timeout: 30_000 }).toBeGreaterThan(revision)
  await expect.poll(async () => (await api.review.queue({ source: 'run:r1' })).total).toBeLessThan(asked.total)
  await page.keyboard.press('Control+z')
  await expect.poll(labels, { timeout: 30_000 }).toBe(count)

  // Export, verified, and predict with the file: the boxes are the run's.
  await go('runs?run=r1&tab=export')
  const file = join(folder, 'cells.onnx')
  await page.locator('#export-out').fill(file)
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  await see(page.getByRole('heading', { name: 'Computes the same as the run' })).toBeVisible(long)
  const ids = (await api.samples.list({ limit: 6 })).samples.map(({ id }) => id)
  const boxes = async (source: { kind: 'run'; run: string } | { kind: 'onnx'; file: string }, name: string) => {
    const { job } = await api.predictions.predict({ source, samples: { ids }, conf: 0.25 })
    expect((await api.jobs.wait({ job })).status).toBe('done')
    const lists = await Promise.all(
      ids.map((sample) => api.predictions.list({ sample, source: name, states: ['pending', 'accepted', 'rejected'] })),
    )
    return lists.flatMap(({ predictions }) => predictions.filter(({ score }) => score > 0.26))
  }
  const ofRun = await boxes({ kind: 'run', run: 'r1' }, 'run:r1')
  const ofFile = await boxes({ kind: 'onnx', file }, file)
  expect(ofFile.length).toBe(ofRun.length)
  expect(ofRun.length).toBeGreaterThan(0)
  for (const [i, one] of ofRun.entries()) {
    expect(ofFile[i].label).toBe(one.label)
    expect(Math.abs(ofFile[i].score - one.score)).toBeLessThan(1e-4)
    for (const k of [0, 1, 2, 3]) expect(Math.abs(ofFile[i].box[k] - one.box[k])).toBeLessThan(0.01)
  }
}, 1_500_000)
