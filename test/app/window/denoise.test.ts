/** A denoising project in the window: its models, no boxes and slices, results with pictures to compare. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type Page } from '@playwright/test'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { finalJobStatuses } from '@shared/contract/jobs'
import { see, serveProject, type Served } from '../../helpers/annotator-window'
import { need } from '../../helpers/need'
import { runCli } from '../../helpers/run-cli'

const browser = need('browser')

browser.describe('denoising', () => {
  let folder: string
  let served: Served
  let program: Browser
  let page: Page
  const faults: string[] = []
  /** Calls of the window. */
  const sent: string[] = []
  const callsOf = (method: string) => sent.filter((text) => text.includes(`"${method}"`)).map((text) => (JSON.parse(text) as { input: unknown }).input) // prettier-ignore
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tagwright-denoise-window-'))
    const project = join(folder, 'project')
    for (const [split, count] of [
      ['train', 4],
      ['val', 2],
    ] as const) {
      // prettier-ignore
      mkdirSync(join(folder, 'images', split), { recursive: true })
      for (let i = 0; i < count; i++)
        await sharp({
          create: { width: 64 + 8 * i, height: 48, channels: 3, background: { r: 40 * i, g: 120, b: 90 } },
        })
          .composite([
            { input: { create: { width: 20, height: 20, channels: 3, background: '#ddd' } }, left: 6 * i, top: 9 },
          ]) // prettier-ignore
          .png()
          .toFile(join(folder, 'images', split, `${i}.png`))
    }
    const model = 'model.params={"depth":3,"width":8}'
    for (const words of [
      ['init', project, '--task', 'denoise'],
      ['import', project, join(folder, 'images')],
      ['train', project, '--size', '32', '--batch', '2', '--epochs', '2', '--provider', 'cpu', '--set', model, 'data.crops=2', 'noise.levels=[15,25]'], // prettier-ignore
    ])
      expect(await runCli(words)).toMatchObject({ code: 0 })
    for (const [kind, light] of [['noisy', 40], ['clean', 200]] as const) {
      mkdirSync(join(folder, 'pairs', kind), { recursive: true })
      const picture = sharp({ create: { width: 60, height: 40, channels: 3, background: { r: light, g: light, b: light } } })
      await picture.png().toFile(join(folder, 'pairs', kind, 'night.png'))
    } // prettier-ignore
    expect(await runCli(['import', project, join(folder, 'pairs')])).toMatchObject({ code: 0 })
    served = await serveProject(project, join(folder, 'home'))
    program = await chromium.launch({ executablePath: browser.path })
    page = await (await program.newContext({ viewport: { width: 1360, height: 900 }, locale: 'en-GB', reducedMotion: 'reduce', acceptDownloads: true })).newPage() // prettier-ignore
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload))))
    page.on('pageerror', (error) => faults.push(String(error.stack ?? error)))
    await page.goto(served.url)
  }, 300_000)
  afterAll(async () => {
    await program?.close()
    await served?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const shot = async (name: string) => {
    const to = process.env.TAGWRIGHT_SHOTS
    if (to) await page.screenshot({ path: join(to, `${name}.png`), fullPage: true })
  }

  /** A worker that opens software graphics sees only then that it was cancelled, and a project with a job stays open. */
  const idle = () =>
    see
      .poll(async () => (await served.api.jobs.list({})).jobs.filter(({ status }) => !finalJobStatuses.includes(status)), { timeout: 90_000 })
      .toEqual([]) // prettier-ignore

  it('offers denoisers and crops to train, and nothing of boxes', async () => {
    await page.goto(`${new URL(served.url).origin}/#train`)
    await see(page.getByRole('radio', { name: /NAFNet/ })).toBeVisible()
    await see(page.getByRole('radio', { name: /YOLOX/ })).toHaveCount(0)
    await see(page.getByLabel('Crops', { exact: true })).toHaveValue('64')
    await see(page.getByText('Train on slices')).toHaveCount(0)
    await shot('denoise-train')
    expect(faults).toEqual([])
  }, 120_000)

  it('shows methods x noise levels and the pictures behind them, which can be saved', async () => {
    await page.goto(`${new URL(served.url).origin}/#runs?run=r1&tab=results`)
    const table = page.getByRole('region', { name: 'Methods and noise' })
    await see(table.getByRole('columnheader')).toHaveText(['Method', 'sigma 15', 'sigma 25'])
    await see(table.getByRole('row')).toHaveCount(3)
    await see(table.getByText(/24\.\d\d dB/).first()).toBeVisible()
    const pictures = page.getByRole('region', { name: 'Pictures' })
    const stage = pictures.getByRole('img', { name: 'Before | After' })
    await see(stage).toBeVisible()
    const painted = () =>
      stage.evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        return data.reduce((sum, value) => sum + value, 0)
      })
    await see.poll(painted).toBeGreaterThan(0)
    const before = await painted()
    // The line is dragged: more of the noisy picture is seen.
    await stage.scrollIntoViewIfNeeded()
    const box = (await stage.boundingBox())!
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 4 })
    await page.mouse.up()
    await see(pictures.getByLabel('Place of the line')).toHaveValue('0.8')
    await see.poll(painted).not.toBe(before)
    await shot('denoise-split')
    await pictures.getByRole('button', { name: 'Side by side' }).click()
    await see(pictures.getByRole('img')).toHaveCount(4)
    await pictures.getByLabel('Noise level').selectOption({ label: 'sigma 25' })
    // Each pane shows what it says: noise has many colours, the clean picture two.
    const colours = (name: string) =>
      pictures.getByRole('img', { name, exact: true }).evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(canvas.width / 2 - 30, canvas.height / 2 - 30, 60, 60)
        const seen = new Set<number>()
        for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])
        return seen.size
      })
    await see.poll(() => colours('Truth')).toBeLessThanOrEqual(3)
    await see.poll(() => colours('Before')).toBeGreaterThan(20)
    await see.poll(() => colours('After')).toBeGreaterThan(20)
    await shot('denoise-grid')
    const [png] = await Promise.all([page.waitForEvent('download'), pictures.getByRole('button', { name: 'Save as PNG' }).click()]) // prettier-ignore
    const { width, height } = await sharp(readFileSync(await png.path())).metadata()
    expect(width).toBeGreaterThan(4 * 64)
    expect(height).toBe(48 + 24)
    const [csv] = await Promise.all([page.waitForEvent('download'), table.getByRole('button', { name: 'Save as CSV' }).click()]) // prettier-ignore
    const lines = readFileSync(await csv.path(), 'utf8')
      .trim()
      .split('\r\n')
    expect(lines[0]).toBe('noise,image,PSNR noisy input,SSIM noisy input,PSNR model,SSIM model')
    expect(lines).toHaveLength(1 + 2 * 3)
    // Panels of boxes stay away.
    await see(page.getByText('COCO table')).toHaveCount(0)
    const { violations } = await new AxeBuilder({ page }).include('.results').analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([])
    expect(faults).toEqual([])
  }, 120_000)

  it('offers to clean the images of a split into a folder', async () => {
    // Whoever looks for the deed finds it, though it stands in a part of another view.
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Command palette' }).fill('denoise images')
    await page.getByRole('option', { name: /Denoise images/ }).click()
    const card = page.getByRole('form', { name: 'Denoise images with this run' })
    await see(card.getByRole('button', { name: 'Denoise', exact: true })).toBeDisabled()
    await card.getByLabel('Images', { exact: true }).selectOption({ label: 'Validation' })
    await card.getByLabel('Write to', { exact: true }).fill(join(folder, 'cleaned'))
    await card.getByRole('button', { name: 'Denoise', exact: true }).click()
    // As below: that it is asked for; the command line's test looks at what comes out.
    await see.poll(() => callsOf('runs.predict')).toMatchObject([{ images: { split: 'val' }, restore: { out: join(folder, 'cleaned') } }]) // prettier-ignore
    await see(card.getByRole('button', { name: 'Cancel' })).toBeVisible()
    await card.getByRole('button', { name: 'Cancel' }).click()
    await idle()
    expect(faults).toEqual([])
  }, 120_000)

  it('shows a pair as one image: noisy and clean halves in the gallery, a line between them in the viewer', async () => {
    await page.goto(`${new URL(served.url).origin}/#label`)
    const gallery = page.getByRole('region', { name: 'Gallery' })
    await gallery.getByPlaceholder('Find by name').fill('night')
    await gallery.getByLabel(/night\.png, noisy and clean/).click()
    await see(gallery.locator('img.truth')).toHaveCount(1)
    const stage = page.getByRole('img', { name: 'Noisy | Clean' })
    // The left half is the dark noisy image, the right half the bright clean one.
    const light = () =>
      stage.evaluate((canvas: HTMLCanvasElement) => {
        const context = canvas.getContext('2d')!
        const at = (share: number) => context.getImageData(canvas.width * share, canvas.height / 2, 1, 1).data[0]
        return [at(0.45), at(0.55)]
      })
    await see.poll(light).toEqual([40, 200])
    // Nothing can be drawn here.
    await see(page.getByRole('button', { name: 'Box', exact: true })).toHaveCount(0)
    await see(page.getByRole('region', { name: 'Labels' })).toHaveCount(0)
    expect(faults).toEqual([])
  }, 120_000)

  it('forgets its runs and pictures when another project is opened', async () => {
    await page.goto(`${new URL(served.url).origin}/#label`)
    const first = page.getByRole('region', { name: 'Gallery' }).locator('.picture img').first()
    const colour = () =>
      first.evaluate((image: HTMLImageElement) => {
        if (!image.complete || image.naturalWidth === 0) return null
        const context = new OffscreenCanvas(1, 1).getContext('2d')!
        context.drawImage(image, image.naturalWidth - 2, 1, 1, 1, 0, 0, 1, 1)
        return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((value) => Math.round(value / 20))
      })
    const old = await first.getAttribute('src')
    await see.poll(colour).not.toBeNull()
    const before = await colour()
    await page.goto(`${new URL(served.url).origin}/#runs?run=r1&tab=curves`)
    await see(page.getByRole('figure').first()).toBeVisible()

    const other = mkdtempSync(join(folder, 'other-'))
    expect(await runCli(['init', other, '--task', 'denoise'])).toMatchObject({ code: 0 })
    expect(await runCli(['import', other, join(folder, 'pairs', 'clean')])).toMatchObject({ code: 0 })
    await served.api.projects.open({ folder: other })
    await see(page.getByRole('button', { name: 'Train a model' })).toBeVisible()
    await page.locator('[data-view=label]').click()
    await see(page.getByRole('region', { name: 'Gallery' }).locator('.picture img')).toHaveCount(1)
    // Its first image has the number that the other project's has, and is another one.
    await see.poll(colour).toEqual([10, 10, 10])
    expect(before).not.toEqual([10, 10, 10])
    expect(await first.getAttribute('src')).not.toBe(old)
    await see(page.getByRole('alert')).toHaveCount(0)
    await served.api.projects.open({ folder: join(folder, 'project') })
    // The window follows: the next test's clicks are for the first project again.
    await see(page.getByRole('region', { name: 'Gallery' }).locator('.picture img')).toHaveCount(8)
    expect(faults).toEqual([])
  }, 120_000)

  it('asks for classical methods on the same images', async () => {
    await page.goto(`${new URL(served.url).origin}/#runs?run=r1&tab=results`)
    await page.getByRole('button', { name: 'Evaluate' }).click()
    const dialog = page.getByRole('dialog', { name: 'Evaluate' })
    await dialog.getByLabel('Noise levels').fill('20, 40')
    await dialog.getByRole('checkbox', { name: 'BM3D' }).click()
    await dialog.getByRole('checkbox', { name: 'Bilateral filter' }).click()
    await dialog.getByRole('button', { name: 'Evaluate' }).click()
    // What it makes of them is tested where nothing else runs: on graphics in software it takes minutes.
    await see
      .poll(() => callsOf('runs.evaluate'))
      .toMatchObject([{ split: 'val', levels: [20, 40], methods: ['bilateral', 'bm3d'] }])
    // The button turns while it lasts, and no longer: the dialog that began it is gone by then.
    const turning = page.getByRole('button', { name: 'Evaluate' }).locator('.n-base-loading')
    await see(turning).toHaveCount(1)
    await page.getByRole('button', { name: /^Cancel Evaluation/ }).click()
    await idle()
    await see(turning).toHaveCount(0)
    expect(faults).toEqual([])
  }, 120_000)
})
