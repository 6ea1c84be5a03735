/** At the end of a run: how good the moving average, the last weights and the stochastic average are, side by side. */
import { join } from 'node:path'
import { modelOf } from '@shared/catalog/models'
import { type Score, isBetterScore, mainScore } from '@shared/domain/score'
import { tasks } from '@shared/catalog/tasks'
import type { WeightsScore } from '@shared/contract/runs'
import { writeAtomic } from '../files/write-atomic'
import { createEvaluationLoader } from '../predict/evaluate-weights'
import type { RunPlan, TrainHost, TrainInput } from './plan'
import type { Tensors } from './stepper'
import { workerTasks } from '../tasks'
import type { RunEvaluation } from '../tasks/worker-task'
import type { TrainState } from './train-state'
import { updateNorms } from './update-norms'

/** Statistics of a channel are means over thousands of pixels an image: more images change little. */
const NORM_IMAGES = 256

/**
 * Writes averages.json, and swa.ckpt where weights were averaged; the stochastic average becomes best.ckpt when it is
 * better than all epochs of the moving average. @returns true when it did.
 */
export async function scoreAverages(
  state: TrainState,
  plan: RunPlan,
  evaluation: RunEvaluation,
  { input, host }: { input: TrainInput; host: TrainHost },
): Promise<boolean> {
  const { recipe, header } = plan
  const { report, signal } = host
  const { scores } = tasks.get(recipe.task)
  const at = { epoch: state.position.epoch, step: state.step }
  const score = async (tensors: Tensors): Promise<Score> => {
    const found = await evaluation.run(tensors, state.freeze, signal)
    return { ...at, ...Object.fromEntries(scores.map((name) => [name, found[name]])) }
  }
  const rows: WeightsScore[] = []
  if (state.best) rows.push({ weights: 'best', score: state.best })
  if (state.last) rows.push({ weights: 'ema', score: state.last })
  report.progress('comparing averages', 0, null)
  rows.push({ weights: 'last', score: await score(state.latest()) })
  let isBest = false
  if (state.stochastic.count > 0) {
    report.progress('updating norms', 0, null)
    const tensors = await withNorms(state, plan, host)
    const found = await score(tensors)
    rows.push({ weights: 'swa', score: found })
    const weights = { kind: 'swa', tensors }
    await state.save(join(input.runDir, 'swa.ckpt'), header, weights)
    isBest = !state.best || isBetterScore(found, state.best)
    if (isBest) {
      state.best = found
      await state.save(join(input.runDir, 'best.ckpt'), header, weights)
      report.checkpoint({ ...at, kind: 'best', score: mainScore(found) })
    }
  }
  for (const { weights, score } of rows.filter(({ weights }) => weights === 'last' || weights === 'swa'))
    report.metrics(scores.map((name) => ({ ...at, series: `${weights}/${name}`, value: score[name] })))
  await writeAtomic(join(input.runDir, 'averages.json'), [JSON.stringify(rows, null, 2)])
  await report.flush()
  return isBest
}

async function withNorms(state: TrainState, plan: RunPlan, host: TrainHost): Promise<Tensors> {
  const { recipe, header, train } = plan
  const model = modelOf(recipe.model)
  const size = [recipe.input.size, recipe.input.size] as const
  const step = Math.max(1, train.length / NORM_IMAGES)
  const samples = Array.from({ length: Math.min(train.length, NORM_IMAGES) }, (_, i) => train[Math.floor(i * step)])
  const batch = Math.min(recipe.batch.size, samples.length)
  const { data } = workerTasks[recipe.task]
  const loader = data ? null : createEvaluationLoader({ ...host, model, samples, size, batch })
  try {
    return await updateNorms(new Map([...state.latest(), ...state.stochastic.mean]), {
      model,
      params: recipe.model.params,
      classes: header.labels.length,
      batch,
      size,
      freeze: state.freeze,
      batches: loader?.batches() ?? data!.normBatches(plan, host, NORM_IMAGES),
      signal: host.signal,
    })
  } finally {
    await loader?.close()
  }
}
