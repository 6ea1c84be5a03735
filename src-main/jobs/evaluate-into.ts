/** Evaluates a model or a file of predictions on a snapshot and stores what came out. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { z } from 'zod'
import type { runsContract } from '@shared/contract/runs'
import { type Evaluation } from '@shared/contract/evaluation'
import { evalThresholds, type SliceOptions } from '@shared/contract/inference'
import type { Split } from '@shared/domain/split'
import { addEvaluation } from '../store/evaluation'
import { listLabels } from '../store/label'
import { callWorker } from './call-worker'
import type { JobContext } from './define-job'
import { needStore, type JobDeps } from './job-deps'
import { resolveModel } from './resolve-model'
import { resolveSlice } from './resolve-slice'

export type EvaluateInput = z.output<(typeof runsContract)['methods']['evaluate']['input']>

export interface EvaluateIntoOptions extends Partial<
  Pick<EvaluateInput, 'conf' | 'iou' | 'maxDet' | 'classMap' | 'provider' | 'levels' | 'methods'>
> {
  source: EvaluateInput['source']
  split: Split | null
  /** Path of snapshot.jsonl.gz. */
  snapshot: string
  slice?: number | SliceOptions | null
  /** The run's own evaluation at its end: replaces an earlier one. */
  final?: boolean
  onResult?: (result: Evaluation) => void
}

/** Where an evaluation's pictures are kept; the folder above is there afterwards. */
async function picturesFolder(project: string, evaluation: number): Promise<string> {
  const folder = join(project, 'evaluations')
  await mkdir(folder, { recursive: true })
  return join(folder, String(evaluation))
}

/** @returns the id of the stored evaluation. A run's folder gets predictions.json and the plots' numbers as CSV. */
export async function evaluateInto(
  deps: JobDeps,
  context: JobContext,
  { source, split, snapshot, slice = null, final = false, onResult, ...inference }: EvaluateIntoOptions,
): Promise<number> {
  const store = needStore(deps)
  const model = source.kind === 'predictions' ? null : resolveModel(deps, source)
  const runDir = model?.run ? join(store.folder, 'runs', model.run) : null
  const cut = resolveSlice(deps, slice, model?.run ?? null)
  const cache = join(store.folder, 'cache')
  const stem = join(cache, `evaluation-${randomUUID()}`)
  const detail = { analysis: `${stem}.analysis.gz`, objects: `${stem}.objects.gz` }
  await mkdir(cache, { recursive: true })
  if (runDir) await mkdir(join(runDir, 'plots'), { recursive: true })
  try {
    const result = await callWorker({ ...deps, context }, (worker, options) =>
      source.kind === 'predictions'
        ? worker.score({ snapshot, split, predictions: resolve(source.file), ...detail }, options)
        : worker.evaluate(
            {
              ...evalThresholds,
              ...inference,
              model: model!.ref,
              // Frozen data has its own labels, as they were when the run began.
              labels: final ? null : listLabels(store.db).map(({ name, cocoId }) => ({ name, cocoId })),
              slice: cut,
              snapshot,
              split,
              predictions: runDir ? join(runDir, 'predictions.json') : null,
              plots: runDir ? join(runDir, 'plots') : null,
              pictures: `${stem}.pictures`,
              ...detail,
            },
            options,
          ),
    )
    const read = async (file: string) => (existsSync(file) ? await readFile(file) : null)
    const [analysis, objects] = [await read(detail.analysis), await read(detail.objects)]
    const id = addEvaluation(store.db, {
      run: model?.run ?? null,
      source: model?.source ?? resolve((source as { file: string }).file),
      split,
      iouType: result.iouType,
      step: null,
      epoch: null,
      images: result.images,
      seconds: result.seconds,
      stats: result.stats,
      final,
      thresholds: result.thresholds,
      slice: cut,
      result,
      detail: analysis && objects ? { analysis, objects } : null,
    })
    if (existsSync(`${stem}.pictures`)) await rename(`${stem}.pictures`, await picturesFolder(store.folder, id))
    onResult?.(result)
    deps.hub.emit('results.changed', { evaluation: id, run: model?.run ?? null })
    if (model?.run) deps.hub.emit('runs.changed', { run: model.run })
    return id
  } finally {
    for (const file of Object.values(detail)) await rm(file, { force: true })
    await rm(`${stem}.pictures`, { recursive: true, force: true })
  }
}
