/** Carries a training run: snapshot, worker, metric rows, checkpoints, the run's row. */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { canonicalJson } from '@shared/base/canonical-json'
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { finalJobStatuses, type Job } from '@shared/contract/jobs'
import type { TrainResult } from '@shared/contract/worker'
import { tasks } from '@shared/catalog/tasks'
import type { Metric } from '@shared/domain/metric'
import { parseRecipe } from '@shared/domain/recipe'
import { mainScore } from '@shared/domain/score'
import type { Split } from '@shared/domain/split'
import { putCheckpoint } from '../store/checkpoint'
import { appendMetrics, deleteMetricsAfter, metricsSince } from '../store/metric'
import { getRun, updateRun, type RunScore } from '../store/run'
import { writeSnapshot } from '../store/write-snapshot'
import { callWorker } from './call-worker'
import { defineJob, type JobContext } from './define-job'
import { divideFirst } from './divide-first'
import { drawRunPlots } from './draw-run-plots'
import { evaluateInto } from './evaluate-into'
import { needStore, type JobDeps } from './job-deps'
import { liveRun } from './live-run'

export const trainJob = (deps: JobDeps) =>
  defineJob({
    kind: 'train',
    lane: 'train',
    params: z.object({ run: z.string(), resume: z.boolean() }),
    run: (params, context) => train(deps, params, context),
  })

/** Gives a run whose job ended without it (cancelled in the queue, lost with the program) the job's status. */
export function settleRun({ store, hub }: Pick<JobDeps, 'store' | 'hub'>, { kind, run, status, error }: Job): void {
  const db = store()?.db
  if (!db || kind !== 'train' || run === null || !finalJobStatuses.includes(status)) return
  const row = getRun(db, run)
  if (finalJobStatuses.includes(row.status)) return
  updateRun(db, run, { status, error: status === 'failed' ? error : null })
  hub.emit('runs.changed', { run })
}

