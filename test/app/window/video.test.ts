/** A video that is made here: its frames become images, a model looks at it, and it is saved with boxes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { unzip } from '../../../src-main/media/unzip'
import { exportOnnx } from '../../../src-worker/export/export-onnx'
import { see } from '../../helpers/annotator-window'
import { makeRun } from '../../helpers/made-run'
import { need } from '../../helpers/need'
import { silentReport } from '../../helpers/silent-report'
import { createWindowHost, type WindowHost } from '../../helpers/window-host'

const browser = need('browser')
/** Chromium's own picture instead of a camera, allowed without a question. */
const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']
const frames = 40
const rate = 20

/** Frame i is a grey of 5 i with a bright square that moves; encoded by the browser itself. */
const recordVideo = async ({ frames, rate }: { frames: number; rate: number }): Promise<number[]> => {
  const canvas = new OffscreenCanvas(320, 240)
  const context = canvas.getContext('2d')!
  const stream = new MediaStream()
  const generator = new (
    globalThis as unknown as {
      MediaStreamTrackGenerator: new (init: { kind: 'video' }) => MediaStreamTrack & { writable: WritableStream }
    }
  ).MediaStreamTrackGenerator({ kind: 'video' })
  stream.addTrack(generator)
  const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8', videoBitsPerSecond: 4e6 })
  const parts: Blob[] = []
  recorder.ondataavailable = ({ data }) => parts.push(data)
  const ended = new Promise((resolve) => (recorder.onstop = resolve))
  recorder.start()
  const writer = generator.writable.getWriter()
  for (let i = 0; i < frames; i++) {
    context.fillStyle = `rgb(${5 * i} ${5 * i} ${5 * i})`
    context.fillRect(0, 0, 320, 240)
    context.fillStyle = 'white'
    context.fillRect(7 * i, 100, 40, 40)
    const frame = new VideoFrame(canvas, { timestamp: Math.round((i * 1e6) / rate) })
    await writer.write(frame)
    frame.close()
    // Times of a recording are those of the clock.
    await new Promise((resolve) => setTimeout(resolve, 1000 / rate))
  }
  recorder.stop()
  await ended
  return [...new Uint8Array(await new Blob(parts).arrayBuffer())]
}

