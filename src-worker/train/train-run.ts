/** One training run: data, steps, evaluation after each epoch, checkpoints, until the end, an early stop or the signal. */
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { rng } from '@shared/base/rng'
import { models } from '@shared/catalog/models'
import type { TrainResult } from '@shared/contract/worker'
import type { Metric } from '@shared/domain/metric'
import { createLoader } from '../data/loader'
import type { Batch } from '../data/types'
import { writeAtomic } from '../files/write-atomic'
import { makePlan, type TrainHost, type TrainInput } from './plan'
import { Progress } from './progress'
import type { ResolvedRecipe } from './resolve-recipe'
import { ResultsCsv } from './results-csv'
import { TrainState } from './train-state'
import { EpochEvaluation } from './evaluate-epoch'

export async function trainRun(input: TrainInput, host: TrainHost): Promise<TrainResult> {
  const started = performance.now()
  const { report, signal } = host
  const plan = await makePlan(input)
  const { recipe, header, train, val } = plan
  if (!input.resume) await writeAtomic(join(input.runDir, 'recipe.json'), [JSON.stringify(recipe, null, 2)])
  report.recipe(recipe as unknown as Record<string, unknown>)
  const model = models.get(recipe.model.id)
  const state = await TrainState.open(plan, input, host)
  if (input.resume)
    report.resumed({ step: state.step, epoch: state.position.epoch + state.position.batch / state.stepsPerEpoch })
  const sizeAt = epochSizes(recipe)
  const loader = createLoader({
    samples: train,
    batch: recipe.batch.size,
    size: recipe.input.multiScale ? sizeAt : recipe.input.size,
    maxSize: recipe.input.size + 32 * recipe.input.multiScale,
    seed: recipe.seed,
    epochs: recipe.epochs,
    closeEpochs: recipe.loss.closeEpochs,
    augment: recipe.augment,
    maxGt: [4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256],
    input: model.input,
    pack: { layout: state.layout, type: 'uint8' },
    threads: host.threadFile ? host.loaderThreads : 0,
    threadFile: host.threadFile ?? undefined,
    onBadSample: ({ name, message }) => report.log('warning', `${name}: ${message} Another image takes its place.`),
    signal,
  })
  const evaluation = val.length ? new EpochEvaluation(plan, host) : null
  const csv = new ResultsCsv(join(input.runDir, 'results.csv'), state.position.epoch)
  const progress = new Progress(recipe.batch.size)
  let status: TrainResult['status'] = 'done'
  try {
    const batches = loader.batches({ ...state.position })
    for (;;) {
      if (signal.aborted) {
        status = 'cancelled'
        break
      }
      progress.beginWait()
      const next = await batches.next()
      if (next.done) break
      const batch = next.value
      progress.beginStep()
      await state.resize(batch.width)
      const metrics = await stepOrExplain(state, batch)
      batch.release()
      progress.endStep(metrics)
      report.metrics(stepRows(state, batch, metrics))
      report.progress(
        `epoch ${batch.epoch + 1} of ${recipe.epochs}`,
        batch.epoch * batch.batches + batch.index + 1,
        recipe.epochs * batch.batches,
      )
      if (batch.index + 1 < batch.batches) continue
      const summary = progress.endEpoch()
      const scores = evaluation ? await evaluation.run(state.averaged(), signal) : null
      const rows = epochRows(state, summary, scores)
      report.metrics(rows)
      const improved = state.note(scores)
      await csv.append(batch.epoch + 1, Object.fromEntries(rows.map((r) => [r.series, r.value])))
      await save(improved)
      if (recipe.patience > 0 && state.epochsSinceBest >= recipe.patience) {
        status = 'stopped'
        break
      }
    }
    if (status === 'cancelled') await save(false)
    await report.flush()
  } catch (error) {
    // An aborted wait for data is a cancel like any other, once the last good state is on disk.
    if (!signal.aborted) throw error
    status = 'cancelled'
    await save(false)
  } finally {
    await loader.close()
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

  async function save(improved: boolean): Promise<void> {
    await report.flush()
    const { step, position } = state
    const epoch = position.epoch + position.batch / state.stepsPerEpoch
    // Without an evaluation split the newest weights are the best there are.
    if (improved || val.length === 0) {
      await state.save(join(input.runDir, 'best.ckpt'), header)
      report.checkpoint({ step, epoch, kind: 'best', score: state.best?.AP ?? null })
    }
    await state.save(join(input.runDir, 'last.ckpt'), header)
    report.checkpoint({ step, epoch, kind: 'last', score: state.last?.AP ?? null })
  }
}

/** Input side per epoch: the same for the same seed, wherever the run resumes. */
function epochSizes({ input, seed }: ResolvedRecipe): (epoch: number) => number {
  const { size, multiScale } = input
  return (epoch) => Math.max(32, size + 32 * rng(seed, 'size', epoch).int(-multiScale, multiScale))
}

async function stepOrExplain(state: TrainState, batch: Batch): Promise<Record<string, number>> {
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

function stepRows(state: TrainState, batch: Batch, metrics: Record<string, number>): Metric[] {
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