async function train(
  deps: JobDeps,
  { run, resume }: { run: string; resume: boolean },
  context: JobContext,
): Promise<TrainResult> {
  const store = needStore(deps)
  const { db } = store
  const { hub } = deps
  const { signal } = context
  const runDir = join(store.folder, 'runs', run)
  const changed = () => hub.emit('runs.changed', { run })
  const live = liveRun(deps, run)
  const before = updateRun(db, run, { status: 'running', error: null })
  changed()
  try {
    mkdirSync(runDir, { recursive: true })
    const log = fileLog(runDir, context)
    const recipe = parseRecipe(before.recipe)
    const snapshot = join(runDir, 'snapshot.jsonl.gz')
    if (!existsSync(snapshot)) {
      divideFirst(store, log)
      context.report('freezing the data', 0, null)
      const splits = [...new Set([...recipe.data.trainSplits, recipe.data.evalSplit])]
      const row = await writeSnapshot(store, { splits, file: snapshot, signal })
      updateRun(db, run, { snapshot: row.id })
      if (row.skipped > 0) log('warning', `${row.skipped} images are missing or unreadable and are left out.`)
    }
    // A run that was killed before its first checkpoint starts again from its beginning.
    const hasCheckpoint = existsSync(join(runDir, 'last.ckpt'))
    if (resume && !hasCheckpoint) {
      log('warning', 'There is no checkpoint yet; the run starts from its beginning.')
      rewind(-1)
    }
    const secondsBefore = resume && hasCheckpoint ? (before.seconds ?? 0) : 0

    const result = await callWorker(
      { ...deps, context: { ...context, signal, log, report: live.report(context.report) }, metrics: storeMetrics },
      (worker, options) => {
        worker.on('heartbeat', ({ rss }) => live.memory(rss))
        worker.on('recipe', ({ recipe: resolved }) => {
          updateRun(db, run, {
            recipe: resolved,
            recipeHash: sha256(canonicalJson(resolved)),
            provider: providerOf(resolved),
          })
          changed()
        })
        worker.on('resumed', ({ step, epoch }) => {
          rewind(step)
          updateRun(db, run, { step, epoch })
          changed()
        })
        worker.on('checkpoint', ({ kind, step, epoch, score }) => {
          putCheckpoint(db, run, { kind, step, epoch, score, file: `runs/${run}/${kind}.ckpt` })
          changed()
        })
        return worker.train(
          {
            runDir,
            recipe: before.recipe,
            snapshot,
            resume: resume && hasCheckpoint,
            weights: recipe.model.weights,
            cacheDir: join(store.folder, 'cache'),
          },
          options,
        )
      },
    )
    const { best, last, imagesPerSecond, dataWait } = result
    const seconds = secondsBefore + result.seconds
    const status = result.status === 'cancelled' ? statusOfAbort(signal) : 'done'
    if (status === 'done' && best) await evaluateBest(recipe.data.evalSplit, snapshot, log)
    updateRun(db, run, { status, best, last, seconds, imagesPerSecond, dataWait })
    changed()
    if (result.status === 'cancelled')
      throw signal.aborted ? signal.reason : new TagwrightError('cancelled', 'Cancelled.')
    return { ...result, seconds }
  } catch (error) {
    const shape = toErrorShape(error)
    if (getRun(db, run).status === 'running') {
      const status = signal.aborted ? statusOfAbort(signal) : shape.code === 'interrupted' ? 'interrupted' : 'failed'
      updateRun(db, run, { status, error: signal.aborted ? null : shape })
      changed()
    }
    throw error
  } finally {
    live.end()
  }

  /** The run's own table, curves and plots. What it trained is safe on disk: a failure here is told, not thrown. */
  async function evaluateBest(split: Split, snapshot: string, log: JobContext['log']): Promise<void> {
    try {
      const source = { kind: 'run', run, checkpoint: 'best' } as const
      const id = await evaluateInto(deps, { ...context, log }, { source, split, snapshot, final: true })
      await drawRunPlots(deps, { run, evaluation: id, signal, log })
    } catch (error) {
      if (signal.aborted) return
      log('warning', `The finished run could not be evaluated: ${toErrorShape(error).message}`)
    }
  }

  function storeMetrics(rows: Metric[]): void {
    const cursor = appendMetrics(db, run, rows)
    const scores = readScores(rows, before.task)
    const end = rows.at(-1)
    const row = getRun(db, run)
    updateRun(db, run, {
      ...(end ? { step: end.step, epoch: end.epoch } : {}),
      ...(scores.length > 0 ? { last: scores.at(-1)!, best: bestOf(row.best, scores) } : {}),
    })
    live.metrics(rows)
    hub.emit('runs.metrics', { run, cursor })
    if (scores.length > 0) changed()
  }

  /** Deletes what was measured after `step` and takes the scores from what is left. */
  function rewind(step: number): void {
    deleteMetricsAfter(db, run, step)
    const scores: RunScore[] = []
    for (let after = 0; ;) {
      const { rows, cursor } = metricsSince(db, run, after)
      if (rows.length === 0) break
      scores.push(
        ...readScores(
          rows.filter((row): row is Metric => row.value !== null),
          before.task,
        ),
      )
      after = cursor
    }
    updateRun(db, run, { best: bestOf(null, scores), last: scores.at(-1) ?? null })
  }
}

/** Evaluations among metric rows: the task's numbers of one step come in the same report. */
function readScores(rows: readonly Metric[], task: string): RunScore[] {
  const { scores } = tasks.get(task)
  const [first] = scores
  return rows
    .filter(({ series }) => series === `val/${first}`)
    .map(({ step, epoch }) => {
      const valueOf = (name: string) =>
        rows.find((row) => row.series === `val/${name}` && row.step === step)?.value ?? -1
      return { epoch, step, ...Object.fromEntries(scores.map((name) => [name, valueOf(name)])) }
    })
}

const bestOf = (best: RunScore | null, scores: readonly RunScore[]): RunScore | null =>
  scores.reduce<RunScore | null>(
    (top, score) => (top === null || mainScore(score) > mainScore(top) ? score : top),
    best,
  )

/** Cancelled or paused by a person, or interrupted because the project closes. */
function statusOfAbort(signal: AbortSignal): 'interrupted' | 'paused' | 'cancelled' {
  const code = signal.aborted ? (signal.reason as { code?: string }).code : undefined
  return code === 'closing' ? 'interrupted' : code === 'paused' ? 'paused' : 'cancelled'
}

const providerOf = (recipe: Record<string, unknown>): string | null =>
  typeof recipe.provider === 'string' ? recipe.provider : null

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function fileLog(runDir: string, context: JobContext): JobContext['log'] {
  return (level, message) => {
    context.log(level, message)
    try {
      appendFileSync(join(runDir, 'log.jsonl'), `${JSON.stringify({ at: new Date().toISOString(), level, message })}\n`)
    } catch {
      // The log is a comfort: a full disk is told by what must be written.
    }
  }
}
