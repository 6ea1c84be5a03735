/**
 * Training while somebody labels: a model stays open between rounds, learns for some seconds from all labels that there
 * are, and tells what it sees on the images that come next. See src-shared/contract/assist.ts.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { rng, type Rng } from '@shared/base/rng'
import { modelOf } from '@shared/catalog/models'
import { tasks } from '@shared/catalog/tasks'
import { predictThresholds } from '@shared/contract/inference'
import { type workerContract } from '@shared/contract/worker'
import { parseRecipe } from '@shared/domain/recipe'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { size } from '@shared/engine/graph'
import { createLoader } from '../data/loader'
import { detectFiles } from '../predict/detect-files'
import type { Detector } from '../predict/detector'
import { mapDetections } from '../predict/map-detections'
import { openTrainedDetector } from '../predict/trained-detector'
import { resolveProvider } from '../runtime/auto-provider'
import { maxGt } from './batches'
import { openNetwork } from './open-network'
import { resolveRecipe } from './resolve-recipe'
import type { RunPlan, TrainHost } from './run-types'
import { TrainState } from './train-state'

type Methods = (typeof workerContract)['methods']
type Input = z.output<Methods['refreshHead']['input']>
type Output = z.input<Methods['refreshHead']['output']>
type Images = Input['images']

/** What the trunk made of an image in one variant, and its targets as flat rows. */
interface Features {
  features: ReadonlyMap<string, Uint16Array>
  rows: number[]
}
interface Kept {
  key: string
  state: TrainState
  plan: RunPlan
  /** By image; each has as many as the recipe has variants. */
  records: Map<string, Features[]>
  detector: Detector | null
  /** Of storing weights, opening the detector and predicting, in the last round. */
  predictSeconds: number | null
  batches: number
  random: Rng
}

/** A round learns at least so much, however slow the machine is. */
const fewestSteps = 8
/** The loss that is told is the mean of so many last steps. */
const lastSteps = 10
let kept: Kept | null = null

/** @throws as opening a run does, and `no-annotations` when nothing can be learned from. */
export async function refreshHead(input: Input, host: TrainHost): Promise<Output> {
  const started = performance.now()
  const seconds = { open: 0, features: 0, train: 0, predict: 0 }
  let last = started
  const lap = (name: keyof typeof seconds) => {
    const now = performance.now()
    seconds[name] += (now - last) / 1000
    last = now
  }
  const task = tasks.get(parseRecipe(input.recipe).task)
  const samples = input.samples.flatMap((sample) => task.prepare(sample) ?? [])
  if (!samples.some(({ annotations }) => annotations.some(({ shape }) => shape.kind !== 'tag')))
    throw new TagwrightError('no-annotations', 'No image has a box to learn from yet. Draw some.')
  const opened = await openKept(input, samples, host)
  lap('open')
  const fresh = await addRecords(opened, samples, host)
  lap('features')
  // What features took, and predictions will take, is taken from the time for learning.
  const spent = opened.predictSeconds === null ? 0 : seconds.features + opened.predictSeconds
  const time = Math.max(input.seconds / 4, input.seconds - spent)
  const { steps, loss } = await learn(opened, samples.map(keyOf), fresh, time, host.signal)
  lap('train')
  await opened.state.save(join(input.runDir, 'last.ckpt'), opened.plan.header)
  await opened.state.save(join(input.runDir, 'best.ckpt'), opened.plan.header)
  await opened.detector?.close()
  opened.detector = await openDetector(opened)
  const detections = await detect(opened.detector, input.images, host.signal)
  lap('predict')
  opened.predictSeconds = seconds.predict
  return { steps, loss, images: samples.length, computed: fresh.size, seconds, detections }
}

/** What the model that is kept sees on more images. @throws `not-found` before a round. */
export async function predictKept(
  { images }: { images: Images },
  signal: AbortSignal,
): Promise<z.input<Methods['predictKept']['output']>> {
  if (!kept?.detector) throw new TagwrightError('not-found', 'No model is open. Start training while labelling first.')
  return { detections: await detect(kept.detector, images, signal) }
}

