/** Training while somebody labels: counts labels, runs rounds in a process that stays, and stores what it predicts. */
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { truthOf } from '@shared/catalog/tasks'
import { models } from '@shared/catalog/models'
import type { AssistState } from '@shared/contract/assist'
import { client, serve, type Server } from '@shared/contract/rpc'
import { workerContracts, workerHostContracts } from '@shared/contract/worker'
import { parseRecipe, type RecipeInput } from '@shared/domain/recipe'
import { mainScore } from '@shared/domain/score'
import { defaultModels, type TaskId } from '@shared/domain/task'
import { countAnnotationsAfter, lastAnnotation, teachingSamples, unlabelledFiles } from '../store/assist-data'
import { putCheckpoint } from '../store/checkpoint'
import { listLabels } from '../store/label'
import { appendMetrics } from '../store/metric'
import { putPredictions } from '../store/prediction'
import { createRun, deleteRun, findRun, listRuns, updateRun } from '../store/run'
import type { Store } from '../store/store'
import type { WorkerClient } from './call-worker'
import { findStartFile, frozenPart, frozenRecipe } from './frozen-start'
import { needStore, type JobDeps } from './job-deps'

/** Images that a round learns from, the newest labels first. */
const mostImages = 256
/** Images that are predicted after a round. */
const ahead = 8
/** Seconds of a round: with the last step, which is not cut off, it stays below ten. */
const roundSeconds = 8

interface Base {
  /** A run of an earlier time that goes on; null: a new one begins. */
  run: { id: string; rounds: number } | null
  /** How it is told. */
  name: string
  weights: string
  recipe: RecipeInput
}
type Working = Awaited<ReturnType<WorkerClient['refreshHead']>>['detections']

export interface Assistant {
  state(): AssistState
  start(options: { every: number; weights: string | null }): Promise<AssistState>
  stop(): AssistState
  look(samples: readonly number[]): void
  /** With the open project. */
  task: { opened(store: Store): void; closing(): void }
}

const off = (every = 10): AssistState => ({
  on: false,
  every,
  fresh: 0,
  status: 'off',
  run: null,
  base: null,
  rounds: 0,
  last: null,
  problem: null,
})

