/** One training run: data, steps, evaluation after each epoch, checkpoints, until the end, an early stop or the signal. */
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { TrainResult } from '@shared/contract/worker'
import type { Metric } from '@shared/domain/metric'
import { mainScore } from '@shared/domain/score'
import { writeAtomic } from '../files/write-atomic'
import { workerTasks } from '../tasks'
import { type Batches, openBatches } from './batches'
import { makePlan, type TrainHost, type TrainInput } from './plan'
import { Progress } from './progress'
import { ResultsCsv } from './results-csv'
import { scoreAverages } from './score-averages'
import { type Stage, stagesOf } from './stages'
import { StartTimes } from './start-times'
import { type TrainBatch, TrainState } from './train-state'
import { EpochSamples } from './epoch-samples'
import { EpochEvaluation } from './evaluate-epoch'

export async function trainRun(input: TrainInput, host: TrainHost): Promise<TrainResult> {
  const started = performance.now()
  const { report, signal } = host
  const times = new StartTimes()
  const plan = await makePlan(input)
  times.lap('data')
  const { recipe, header, val } = plan
  if (!input.resume) await writeAtomic(join(input.runDir, 'recipe.json'), [JSON.stringify(recipe, null, 2)])
  report.recipe(recipe as unknown as Record<string, unknown>)
  if (!input.resume) for (const note of plan.notes) report.log('info', note)
  const state = await TrainState.open(plan, input, host)
  times.lap('model')
  if (input.resume)
    report.resumed({ step: state.step, epoch: state.position.epoch + state.position.batch / state.stepsPerEpoch })
  const { data } = workerTasks[recipe.task]
  const evaluation = val.length === 0 ? null : (data?.openEvaluation(plan, host) ?? new EpochEvaluation(plan, host))
  const pictures = new EpochSamples(input.runDir, header, val, recipe.seed)
  const csv = new ResultsCsv(join(input.runDir, 'results.csv'), state.position.epoch)
  const progress = new Progress(recipe.batch.size)
  let status: TrainResult['status'] = 'done'
  try {
    for (const stage of stagesOf(recipe)) {
      if (status !== 'done' || stage.to <= state.position.epoch) continue
      await state.enter(stage)
      const loader = data?.openBatches(plan, host) ?? (await openBatches(plan, state, input, host))
      try {
        status = await train(stage, loader)
      } finally {
        await loader.close()
      }
    }
    if (status === 'cancelled') await save(false)
    else if (evaluation) await scoreAverages(state, plan, evaluation, { input, host })
    await report.flush()
  } catch (error) {
    // An aborted wait for data is a cancel like any other, once the last good state is on disk.
    if (!signal.aborted) throw error
    status = 'cancelled'
    await save(false)
  } finally {
    await evaluation?.close()
    await state.close()
  }
  const { imagesPerSecond, dataWait } = progress.total()
  return {
    status,
    best: state.best,
    last: state.last,
    seconds: (performance.now() - started) / 1000,
    imagesPerSecond,
    dataWait,
  }

  /** Steps until the stage's end, an early stop or the signal. */
  async function train(stage: Stage, loader: Batches): Promise<TrainResult['status']> {
    const batches = loader.batches({ ...state.position })
    while (state.position.epoch < stage.to) {
      if (signal.aborted) return 'cancelled'
      progress.beginWait()
      const next = await batches.next()
      if (next.done) break
      const batch = next.value
      times.lap('first images')
      progress.beginStep()
      await state.resize(batch.width)
      const metrics = await stepOrExplain(state, batch)
      batch.release()
      progress.endStep(metrics)
      times.lap('first step')
      report.metrics(stepRows(state, batch, metrics))
      report.progress(
        `epoch ${batch.epoch + 1} of ${recipe.epochs}`,
        batch.epoch * batch.batches + batch.index + 1,
        recipe.epochs * batch.batches,
      )
      if (batch.index + 1 < batch.batches) continue
      const summary = progress.endEpoch()
      times.lap('first epoch')
      state.averageEpoch()
      const done = batch.epoch + 1
      const isScored = evaluation && (done % recipe.data.evalEvery === 0 || done === recipe.epochs)
      const scores = isScored ? await evaluation.run(state.averaged(), state.freeze, signal) : null
      times.lap('evaluation')
      const told = scores && times.tell()
      if (told) report.log('info', told)
      if (isScored && evaluation.found) await pictures.write(done, evaluation.found)
      const rows = epochRows(state, summary, scores)
      report.metrics(rows)
      const improved = state.note(scores)
      await csv.append(batch.epoch + 1, Object.fromEntries(rows.map((r) => [r.series, r.value])))
      await save(improved)
      if (recipe.patience > 0 && state.epochsSinceBest >= recipe.patience) return 'stopped'
    }
    await batches.return()
    return 'done'
  }

  async function save(improved: boolean): Promise<void> {
    await report.flush()
    const { step, position } = state
    const epoch = position.epoch + position.batch / state.stepsPerEpoch
    // Without an evaluation split the newest weights are the best there are.
    if (improved || val.length === 0) {
      await state.save(join(input.runDir, 'best.ckpt'), header)
      report.checkpoint({ step, epoch, kind: 'best', score: state.best && mainScore(state.best) })
    }
    await state.save(join(input.runDir, 'last.ckpt'), header)
    report.checkpoint({ step, epoch, kind: 'last', score: state.last && mainScore(state.last) })
  }
}

async function stepOrExplain(state: TrainState, batch: TrainBatch): Promise<Record<string, number>> {
  const metrics = await state.train(batch)
  if (Number.isFinite(metrics.loss)) return metrics
  const lr = state.learningRate()
  const path = await state.diagnose(batch)
  const where = path
    ? `The first op without a finite result is ${path}.`
    : 'The forward pass is finite; the gradient is not.'
  throw new TagwrightError(
    'nan-loss',
    `The loss became ${metrics.loss} at step ${state.step + 1} (epoch ${batch.epoch + 1}) with learning rate ${lr.toPrecision(3)}. ${where} Lower optimizer.lr, for instance to ${(lr / 4).toPrecision(2)}, or set optimizer.clip=10, and resume.`,
    { step: state.step + 1, epoch: batch.epoch + 1, lr, op: path },
  )
}

function stepRows(state: TrainState, batch: TrainBatch, metrics: Record<string, number>): Metric[] {
  const at = { step: state.step, epoch: batch.epoch + (batch.index + 1) / batch.batches }
  const rows = Object.entries(metrics).map(([name, value]) => ({ ...at, series: `train/${name}`, value }))
  rows.push({ ...at, series: 'lr/group0', value: state.learningRate() })
  return rows
}

function epochRows(
  state: TrainState,
  summary: ReturnType<Progress['endEpoch']>,
  scores: Record<string, number> | null,
): Metric[] {
  const at = { step: state.step, epoch: state.position.epoch }
  return [
    ...Object.entries(summary.means).map(([name, value]) => ({ ...at, series: `epoch/${name}`, value })),
    { ...at, series: 'system/imagesPerSecond', value: summary.imagesPerSecond },
    { ...at, series: 'system/dataWait', value: summary.dataWait },
    { ...at, series: 'system/memory', value: process.memoryUsage.rss() },
    ...Object.entries(scores ?? {}).map(([name, value]) => ({ ...at, series: `val/${name}`, value })),
  ]
}
