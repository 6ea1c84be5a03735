// The sample projects of scripts/screenshots.mjs: the painted harbour, and one that was trained on, with results,
// predictions and a label that was forgotten. Each is made once and kept in the folder for temporary files.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Start weights make a good model in minutes; without the test data the pictures show one that learned from nothing. */
function findWeights() {
  const data = resolve(process.env.TAGWRIGHT_DATA ?? join(import.meta.dirname, '../../shared/data'))
  const file = join(data, 'onnx/yolox_nano.onnx')
  return existsSync(file) ? file : null
}

async function finish(call, page, { job }) {
  if (job === null) return null
  const { status, error, result } = await call(page, 'jobs.wait', { job })
  if (status !== 'done') throw new Error(`Job ${job} was ${status}: ${error?.message}`)
  return result
}

/** Two runs of different length, evaluated, and what the better one says about every image. */
async function train(call, page) {
  const { samples } = await call(page, 'samples.list', { limit: 5000 })
  for (const sample of samples.filter(({ split }) => split === 'val').slice(0, 3)) {
    const { annotations } = await call(page, 'annotations.list', { sample: sample.id })
    if (annotations.length > 1)
      await call(page, 'annotations.apply', {
        reason: 'Forget a label',
        changes: [{ op: 'remove', id: annotations[0].id }],
      })
  }
  const common = { seed: 1, input: { size: 320 }, batch: { size: 8 }, model: { weights: findWeights() } }
  for (const { name, ...recipe } of [
    { name: 'First try', epochs: 10, augment: [] },
    { name: 'With augmentation', epochs: 30 },
  ]) {
    await finish(call, page, await call(page, 'runs.start', { name, recipe: { ...common, ...recipe } }))
  }
  const source = { kind: 'run', run: 'r2' }
  await finish(call, page, await call(page, 'predictions.predict', { source, samples: { all: true }, conf: 0.1 }))
  await call(page, 'training.saveRecipe', { name: 'Harbour, quick', recipe: { ...common, epochs: 10 } })
}

/**
 * @returns the folder of a project that nothing may write to; take a copy
 */
export async function screenshotsSample({ browser, serve, call, images, trained }) {
  const cache = join(tmpdir(), `tagwright-screenshots-${trained ? 'trained' : 'sample'}-${images}`)
  if (existsSync(cache)) return cache
  const home = mkdtempSync(join(tmpdir(), 'tagwright-screens-'))
  const made = join(home, 'Harbour')
  const server = await serve(home)
  const page = await browser.newPage()
  await page.goto(server.url)
  await finish(call, page, await call(page, 'projects.openSample', { folder: made, images: Number(images) }))
  if (trained) await train(call, page)
  await call(page, 'projects.close')
  await page.close()
  await server.stop()
  renameSync(made, cache)
  rmSync(home, { recursive: true, force: true })
  return cache
}
