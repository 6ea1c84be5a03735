/** Where a run begins, chosen in the train view; nothing is fetched here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type Page } from '@playwright/test'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Graph } from '@shared/engine/graph'
import { encodeOnnx } from '@shared/engine/onnx/encode'
import { mul } from '@shared/engine/ops'
import { makeImages, see, serveProject, type Served } from '../../helpers/annotator-window'
import { need } from '../../helpers/need'
import { runCli } from '../../helpers/run-cli'

const browser = need('browser')

browser.describe('start weights', () => {
  let folder: string
  let served: Served
  let program: Browser
  let page: Page
  const faults: string[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tagwright-start-'))
    const data = join(folder, 'data')
    await makeImages(join(data, 'images'), [{ path: 'a.png' }, { path: 'b.png' }])
    mkdirSync(join(data, 'labels'))
    writeFileSync(join(data, 'classes.txt'), 'boat\n')
    for (const name of ['a', 'b']) writeFileSync(join(data, `labels/${name}.txt`), '0 0.5 0.5 0.2 0.2\n')
    const graph = new Graph()
    graph.output('y', mul(graph.input('x', [1, 3, 64, 64]), 2))
    const kept = join(folder, 'home/Tagwright/weights')
    mkdirSync(kept, { recursive: true })
    writeFileSync(join(kept, 'boats.onnx'), encodeOnnx(graph))
    const project = join(folder, 'project')
    for (const words of [['init', project], ['import', project, data]]) expect(await runCli(words)).toMatchObject({ code: 0 }) // prettier-ignore
    served = await serveProject(project, join(folder, 'home'))
    await served.api.samples.autoSplit({ shares: { train: 1, val: 0, test: 0 } })
    program = await chromium.launch({ executablePath: browser.path })
    page = await (await program.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', reducedMotion: 'reduce' })).newPage() // prettier-ignore
    page.on('pageerror', (error) => faults.push(String(error.stack ?? error)))
    await page.goto(served.url)
    await page.goto(`${new URL(served.url).origin}/#train`)
  })
  afterAll(async () => {
    await program?.close()
    await served?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are random, published, of a run or a file; what is chosen is what the recipe says', async () => {
    const part = page.getByRole('region', { name: 'Start weights' })
    await see(part.getByRole('radio', { name: 'Scratch' })).toBeChecked()
    await see(page.getByText(/images to learn from, from scratch: \d+ epochs/)).toBeVisible()

    await part.getByText('Catalogue', { exact: true }).click()
    await see(part.getByText(/YOLOX-Nano is not on this machine yet \(\d.*Apache-2\.0\)/)).toBeVisible()
    await see(part.getByRole('button', { name: 'Download' })).toBeVisible()
    await part.getByLabel('Weights', { exact: true }).selectOption('boats')
    await see(page.getByText(/images to learn from, with start weights: \d+ epochs/)).toBeVisible()

    await page.getByRole('button', { name: 'Show as command line' }).click()
    await see(page.locator('code').filter({ hasText: 'boats' })).toBeVisible()

    await part.getByText('A run', { exact: true }).click()
    await see(part.getByText('This project has no run with weights yet.')).toBeVisible()
    await part.getByText('Scratch', { exact: true }).click()
    await see(page.getByText(/images to learn from, from scratch: \d+ epochs/)).toBeVisible()
    expect(faults).toEqual([])
  })

  it('are listed with source, licence, size and checksum, and removed', async () => {
    await page.getByRole('button', { name: 'Manage' }).click()
    const dialog = page.getByRole('dialog', { name: 'Start weights on this machine' })
    const nano = dialog.getByRole('row').filter({ hasText: 'YOLOX-Nano' })
    await see(nano).toContainText('Apache-2.0')
    await see(nano).toContainText('c789161e')
    await see(nano).toContainText('not here')
    await see(nano.getByRole('link', { name: 'Page of YOLOX-Nano' })).toHaveAttribute('href', /^https:/)
    const own = dialog.getByRole('row').filter({ hasText: 'boats' })
    await see(own).toContainText('Your file')
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)).toEqual([])
    await own.getByRole('button', { name: 'Remove boats' }).click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await see(own).toHaveCount(0)
    expect(faults).toEqual([])
  })

  it('are asked for where a model is to learn while labelling and there is none to begin from', async () => {
    await page.goto(`${new URL(served.url).origin}/#label`)
    await page.getByRole('button', { name: 'Train while labelling' }).click()
    const form = page.getByRole('group', { name: 'Train while labelling' })
    await see(form.getByLabel('Learn after so many new labels')).toHaveValue('10')
    const { violations } = await new AxeBuilder({ page })
      .include('.n-popover')
      .withTags(['wcag2a', 'wcag2aa'])
      .analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)).toEqual([])
    await form.getByRole('button', { name: 'Start', exact: true }).click()
    await see(page.getByText(/There is nothing to begin from: no run of this project has weights/)).toBeVisible()
    await see(form.getByRole('button', { name: 'Start', exact: true })).toBeVisible()
    expect(faults).toEqual([])
  })
})
