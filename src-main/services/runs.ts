import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { checkData } from '@shared/catalog/check-data'
import { checkRecipe } from '@shared/catalog/check-recipe'
import { tasks } from '@shared/catalog/tasks'
import type { LiveRun, Run, RunSummary, runsContract } from '@shared/contract/runs'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { sliceSchema } from '@shared/contract/inference'
import { parseRecipe } from '@shared/domain/recipe'
import { needStore, type JobDeps } from '../jobs/job-deps'
import type { Queue } from '../jobs/queue'
import { projectRecipe } from '../jobs/project-recipe'
import { resolveModel } from '../jobs/resolve-model'
import { objectSides, resolveSlice } from '../jobs/resolve-slice'
import { listCheckpoints } from '../store/checkpoint'
import { listEvaluations } from '../store/evaluation'
import { listJobs } from '../store/job'
import { listSeries, metricsSince, summarizeMetrics } from '../store/metric'
import { createRun, deleteRun, findRun, listRuns, updateRun, type RunRow } from '../store/run'
import type { Store } from '../store/store'
import { trainingData } from '../store/training-data'
import { readAverages, readLog, readSamples } from './run-files'

export function createRunsService(deps: JobDeps, queue: () => Queue): ServiceHandlers<typeof runsContract> {
  const changed = (run: string) => deps.hub.emit('runs.changed', { run })
  const carry = (store: Store, run: string, isResume: boolean) => {
    updateRun(store.db, run, { status: 'queued', error: null })
    const job = queue().add('train', { run, resume: isResume }, { run })
    updateRun(store.db, run, { job: job.id })
    changed(run)
    return { run, job: job.id }
  }
  return {
    async start({ recipe: given, name }) {
      const store = needStore(deps)
      const recipe = parseRecipe(projectRecipe(store, given))
      if (recipe.task !== store.project.task) {
        throw new TagwrightError(
          'bad-recipe',
          `The recipe is for the task "${recipe.task}", the project for "${store.project.task}". Use a recipe of that task.`,
        )
      }
      checkRecipe(recipe)
      const network = recipe.model.params.file
      if (typeof network === 'string' && !existsSync(network))
        throw new TagwrightError('not-found', `There is no model file ${network}. Check the path.`, { file: network })
      if (recipe.model.weights !== null) recipe.model.weights = await findWeights(deps, recipe.model.weights)
      const task = tasks.get(recipe.task)
      checkData(task, trainingData(store, recipe.data.trainSplits))
      const { model } = recipe
      // What was given is stored, so that 'auto' stays visible until the worker has resolved it.
      const run = createRun(store.db, { ...(name ? { name } : {}), task: recipe.task, model: model.id, recipe })
      return carry(store, run.id, false)
    },
    resume({ run: ref }) {
      const store = needStore(deps)
      const run = findRun(store.db, ref)
      if (run.status === 'queued' || run.status === 'running') {
        throw new TagwrightError(
          'run-active',
          `Run ${run.id} is ${run.status} already. Wait for it, or cancel it first.`,
          {
            run: run.id,
            status: run.status,
          },
        )
      }
      if (run.status === 'done') {
        throw new TagwrightError(
          'run-done',
          `Run ${run.id} is done. Start a new run with its weights: --weights ${run.id}.`,
          {
            run: run.id,
          },
        )
      }
      return carry(store, run.id, true)
    },
    cancel({ run: ref }) {
      const store = needStore(deps)
      const run = findRun(store.db, ref)
      if (run.job === null) return
      queue().cancel(run.job)
    },
    pause({ run: ref }) {
      const run = findRun(needStore(deps).db, ref)
      if (run.job !== null && isActive(run)) queue().pause(run.job)
    },
    stop({ run: ref }) {
      const store = needStore(deps)
      const run = findRun(store.db, ref)
      if (run.job === null || !isActive(run)) return
      const { id, job } = run
      const { evalSplit } = parseRecipe(run.recipe).data
      queue().cancel(job)
      // What was learned so far is worth a table; the run can still go on.
      void queue()
        .wait(job)
        .then(() => {
          if (deps.store() !== store || !existsSync(join(store.folder, 'runs', id, 'best.ckpt'))) return
          const source = { kind: 'run', run: id, checkpoint: 'best' }
          queue().add('evaluate', { source, split: evalSplit, snapshot: 'run' }, { run: id })
        })
        // Only when the project is closed meanwhile.
        .catch(() => {})
    },
    reorder({ runs }) {
      const { db } = needStore(deps)
      const found = runs.map((ref) => findRun(db, ref))
      queue().reorder(found.flatMap(({ job }) => job ?? []))
      for (const { id } of found) changed(id)
    },
    async remove({ run: ref }) {
      const store = needStore(deps)
      const run = findRun(store.db, ref)
      if (isActive(run)) {
        throw new TagwrightError('run-active', `Run ${run.id} is ${run.status}. Cancel it before it is removed.`, {
          run: run.id,
        })
      }
      deleteRun(store.db, run.id)
      changed(run.id)
      await rm(join(store.folder, 'runs', run.id), { recursive: true, force: true })
    },
    list() {
      const { db } = needStore(deps)
      const jobs = listJobs(db, { status: 'queued', inRunOrder: true, limit: 1000 })
      const waiting = jobs.flatMap(({ kind, run }) => (kind === 'train' && run !== null ? [run] : []))
      return { runs: listRuns(db).map(summary), waiting }
    },
    get({ run }) {
      const store = needStore(deps)
      const row = findRun(store.db, run)
      return detail(store, row, deps.liveRuns?.get(row.id) ?? null)
    },
    rename({ run: ref, name }) {
      const { db } = needStore(deps)
      const { id } = findRun(db, ref)
      updateRun(db, id, { name })
      changed(id)
    },
    metrics({ run, after, limit }) {
      const { db } = needStore(deps)
      return metricsSince(db, findRun(db, run).id, after, limit)
    },
    metricsSummary({ run, ...options }) {
      const { db } = needStore(deps)
      return summarizeMetrics(db, findRun(db, run).id, options)
    },
    series({ run }) {
      const { db } = needStore(deps)
      return { series: listSeries(db, findRun(db, run).id) }
    },
    log({ run, after, limit }) {
      const store = needStore(deps)
      return readLog(join(store.folder, 'runs', findRun(store.db, run).id), after, limit)
    },
    samples({ run, epoch }) {
      const store = needStore(deps)
      return readSamples(join(store.folder, 'runs', findRun(store.db, run).id), epoch)
    },
    evaluate(input) {
      needStore(deps)
      if (input.source.kind !== 'predictions') resolveModel(deps, input.source)
      return { job: queue().add('evaluate', input).id }
    },
    predict(input) {
      resolveModel(deps, input.source)
      return { job: queue().add('predict', input).id }
    },
    suggestSlice({ run }) {
      const { db } = needStore(deps)
      const sides = objectSides(db).sort((a, b) => a - b)
      const { size } = resolveSlice(deps, sliceSchema.parse({ size: 'auto' }), run && findRun(db, run).id)!
      return { size, side: sides[sides.length >> 1] ?? null, objects: sides.length }
    },
    export(input) {
      const { run } = resolveModel(deps, { kind: 'run', run: input.run, checkpoint: input.checkpoint })
      return { job: queue().add('export', input, { run: run! }).id }
    },
  }
}

