/* global OffscreenCanvas, MediaStream, MediaStreamTrackGenerator, MediaRecorder, VideoFrame, Blob, setTimeout, createImageBitmap, fetch */
/** The rest of a session: an exported model with its proof, card and programs, a video, feature maps, help while labelling. */
import { Buffer } from 'node:buffer'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { call } from '../call-core.mjs'

const patient = { timeout: 240_000 }
const of = (name, view, params, prepare, more = {}) => ({ name, view, params, prepare, project: 'trained', ...more })

async function exported(page) {
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  await page.getByRole('region', { name: 'Parity' }).waitFor(patient)
}

/** A slow pan over an image of the project, encoded by the browser itself. */
async function film(page) {
  const [id] = (await call(page, 'samples.ids', {})).ids
  const bytes = await page.evaluate(async (sample) => {
    const image = await createImageBitmap(await (await fetch(`/media/${sample}?w=1024`)).blob())
    const canvas = new OffscreenCanvas(640, 480)
    const context = canvas.getContext('2d')
    const generator = new MediaStreamTrackGenerator({ kind: 'video' })
    const stream = new MediaStream([generator])
    const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8', videoBitsPerSecond: 4e6 })
    const parts = []
    recorder.ondataavailable = ({ data }) => parts.push(data)
    const ended = new Promise((done) => (recorder.onstop = done))
    recorder.start()
    const writer = generator.writable.getWriter()
    for (let i = 0; i < 60; i++) {
      const zoom = 1 + i / 200
      context.drawImage(image, 0, 0, image.width / zoom, image.height / zoom, 0, 0, 640, 480)
      const frame = new VideoFrame(canvas, { timestamp: i * 50_000 })
      await writer.write(frame)
      frame.close()
      await new Promise((done) => setTimeout(done, 50))
    }
    recorder.stop()
    await ended
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())]
  }, id)
  await page
    .locator('#view input[type=file]')
    .setInputFiles({ name: 'harbour.webm', mimeType: 'video/webm', buffer: Buffer.from(bytes) })
  await page.getByRole('heading', { name: 'harbour.webm' }).waitFor(patient)
}

/** A layer in the middle of the network. */
async function maps(page) {
  await page.getByText('Feature maps', { exact: true }).click()
  await page.getByLabel('Find a node').fill('dark3 conv')
  await page.getByLabel('Find a node').press('Enter')
  await page.getByRole('region', { name: 'Feature maps' }).getByRole('listitem').nth(8).waitFor(patient)
}

export default [
  of('runs-exported', 'runs', { run: 'r2', tab: 'export' }, exported),
  of('runs-exported-programs', 'runs', { run: 'r2', tab: 'export' }, async (page) => {
    await exported(page)
    await page.getByRole('button', { name: 'Write the card' }).click()
    await page.getByRole('region', { name: 'Model card' }).evaluate((part) => part.scrollIntoView({ block: 'start' }))
  }),
  of('video-film', 'video', {}, async (page) => {
    await film(page)
    await page.getByRole('combobox', { name: 'Model', exact: true }).selectOption('r2')
    await page.locator('[data-video-speed]').filter({ hasText: 'boxes' }).waitFor(patient)
    await page.getByRole('button', { name: 'Choose frames' }).click()
    await page.getByRole('list', { name: 'Chosen frames' }).getByRole('listitem').nth(2).waitFor(patient)
  }),
  of('models-maps', 'models', { run: 'r2' }, maps, { docs: 'feature-maps' }),
  of('models-maps-large', 'models', { run: 'r2' }, async (page) => {
    await maps(page)
    await page.getByLabel('Over the image').check()
    await page.getByRole('button', { name: 'Enlarge: Largest of all' }).click()
    await page.getByRole('dialog').locator('canvas').hover()
  }),
  of('label-assist', 'label', {}, async (page) => {
    await page.getByRole('button', { name: 'Train while labelling' }).click()
    const start = page.getByRole('button', { name: 'Start', exact: true })
    await start.or(page.getByRole('button', { name: 'Stop', exact: true })).waitFor()
    if (await start.isVisible()) await start.click()
    await page.getByText(/Learned last/).waitFor(patient)
  }),
  of('runs-report', 'runs', { run: 'r2', tab: 'results' }, async (page) => {
    const { evaluations } = await call(page, 'results.list', { run: 'r2' })
    const { job } = await call(page, 'results.report', { run: 'r2', evaluation: evaluations[0].id })
    const { result } = await call(page, 'jobs.wait', { job })
    if (!existsSync(resolve(result.file))) throw new Error('The report is missing.')
    await page.goto(`file://${resolve(result.file)}`)
  }),
]