browser.describe('video', () => {
  let host: WindowHost
  let page: Page
  let film: string
  let model: string
  let project: string
  beforeAll(async () => {
    // A detector opened on software Vulkan needs half a minute for its first picture.
    vi.stubEnv('VK_DRIVER_FILES', '/no-driver.json')
    host = await createWindowHost(browser.path, camera)
    project = join(host.folder, 'film')
    const made = join(host.folder, 'made')
    mkdirSync(made)
    const run = await makeRun(made, { images: 2 })
    model = join(host.folder, 'detector.onnx')
    await exportOnnx(
      { runDir: run.runDir, checkpoint: 'best', out: model, nms: false, dynamic: false, half: false, conf: 0.25, iou: 0.45, maxDet: 300 }, // prettier-ignore
      { report: silentReport().report, threadFile: null, loaderThreads: 0 },
    )
    page = await host.open()
    film = join(host.folder, 'film.webm')
    writeFileSync(film, Buffer.from(await page.evaluate(recordVideo, { frames, rate })))
    await newProject(page, project)
    await page.locator('nav [data-view=video]').click()
  }, 300_000)
  afterAll(() => host.close())

  it('opens a recording without a stated duration and knows its frames', async () => {
    await see(page.getByRole('heading', { name: 'No video yet' })).toBeVisible()
    await page.locator('input[type=file]').setInputFiles(film)
    await see(page.getByRole('heading', { name: 'film.webm' })).toBeVisible({ timeout: 30_000 })
    await see(page.locator('#view header')).toContainText('320 × 240')
    expect(host.faults).toEqual([])
  }, 60_000)

  it('imports frames at a distance, without those that were left out, each the frame that its name says', async () => {
    await page.getByLabel('Take').selectOption({ label: 'every n-th frame' })
    await page.getByRole('textbox', { name: 'Every n-th frame' }).first().fill('8')
    await page.getByRole('button', { name: 'Choose frames' }).click()
    const list = page.getByRole('list', { name: 'Chosen frames' })
    await see(list.getByRole('listitem').nth(3)).toBeVisible({ timeout: 60_000 })
    await see(page.getByText('Drawing previews')).toHaveCount(0, { timeout: 60_000 })
    const shown = await list.getByRole('listitem').count()
    await list.getByRole('checkbox').nth(1).uncheck()
    await page.getByRole('button', { name: `Import ${shown - 1} frames` }).click()
    await see(page.getByText(`${shown - 1} new images are in the project.`)).toBeVisible({ timeout: 60_000 })
    const folder = join(project, 'images/film')
    const greys: number[] = []
    for (const number of [0, 16, 24]) {
      const pixels = await sharp(join(folder, `film-${String(number).padStart(6, '0')}.jpg`)).extract({ left: 0, top: 0, width: 20, height: 20 }).raw().toBuffer() // prettier-ignore
      greys.push(pixels.reduce((sum, one) => sum + one, 0) / pixels.length)
    }
    // The times of a recording are those of a busy machine's clock, so frames have no exact places; their order holds.
    expect(greys[0]).toBeLessThan(5 * 4)
    expect(greys[0]).toBeLessThan(greys[1])
    expect(greys[1]).toBeLessThan(greys[2])
  }, 180_000)

  it('takes frames that differ, as many as asked for', async () => {
    await page.getByLabel('Take').selectOption({ label: 'those that differ most' })
    await page.getByRole('textbox', { name: 'How many' }).fill('4')
    await page.getByRole('button', { name: 'Choose frames' }).click()
    await see(page.getByText('4 frames are taken.')).toBeVisible({ timeout: 60_000 })
    expect(host.faults).toEqual([])
  }, 90_000)

  it('shows what a model sees, and fewer boxes from a higher score on', async () => {
    await page.getByRole('combobox', { name: 'Model', exact: true }).selectOption({ label: 'An ONNX file' })
    const picker = page.getByRole('dialog')
    await picker.getByLabel('Path').fill(host.folder)
    await picker.getByLabel('Path').press('Enter')
    await picker.getByRole('option', { name: /detector\.onnx/ }).dblclick()
    await see(page.locator('[data-video-speed]')).toContainText('model', { timeout: 60_000 })
    const slider = page.getByRole('slider', { name: 'Confidence' })
    await slider.press('Home')
    await see(page.locator('[data-video-speed]')).toContainText(/[1-9]\d* boxes/)
    await slider.press('End')
    await see(page.locator('[data-video-speed]')).toContainText(/\b0 boxes/)
    await slider.press('Home')
    expect(host.faults).toEqual([])
  }, 120_000)

  it('saves what the model sees as WebM that plays, as pictures with their boxes as JSON, and as a table', async () => {
    const card = page.getByRole('region', { name: 'Save what the model sees' })
    await card.getByRole('textbox', { name: 'Every n-th frame' }).fill('4')
    const [saved] = await Promise.all([page.waitForEvent('download', { timeout: 120_000 }), card.getByRole('button', { name: 'Save' }).click()]) // prettier-ignore
    expect(saved.suggestedFilename()).toBe('film-boxes.webm')
    const file = join(host.folder, 'film-boxes.webm')
    await saved.saveAs(file)
    const facts = await page.evaluate(
      async (bytes) => {
        const element = document.createElement('video')
        element.src = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: 'video/webm' }))
        await new Promise((resolve, reject) => {
          element.onloadeddata = resolve
          element.onerror = () => reject(new Error(element.error?.message))
        })
        element.currentTime = element.duration / 2
        await new Promise((resolve) => (element.onseeked = resolve))
        return [element.videoWidth, element.videoHeight, element.duration] as const
      },
      [...readFileSync(file)],
    )
    expect(facts.slice(0, 2)).toEqual([320, 240])
    expect(facts[2]).toBeGreaterThan(1)

    await card.getByLabel('As', { exact: true }).selectOption({ label: 'pictures and JSON (zip)' })
    await card.getByRole('textbox', { name: 'Every n-th frame' }).fill('20')
    const [packed] = await Promise.all([page.waitForEvent('download', { timeout: 120_000 }), card.getByRole('button', { name: 'Save' }).click()]) // prettier-ignore
    const zip = join(host.folder, 'film-boxes.zip')
    await packed.saveAs(zip)
    await unzip(zip, join(host.folder, 'unzipped'), { maxFiles: 100, maxBytes: 1e8 })
    const json = JSON.parse(readFileSync(join(host.folder, 'unzipped/detections.json'), 'utf8')) as {
      frames: { file: string; detections: { name: string; box: number[] }[] }[]
    }
    expect(json.frames.length).toBeGreaterThan(1)
    for (const { file: picture } of json.frames) {
      const { width, height } = await sharp(join(host.folder, 'unzipped', picture)).metadata()
      expect([width, height]).toEqual([320, 240])
    }
    expect(json.frames.flatMap(({ detections }) => detections).length).toBeGreaterThan(0)

    await card.getByLabel('As', { exact: true }).selectOption({ label: 'a table of objects and points (CSV)' })
    const [table] = await Promise.all([page.waitForEvent('download', { timeout: 120_000 }), card.getByRole('button', { name: 'Save' }).click()]) // prettier-ignore
    expect(table.suggestedFilename()).toBe('film.csv')
    const [head, ...rows] = readFileSync(await table.path(), 'utf8')
      .trim()
      .split('\r\n')
    expect(head).toBe('frame,time,class,score,x1,y1,x2,y2')
    // A row for each object, as the pictures have them, and one for each frame without any.
    const expected = json.frames.reduce((sum, { detections }) => sum + Math.max(1, detections.length), 0)
    expect(rows).toHaveLength(expected)
    expect(host.faults).toEqual([])
  }, 240_000)

  it('watches the camera, takes a picture into the project and records', async () => {
    await page.getByRole('button', { name: 'Use the camera' }).click()
    await see(page.getByRole('heading', { name: 'Camera', level: 1 })).toBeVisible({ timeout: 30_000 })
    await see(page.locator('[data-video-speed]')).toContainText('model', { timeout: 60_000 })
    await page.getByRole('button', { name: 'Take a picture' }).click()
    await see(page.getByText('1 new image is in the project.')).toBeVisible({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Record', exact: true }).click()
    const first = await page.locator('[data-video-speed]').textContent()
    const begin = Date.now()
    await see(page.locator('[data-video-speed]')).not.toHaveText(first!)
    await page.waitForTimeout(2000)
    const seconds = (Date.now() - begin) / 1000
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Stop recording' }).click()]) // prettier-ignore
    expect(saved.suggestedFilename()).toMatch(/^camera-.*\.webm$/)
    const recording = join(host.folder, 'camera.webm')
    await saved.saveAs(recording)
    const duration = await page.evaluate(
      async (bytes) => {
        const element = document.createElement('video')
        element.src = URL.createObjectURL(new Blob([Uint8Array.from(bytes)]))
        await new Promise((resolve) => (element.onloadedmetadata = resolve))
        return element.duration
      },
      [...readFileSync(recording)],
    )
    // Also where the machine is busy: nothing of the end is lost.
    expect(duration).toBeGreaterThan(seconds - 0.2)
    await page.getByRole('button', { name: 'Close', exact: true }).first().click()
    await see(page.getByRole('heading', { name: 'No video yet' })).toBeVisible()
    expect(host.faults).toEqual([])
  }, 120_000)
})

async function newProject(page: Page, folder: string): Promise<void> {
  await page.getByRole('button', { name: /New project/ }).click()
  const wizard = page.getByRole('dialog', { name: 'New project' })
  await wizard.getByLabel('Name').fill('Film')
  await wizard.getByLabel('Project folder').fill(folder)
  await wizard.getByRole('button', { name: 'Create project' }).click()
  await see(page.getByRole('dialog', { name: 'Import' })).toBeVisible()
  await page.keyboard.press('Escape')
  await see(page.getByRole('dialog')).toHaveCount(0)
}