const summary = ({ id, name, status, model, startedAt, epoch, best }: RunRow): RunSummary => ({
  id,
  name,
  status,
  model,
  startedAt,
  epochs: epoch,
  best,
})

const isActive = ({ status }: RunRow): boolean => status === 'queued' || status === 'running'

const detail = (store: Store, run: RunRow, live: LiveRun | null): Run => ({
  ...summary(run),
  task: run.task,
  job: run.job,
  recipe: run.recipe,
  last: run.last,
  seconds: run.seconds,
  imagesPerSecond: run.imagesPerSecond,
  dataWait: run.dataWait,
  error: run.error,
  finishedAt: run.finishedAt,
  folder: join(store.folder, 'runs', run.id),
  averages: readAverages(join(store.folder, 'runs', run.id)),
  live,
  evaluation: listEvaluations(store.db, run.id).findLast((row) => row.final)?.id ?? null,
  checkpoints: listCheckpoints(store.db, run.id).map(({ kind, step, epoch, score, createdAt }) => ({
    kind,
    step,
    epoch,
    score,
    createdAt,
  })),
})

/** Start weights: a checkpoint or ONNX file, a run of this project by id, name or `latest`, or kept weights by name. */
async function findWeights(deps: JobDeps, weights: string): Promise<string> {
  const file = resolve(weights)
  if (existsSync(file)) {
    if (/\.(ckpt|onnx)$/i.test(file)) return file
    throw new TagwrightError(
      'foreign-weights',
      `${file} is neither a checkpoint of this product (.ckpt) nor an ONNX file (.onnx). Give one of these, or a run's id.`,
      { file },
    )
  }
  const { db } = needStore(deps)
  const isRun = weights === 'latest' || listRuns(db).some(({ id, name }) => id === weights || name === weights)
  const kept = isRun ? null : await deps.weights?.find(weights)
  if (kept) return kept
  if (!isRun) {
    throw new TagwrightError(
      'not-found',
      `There are no start weights "${weights}": no file, no run of this project and no kept weights have that name. List them: tagwright weights list`,
      { weights },
    )
  }
  const { ref } = resolveModel(deps, { kind: 'run', run: weights, checkpoint: 'best' })
  if (ref.kind !== 'run') throw new TagwrightError('not-found', `There are no weights "${weights}".`)
  return join(ref.runDir, `${ref.checkpoint}.ckpt`)
}
