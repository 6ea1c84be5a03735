/** The model viewer: a file of the test's own is opened, a node found, features chosen, and the recipe arrives in training. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type Page } from '@playwright/test'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeImages, see, serveProject, type Served } from '../../helpers/annotator-window'
import { need } from '../../helpers/need'
import { runCli } from '../../helpers/run-cli'
import { tinyNetwork } from '../../helpers/tiny-network'

const browser = need('browser')

browser.describe('the model viewer', () => {
  let folder: string
  let file: string
  let served: Served
  let program: Browser
  let page: Page
  const faults: string[] = []
  const show = (hash: string) => page.goto(`${new URL(served.url).origin}/#${hash}`)
  const axe = async () => {
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze()
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)
  }
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tagwright-models-'))
    const data = join(folder, 'data')
    await makeImages(join(data, 'images'), [{ path: 'a.png' }, { path: 'b.png' }])
    mkdirSync(join(data, 'labels'))
    writeFileSync(join(data, 'classes.txt'), 'boat\n')
    for (const name of ['a', 'b']) writeFileSync(join(data, `labels/${name}.txt`), '0 0.5 0.5 0.2 0.2\n')
    file = join(folder, 'tiny.onnx')
    writeFileSync(file, tinyNetwork())
    writeFileSync(join(folder, 'cut.onnx'), tinyNetwork().subarray(0, -300))
    const project = join(folder, 'project')
    for (const words of [['init', project], ['import', project, data]]) expect(await runCli(words)).toMatchObject({ code: 0 }) // prettier-ignore
    served = await serveProject(project, join(folder, 'home'))
    program = await chromium.launch({ executablePath: browser.path })
    page = await (await program.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', reducedMotion: 'reduce' })).newPage() // prettier-ignore
    page.on('pageerror', (error) => faults.push(String(error.stack ?? error)))
    await page.goto(served.url)
  })
  afterAll(async () => {
    await program?.close()
    await served?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('opens a file of the disk, and says what is wrong with one that is cut off', async () => {
    await show('models')
    await see(page.getByRole('heading', { name: 'Look into a model' })).toBeVisible()
    await show(`models?file=${encodeURIComponent(join(folder, 'cut.onnx'))}`)
    await see(page.getByText(/not a usable ONNX model: .*cut off/)).toBeVisible()
    await show(`models?file=${encodeURIComponent(file)}`)
    await see(page.getByRole('heading', { name: 'tiny.onnx' })).toBeVisible()
    await see(page.getByText(/11 nodes · [\d,]+ parameters · .* GMACs at 64 px/)).toBeVisible()
    expect(await axe()).toEqual([])
    expect(faults).toEqual([])
  })

  it('finds a node, walks the drawing by keyboard, and chooses what training stands on', async () => {
    const nodes = page.getByRole('region', { name: 'Nodes' })
    await nodes.getByLabel('Find a node').fill('stage2 conv')
    await see(nodes.getByText('1 of 11 nodes')).toBeVisible()
    await nodes.getByLabel('Find a node').press('Enter')
    const node = page.getByRole('region', { name: 'Node', exact: true })
    await see(node.getByRole('heading', { name: 'Conv' })).toBeVisible()
    await see(node).toContainText('[1, 24, 8, 8]')

    // Down to the activation behind it, which is the feature of stride 8.
    const drawing = page.getByRole('application')
    await drawing.focus()
    await page.keyboard.press('ArrowDown')
    await see(node.getByRole('heading', { name: 'Relu' })).toBeVisible()
    await see(node).toContainText('24 channels, every 8 px')
    await see(page.locator('.diagram [role=status]')).toContainText(/^Relu, .*passes gradients$/)

    const training = page.getByRole('region', { name: 'In training' })
    await see(training.getByRole('list', { name: 'Features' }).getByRole('listitem')).toHaveCount(3)
    await node.getByRole('button', { name: 'No longer a feature' }).click()
    await see(training.getByRole('list', { name: 'Features' }).getByRole('listitem')).toHaveCount(2)
    await node.getByRole('button', { name: 'Use as a feature' }).click()
    await node.getByRole('button', { name: 'Freeze up to here' }).click()
    await see(training).toContainText(/18,432 of 23,256 parameters of the network learn/)

    await page.getByText('Table', { exact: true }).click()
    await page.getByRole('columnheader', { name: 'Parameters' }).getByRole('button').click()
    expect(await axe()).toEqual([])
    await training.getByRole('button', { name: 'Use in training' }).click()

    await see(page.getByRole('radio', { name: 'A new head on tiny.onnx' })).toBeChecked()
    await page.getByRole('button', { name: 'Show as command line' }).click()
    const command = page.locator('code').filter({ hasText: 'tiny.onnx' })
    await see(command).toContainText(`--model ${file} --features `)
    await see(command).toContainText('freeze=["before:/stages/stage2/Relu"]')
    expect(faults).toEqual([])
  })

  it('comes back to what was open; what a layer makes of an image is shown channel by channel', async () => {
    await page.getByRole('button', { name: 'Show in the model viewer' }).click()
    await see(page.getByRole('heading', { name: 'tiny.onnx' })).toBeVisible()
    await page.getByText('Feature maps', { exact: true }).click()
    const maps = page.getByRole('region', { name: 'Feature maps' })
    // The layer that was looked at is looked at still.
    await see(maps.getByRole('status').first()).toContainText(/^\s*\S+: 24 channels of 8 × 8/)
    const nodes = page.getByRole('region', { name: 'Nodes' })
    await nodes.getByLabel('Find a node').fill('stage2 conv')
    await nodes.getByLabel('Find a node').press('Enter')
    await see(maps.getByRole('listitem')).toHaveCount(26)
    await see(maps.getByRole('status')).toContainText(/24 channels of 8 × 8, values -?[\d.]+ to [\d.]+/)
    await see(maps.getByText(/does not say how its pixels must look/)).toBeVisible()
    await see(maps).toContainText('a.png')
    await maps.getByRole('button', { name: 'Next image' }).click()
    await see(maps).toContainText('b.png')
    await maps.getByLabel('Over the image').check()
    await maps.getByRole('button', { name: 'Enlarge: Channel 0' }).click()
    const dialog = page.getByRole('dialog', { name: 'Channel 0' })
    await dialog.locator('canvas').hover()
    await see(dialog.getByRole('status')).toContainText(/^\s*Column [34], row [34]: -?[\d.]+/)
    expect(await axe()).toEqual([])
    await page.keyboard.press('ArrowRight')
    await see(page.getByRole('dialog', { name: 'Channel 1' })).toBeVisible()
    await page.keyboard.press('Escape')
    await see(page.getByRole('dialog')).toHaveCount(0)
    expect(await axe()).toEqual([])
    await nodes.getByLabel('Find a node').fill('')
    expect(faults).toEqual([])
  })

  it('shows a model of the catalogue by its parts', async () => {
    await page.getByLabel('Model', { exact: true }).selectOption({ label: 'YOLOX-nano' })
    await see(page.getByRole('heading', { name: 'YOLOX-nano' })).toBeVisible()
    await see(page.getByText('This model has learned nothing yet')).toBeVisible()
    await page.getByText('Diagram', { exact: true }).click()
    const drawing = page.getByRole('application')
    const boxes = async () => Number(await drawing.getAttribute('data-boxes'))
    const folded = await boxes()
    expect(folded).toBeLessThan(100)
    await page.getByRole('button', { name: 'Unfold everything' }).click()
    await see.poll(boxes).toBeGreaterThan(300)
    await page.getByRole('button', { name: 'Fold parts' }).click()
    await see.poll(boxes).toBeLessThan(100)
    expect(faults).toEqual([])
  })
})