/** The model as it was left, unless labels or settings are others. */
async function openKept(input: Input, samples: SnapshotSample[], host: TrainHost): Promise<Kept> {
  const { runDir, recipe: given, labels } = input
  const key = JSON.stringify([runDir, given, labels])
  if (kept?.key === key) return kept
  // Labels came or went: what was learned goes on, class by class, by their names.
  const own = join(runDir, 'last.ckpt')
  const weights = existsSync(own) ? own : input.weights
  await closeKept()
  const recipe = parseRecipe(given)
  const { model } = recipe
  await openNetwork(model, runDir)
  const def = modelOf(model)
  const header: SnapshotHeader = { version: 1, task: recipe.task, labels, samples: samples.length }
  const params = def.complete ? def.complete(model.params, recipe.input.size, labels) : model.params
  const provider = await resolveProvider(recipe.provider)
  const plan: RunPlan = {
    recipe: resolveRecipe({ ...recipe, model: { ...model, params } }, samples.length, provider),
    header,
    train: samples,
    val: [],
    notes: [],
  }
  const state = await TrainState.open(plan, { runDir, recipe: given, snapshot: '', resume: false, weights, cacheDir: null }, host) // prettier-ignore
  if (!state.frozenTrunk) {
    await state.close()
    throw new TagwrightError(
      'bad-recipe',
      `${def.title} has no part that stays as it is, and learning all of it takes longer than a label. Start from another run.`,
    )
  }
  kept = {
    key,
    state,
    plan,
    records: new Map(),
    detector: null,
    predictSeconds: null,
    batches: 0,
    random: rng(plan.recipe.seed, 'assist'),
  }
  return kept
}

async function closeKept(): Promise<void> {
  const before = kept
  kept = null
  await before?.detector?.close()
  await before?.state.close()
}

/** Equal keys: the same picture with the same labels. */
const keyOf = ({ id, file, annotations }: SnapshotSample): string =>
  JSON.stringify([id, file, annotations.map(({ label, shape, flags }) => [label, shape, flags])])

/** Computes what is not known yet, and forgets images that are not learned from any more. @returns the keys that are new. */
async function addRecords(
  { state, plan, records }: Kept,
  samples: readonly SnapshotSample[],
  host: TrainHost,
): Promise<Set<string>> {
  const { recipe, header } = plan
  const trunk = state.frozenTrunk!
  const wanted = new Map(samples.map((sample) => [keyOf(sample), sample]))
  for (const key of records.keys()) if (!wanted.has(key)) records.delete(key)
  const missing = [...wanted].filter(([key]) => !records.has(key))
  if (missing.length === 0) return new Set()
  const { variants } = recipe.features
  // Batches of the trunk are full: images from the start fill the last one.
  const short = Math.ceil(missing.length / recipe.batch.size) * recipe.batch.size - missing.length
  const padded = [...missing, ...Array.from({ length: short }, (_, i) => missing[i % missing.length])]
  const keys = new Map(missing.map(([key, { id }]) => [id, key]))
  const isMany = missing.length > 2 * recipe.batch.size
  const loader = createLoader({
    samples: padded.map(([, sample]) => sample),
    batch: recipe.batch.size,
    size: recipe.input.size,
    seed: recipe.seed,
    epochs: variants,
    closeEpochs: 0,
    augment: recipe.augment,
    maxGt,
    points: tasks.get(recipe.task).points?.(header.labels),
    input: modelOf(recipe.model).input,
    pack: { layout: state.layout, type: 'uint8' },
    threads: host.threadFile && isMany ? host.loaderThreads : 0,
    ...(host.threadFile ? { threadFile: host.threadFile } : {}),
    onBadSample: ({ name, message }) => host.report.log('warning', `${name}: ${message}`),
    signal: host.signal,
  })
  const made = new Map<string, Map<number, Features>>()
  try {
    for await (const batch of loader.batches()) {
      const features = await trunk.run(batch.images, [batch.count, 3, batch.height, batch.width])
      const width = batch.targets.length / (batch.count * batch.maxGt)
      batch.sampleIds.forEach((id, i) => {
        const key = keys.get(id)
        if (key === undefined) return
        const from = i * batch.maxGt * width
        const record: Features = {
          features: new Map(
            trunk.features.map(({ name, shape }) => {
              const part = size(shape.slice(1))
              return [name, features[name].data.slice(i * part, (i + 1) * part)] as const
            }),
          ),
          rows: [...batch.targets.subarray(from, from + batch.targetCounts[i] * width)],
        }
        made.set(key, (made.get(key) ?? new Map<number, Features>()).set(batch.epoch, record))
      })
      batch.release()
    }
  } finally {
    await loader.close()
  }
  for (const [key, byVariant] of made) records.set(key, [...byVariant.values()])
  return new Set(made.keys())
}

