// The sample projects of scripts/screenshots.mjs: the painted harbour; one that was trained on, with results, predictions
// and a label that was forgotten; its boats as poses; its noisy and clean pairs; what was cut out of it, by class; one
// with nothing in it. Each is made once and kept in the folder for temporary files.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'

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
  await keepPredictions(call, page, 'r2')
  await call(page, 'training.saveRecipe', { name: 'Harbour, quick', recipe: { ...common, epochs: 10 } })
}

/** Predictions are kept for review as the window keeps them. */
const keepPredictions = async (call, page, run) =>
  finish(
    call,
    page,
    await call(page, 'predictions.predict', { source: { kind: 'run', run }, samples: { all: true }, conf: 0.1 }),
  )

/** Boats as skeletons of five points, learned and evaluated. */
async function trainPoses(call, page, folder) {
  const paths = ['train', 'val', 'test'].map((split) => join(folder, 'harbour/annotations', `instances_${split}.json`))
  await finish(call, page, await call(page, 'datasets.import', { paths, format: 'coco' }))
  const { labels } = await call(page, 'labels.list')
  const [first, ...boats] = labels.filter(({ skeleton }) => skeleton)
  for (const { id, skeleton } of labels)
    if (!skeleton) await call(page, 'labels.delete', { label: id, gaps: 'reindex' })
  // One class learns in minutes what six would need hours for.
  await call(page, 'labels.merge', { from: boats.map(({ id }) => id), into: first.id })
  await call(page, 'labels.rename', { label: first.id, name: 'boat' })
  const recipe = {
    seed: 1,
    input: { size: 320 },
    batch: { size: 4 },
    model: { weights: findWeights() },
    epochs: 36,
    augment: [{ id: 'flip' }],
    data: { evalEvery: 12 },
  }
  const started = await call(page, 'runs.start', { name: 'Boats', recipe })
  await finish(call, page, started)
  await keepPredictions(call, page, started.run)
}

/** Pairs, learned for a minute and compared with what needs no training. */
async function trainDenoiser(call, page, folder) {
  const paths = [join(folder, 'harbour/pairs')]
  await finish(call, page, await call(page, 'datasets.import', { paths, format: 'image-pairs' }))
  const recipe = {
    seed: 1,
    model: { id: 'dncnn', params: { depth: 5, width: 16 } },
    epochs: 4,
    noise: { id: 'gaussian', levels: [15, 25, 50] },
  }
  const started = await call(page, 'runs.start', { name: 'Small DnCNN', recipe })
  await finish(call, page, started)
  const source = { kind: 'run', run: started.run }
  const options = { split: 'val', levels: [15, 25, 50], methods: ['bilateral', 'nlm', 'bm3d'] }
  await finish(call, page, await call(page, 'runs.evaluate', { source, ...options }))
}

/** What was cut out of the harbour, in one folder per class. */
async function cutOut(folder) {
  const harbour = join(folder, 'harbour')
  for (const split of ['train', 'val']) {
    const { images, annotations, categories } = JSON.parse(
      readFileSync(join(harbour, 'annotations', `instances_${split}.json`), 'utf8'),
    )
    for (const { id, image_id, category_id, bbox } of annotations) {
      const { file_name, width, height } = images.find((one) => one.id === image_id)
      const side = Math.min(Math.max(bbox[2], bbox[3], 48) * 1.4, width, height)
      const place = (at, extent, end) => Math.round(Math.min(Math.max(0, at + extent / 2 - side / 2), end - side))
      const area = {
        left: place(bbox[0], bbox[2], width),
        top: place(bbox[1], bbox[3], height),
        width: Math.floor(side),
        height: Math.floor(side),
      }
      const to = join(folder, 'crops', split, categories.find((one) => one.id === category_id).name)
      mkdirSync(to, { recursive: true })
      await sharp(join(harbour, 'images', split, file_name))
        .extract(area)
        .resize(96)
        .jpeg()
        .toFile(join(to, `${id}.jpg`))
    }
  }
  return join(folder, 'crops')
}

/** Kinds of boats and marks, told apart; two labels are wrong. */
async function trainClassifier(call, page, folder) {
  await finish(call, page, await call(page, 'datasets.import', { paths: [await cutOut(folder)] }))
  const recipe = { seed: 1, input: { size: 64 }, batch: { size: 16 }, epochs: 24, model: { weights: findWeights() } }
  const started = await call(page, 'runs.start', { name: 'First classes', recipe })
  await finish(call, page, started)
  await keepPredictions(call, page, started.run)
}

/** What is made of the painted harbour, by name; `images`: at least so many are painted. */
const kinds = {
  sample: {},
  trained: { fill: train },
  pose: { fill: trainPoses, task: 'pose', name: 'Boats' },
  denoise: { fill: trainDenoiser, task: 'denoise', name: 'Night photos', images: 120 },
  classify: { fill: trainClassifier, task: 'classify', name: 'Boat types', images: 120 },
  /** A project just made. */
  bare: { task: 'detect', name: 'Rooftops' },
}

/**
 * @param options.kind a key of `kinds`
 * @returns the folder of a project that nothing may write to; take a copy
 */
export async function screenshotsSample({ browser, serve, call, images: asked, kind }) {
  const { fill, task, name, images: least = 0 } = kinds[kind]
  const images = Math.max(Number(asked), least)
  const cache = join(tmpdir(), `tagwright-screenshots-${kind}-${images}`)
  if (existsSync(cache)) return cache
  const painted = task ? await screenshotsSample({ browser, serve, call, images, kind: 'sample' }) : null
  const home = mkdtempSync(join(tmpdir(), 'tagwright-screens-'))
  const made = join(home, name ?? 'Harbour')
  const server = await serve(home)
  const page = await browser.newPage()
  await page.goto(server.url)
  if (painted) {
    cpSync(join(painted, 'harbour'), join(made, 'harbour'), { recursive: true })
    await call(page, 'projects.create', { folder: made, name, task })
  } else await finish(call, page, await call(page, 'projects.openSample', { folder: made, images }))
  await fill?.(call, page, made)
  await call(page, 'projects.close')
  await page.close()
  await server.stop()
  renameSync(made, cache)
  rmSync(home, { recursive: true, force: true })
  return cache
}
