import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { ModelSource } from '@shared/contract/runs'
import type { ModelRef } from '@shared/contract/inference'
import { findRun } from '../store/run'
import { needStore, type JobDeps } from './job-deps'

/**
 * Finds the files of a model. `source` is how rows of predictions and evaluations name it: `run:r3`, or the path.
 * Throws `not-found`, `no-project`, `no-checkpoint`.
 */
export function resolveModel(
  deps: Pick<JobDeps, 'store'>,
  model: ModelSource,
): { ref: ModelRef; source: string; run: string | null } {
  if (model.kind === 'method') return { ref: model, source: `method:${model.id}`, run: null }
  if (model.kind === 'onnx') {
    const file = resolve(model.file)
    if (!existsSync(file)) {
      throw new TagwrightError('not-found', `The model file ${file} does not exist. Check the path.`, { file })
    }
    return { ref: { ...model, file }, source: file, run: null }
  }
  const open = needStore(deps)
  const run = findRun(open.db, model.run)
  const runDir = join(open.folder, 'runs', run.id)
  const kinds = model.checkpoint === 'best' ? (['best', 'last'] as const) : (['last'] as const)
  const checkpoint = kinds.find((kind) => existsSync(join(runDir, `${kind}.ckpt`)))
  if (!checkpoint) {
    throw new TagwrightError(
      'no-checkpoint',
      `Run ${run.id} (${run.status}) has no checkpoint yet. Wait for its first epoch, or resume it.`,
      { run: run.id, status: run.status },
    )
  }
  return { ref: { kind: 'run', runDir, checkpoint }, source: `run:${run.id}`, run: run.id }
}