/** Steps for some seconds: half of each batch from what is new, as long as there is such. */
async function learn(
  opened: Kept,
  keys: readonly string[],
  fresh: ReadonlySet<string>,
  seconds: number,
  signal: AbortSignal,
): Promise<{ steps: number; loss: number }> {
  const { state, plan, records, random } = opened
  const { recipe } = plan
  const trunk = state.frozenTrunk!
  const all = keys.filter((key) => records.has(key))
  const news = all.filter((key) => fresh.has(key))
  if (all.length === 0) throw new TagwrightError('no-samples', 'None of the labelled images can be read. Restore them.')
  const width = 5 + 3 * (tasks.get(recipe.task).points?.(plan.header.labels).count ?? 0)
  const count = recipe.batch.size
  const side = recipe.input.size
  const losses: number[] = []
  const end = performance.now() + seconds * 1000
  while ((losses.length < fewestSteps || performance.now() < end) && !signal.aborted) {
    const chosen = Array.from({ length: count }, (_, i) => {
      const from = news.length > 0 && i < count / 2 ? news : all
      const variants = records.get(from[random.int(0, from.length - 1)])!
      return variants[random.int(0, variants.length - 1)]
    })
    const most = Math.max(1, ...chosen.map(({ rows }) => rows.length / width))
    const rows = maxGt.find((n) => n >= most) ?? maxGt[maxGt.length - 1]
    const targets = new Float32Array(count * rows * width)
    chosen.forEach((record, i) => targets.set(record.rows.slice(0, rows * width), i * rows * width))
    const features = Object.fromEntries(
      trunk.features.map(({ name, shape }) => {
        const part = size(shape.slice(1))
        const data = new Uint16Array(part * count)
        chosen.forEach((record, i) => data.set(record.features.get(name)!, i * part))
        return [name, { data, shape: [count, ...shape.slice(1)] }]
      }),
    )
    const at = { epoch: 0, index: opened.batches++, batches: Number.MAX_SAFE_INTEGER }
    const { loss } = await state.train({ ...at, count, width: side, height: side, targets, maxGt: rows, features })
    // Such a step leaves the weights as they were.
    if (Number.isFinite(loss)) losses.push(loss)
    else if (performance.now() > end) break
    // Running a model blocks the thread: heartbeats and an abort get their turn here.
    await new Promise((resolve) => setImmediate(resolve))
  }
  signal.throwIfAborted()
  const shown = losses.slice(-lastSteps)
  return { steps: losses.length, loss: shown.reduce((sum, one) => sum + one, 0) / Math.max(1, shown.length) }
}

function openDetector({ state, plan: { recipe, header } }: Kept): Promise<Detector> {
  return openTrainedDetector({
    model: modelOf(recipe.model),
    params: recipe.model.params,
    classes: header.labels.length,
    names: header.labels.map(({ name }) => name),
    skeletons: header.labels.map(({ skeleton }) => skeleton ?? null),
    tensors: state.averaged(),
    batch: 1,
    size: [recipe.input.size, recipe.input.size],
    provider: recipe.provider,
  })
}

/** The model's classes are the project's labels. */
const asTheyAre = { labelOf: (label: number) => label }

async function detect(detector: Detector, images: Images, signal: AbortSignal): Promise<Output['detections']> {
  const found: Output['detections'] = []
  const results = detectFiles(detector, {
    files: images.map(({ file }) => file),
    thresholds: predictThresholds,
    slice: null,
    // An image that cannot be read has no predictions; the gallery marks it.
    onFailed: () => {},
    signal,
  })
  for await (const { position, width, height, detections } of results)
    found.push({ image: images[position].id, width, height, detections: mapDetections(detections, asTheyAre) })
  return found
}