export function createAssistant(deps: JobDeps): Assistant {
  let state = off()
  let base: Base | null = null
  /** Id of the newest annotation that was learned from. */
  let marker = 0
  /** Images that will be shown next. */
  let next: readonly number[] = []
  /** Images that the weights of this round have looked at. */
  let seen = new Set<number>()
  let worker: { client: WorkerClient; end(): void } | null = null
  /** Rounds and predictions take turns. */
  let work: Promise<void> = Promise.resolve()
  let unsubscribe = () => {}

  const change = (patch: Partial<AssistState>) => {
    state = { ...state, ...patch }
    deps.hub.emit('assist.changed', state)
  }
  const enqueue = (task: () => Promise<void>) => {
    work = work.then(task).catch((error: unknown) => {
      if (state.on) change({ status: 'waiting', problem: toErrorShape(error) })
    })
  }

  /** A process of its own, which ends when it is let go. */
  function openWorker(): WorkerClient {
    if (worker) return worker.client
    const process = deps.startWorker()
    const made = client(workerContracts, process.wire).worker
    const host: Server = serve(workerHostContracts, { host: { metrics() {} } }, process.wire)
    let ended = false
    const self = {
      client: made,
      end() {
        if (ended) return
        ended = true
        if (worker === self) worker = null
        void host.close()
        process.wire.close()
        const end = setTimeout(() => process.kill(), 3000)
        process.wire.onClose(() => clearTimeout(end))
      },
    }
    process.wire.onClose(() => {
      if (worker === self) worker = null
    })
    worker = self
    return made
  }

  /** New labels since the last round begin another. */
  function count(): void {
    const store = deps.store()
    if (!state.on || !store) return
    const fresh = countAnnotationsAfter(store.db, marker)
    if (fresh !== state.fresh) change({ fresh })
    if (state.status === 'waiting' && fresh >= state.every) begin()
  }

  function begin(): void {
    change({ status: worker ? 'learning' : 'starting', problem: null })
    enqueue(round)
  }

  async function round(): Promise<void> {
    const store = deps.store()
    if (!state.on || !store || !base) return
    const started = performance.now()
    const { db } = store
    const upTo = lastAnnotation(db)
    const labels = listLabels(db)
    const samples = teachingSamples(db, store.folder, mostImages)
    const isFirst = state.run === null
    const run = state.run ?? newRun(store, base)
    const runDir = join(store.folder, 'runs', run)
    try {
      await mkdir(runDir, { recursive: true })
      const images = unlabelledFiles(db, store.folder, next, ahead)
      const result = await openWorker().refreshHead({
        runDir,
        recipe: { ...base.recipe },
        weights: base.weights,
        labels: labels.map(({ name, cocoId, color, skeleton }) => ({ name, cocoId, color, ...(skeleton ? { skeleton } : {}) })), // prettier-ignore
        samples,
        seconds: roundSeconds,
        images,
      })
      if (deps.store() !== store) return
      const rounds = state.rounds + 1
      const step = findRun(db, run).step + result.steps
      for (const kind of ['last', 'best']) putCheckpoint(db, run, { kind, step, epoch: rounds, score: null, file: `runs/${run}/${kind}.ckpt` }) // prettier-ignore
      appendMetrics(db, run, [{ step, epoch: rounds, series: 'train/loss', value: result.loss }])
      const seconds = (performance.now() - started) / 1000
      updateRun(db, run, { status: 'done', step, epoch: rounds, seconds: (findRun(db, run).seconds ?? 0) + seconds })
      deps.hub.emit('runs.changed', { run })
      seen = new Set()
      marker = upTo
      keep(store, run, labels, images, result.detections)
      change({
        status: state.on ? 'waiting' : 'off',
        run,
        rounds,
        fresh: countAnnotationsAfter(db, marker),
        last: {
          at: new Date().toISOString(),
          seconds,
          images: result.images,
          computed: result.computed,
          steps: result.steps,
          loss: result.loss,
        },
      })
      // Labels that came meanwhile may be enough for the next round already.
      count()
      predict()
    } catch (error) {
      if (isFirst && deps.store() === store) {
        deleteRun(db, run)
        await rm(runDir, { recursive: true, force: true })
      }
      // The same labels would fail again: the next round comes with new ones.
      marker = upTo
      throw error
    }
  }

  /** Images that come next and were not looked at with these weights. */
  function predict(): void {
    const store = deps.store()
    if (!state.on || !store || state.run === null || !worker) return
    const images = unlabelledFiles(store.db, store.folder, next, ahead).filter(({ id }) => !seen.has(id))
    if (images.length === 0) return
    const { run, rounds } = state
    for (const { id } of images) seen.add(id)
    enqueue(async () => {
      // A round that came between has looked at what comes next already.
      if (!state.on || deps.store() !== store || state.rounds !== rounds || !worker) return
      const { detections } = await worker.client.predictKept({ images })
      if (deps.store() === store) keep(store, run, listLabels(store.db), images, detections)
    })
  }

  function keep(
    store: Store,
    run: string,
    labels: readonly { id: number }[],
    images: readonly { id: number }[],
    detections: Working,
  ): void {
    for (const { id } of images) seen.add(id)
    const source = `run:${run}`
    const found = new Map(detections.map((one) => [one.image, one.detections]))
    const rows = images.map(({ id }) => ({
      sampleId: id,
      detections: (found.get(id) ?? []).flatMap((one) =>
        labels[one.label] ? [{ ...one, label: labels[one.label].id }] : [],
      ),
    }))
    if (rows.length === 0) return
    putPredictions(store.db, source, rows)
    deps.hub.emit('predictions.changed', { source, samples: rows.map(({ sampleId }) => sampleId) })
  }

  function stop(): AssistState {
    worker?.end()
    change({ ...off(state.every), run: state.run, last: state.last, rounds: state.rounds })
    return state
  }

  return {
    state: () => state,
    async start({ every, weights }) {
      const store = needStore(deps)
      if (state.on) {
        change({ every })
        count()
        return state
      }
      base = await findBase(store, weights, deps)
      marker = 0
      seen = new Set()
      const { run, name } = base
      change({ ...off(every), on: true, status: 'waiting', base: name, run: run?.id ?? null, rounds: run?.rounds ?? 0 })
      // What is there already teaches at once.
      if (lastAnnotation(store.db) > 0) begin()
      return state
    },
    stop,
    look(samples) {
      next = samples
      predict()
    },
    task: {
      opened(store) {
        state = off()
        next = []
        unsubscribe = store.events.on('project.changed', count)
      },
      closing() {
        unsubscribe()
        worker?.end()
        state = off()
        deps.hub.emit('assist.changed', state)
      },
    },
  }
}

/** A run that no job carries: it is done after each round. */
function newRun({ db, project }: Store, { recipe }: Base): string {
  const model = parseRecipe(recipe).model.id
  const { id } = createRun(db, { name: 'While labelling', task: project.task, model, recipe: { ...recipe } })
  updateRun(db, id, { status: 'done' })
  return id
}

/** @throws `unknown-kind`, `no-weights`. */
async function findBase(store: Store, weights: string | null, deps: JobDeps): Promise<Base> {
  const task = store.project.task as TaskId
  if (truthOf(task) !== 'objects')
    throw new TagwrightError(
      'unknown-kind',
      `Training while labelling tells boxes and poses, and this project is for "${task}". Train a run instead.`,
      { task },
    )
  const runs = listRuns(store.db).filter((run) => run.task === task && existsSync(join(store.folder, 'runs', run.id, 'best.ckpt'))) // prettier-ignore
  const newest = runs.toSorted((a, b) => (b.finishedAt ?? '').localeCompare(a.finishedAt ?? ''))[0]
  // No job has carried it: it was learned while labelling, and nothing was trained since.
  if (weights === null && newest?.job === null) {
    const own = join(store.folder, 'runs', newest.id, 'last.ckpt')
    return { run: { id: newest.id, rounds: newest.epoch }, name: newest.name, weights: own, recipe: newest.recipe }
  }
  const scored = runs.filter(({ best }) => best !== null).toSorted((a, b) => score(b) - score(a))
  const run = weights === null ? scored[0] : runs.find(({ id }) => id === weights)
  if (run) {
    const { model, input } = parseRecipe(run.recipe)
    const runDir = join(store.folder, 'runs', run.id)
    const isImported = models.get(model.id).needsFile === true
    const params = isImported ? { ...model.params, file: join(runDir, 'network.onnx') } : model.params
    return {
      run: null,
      name: run.name,
      weights: join(runDir, 'best.ckpt'),
      recipe: recipeOf(task, { id: model.id, params, surgery: model.surgery }, input.size, frozenPart(isImported)),
    }
  }
  const { name, file } = await findStartFile(deps, weights, 'no run of this project has weights, and ')
  return { run: null, name, weights: file, recipe: recipeOf(task, { id: defaultModels[task] }, 320, frozenPart(false)) }
}

const score = ({ best }: { best: Parameters<typeof mainScore>[0] | null }): number => (best ? mainScore(best) : -1)

/** Small steps without an end: labels keep coming. */
const recipeOf = (...given: Parameters<typeof frozenRecipe>): RecipeInput => ({
  ...frozenRecipe(...given),
  schedule: { id: 'constant', warmup: 0 },
  averages: { ema: { decay: 0.95, tau: 10 } },
  epochs: 1,
  batch: { size: 4 },
  provider: 'cpu',
})
