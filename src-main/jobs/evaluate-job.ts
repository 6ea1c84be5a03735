/** Evaluates a model, or a file of predictions, on a split of the project. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runsContract } from '@shared/contract/runs'
import type { Evaluation } from '@shared/contract/worker'
import { addEvaluation } from '../store/evaluation'
import { listLabels } from '../store/label'
import { writeSnapshot } from '../store/write-snapshot'
import { callWorker } from './call-worker'
import { defineJob } from './define-job'
import { needStore, type JobDeps } from './job-deps'
import { resolveModel } from './resolve-model'

export const evaluateJob = (deps: JobDeps) =>
  defineJob({
    kind: 'evaluate',
    lane: 'worker',
    params: runsContract.methods.evaluate.input,
    async run({ source, split, slice, ...inference }, context): Promise<Evaluation> {
      const store = needStore(deps)
      const model = source.kind === 'predictions' ? null : resolveModel(deps, source)
      const snapshot = join(store.folder, 'cache', `evaluate-${randomUUID()}.jsonl.gz`)
      const runDir = model?.run ? join(store.folder, 'runs', model.run) : null
      try {
        context.report('freezing the data', 0, null)
        const { skipped } = await writeSnapshot(store, {
          splits: split ? [split] : [],
          file: snapshot,
          signal: context.signal,
        })
        if (skipped > 0) context.log('warning', `${skipped} images are missing or unreadable and are left out.`)
        if (runDir) await mkdir(join(runDir, 'plots'), { recursive: true })
        const result = await callWorker({ ...deps, context }, (worker, options) =>
          source.kind === 'predictions'
            ? worker.score({ snapshot, split, predictions: resolve(source.file) }, options)
            : worker.evaluate(
                {
                  ...inference,
                  model: model!.ref,
                  labels: listLabels(store.db).map(({ name, cocoId }) => ({ name, cocoId })),
                  slice: slice ? { size: slice } : null,
                  snapshot,
                  split,
                  predictions: runDir ? join(runDir, 'predictions.json') : null,
                  plots: runDir ? join(runDir, 'plots') : null,
                },
                options,
              ),
        )
        addEvaluation(store.db, {
          run: model?.run ?? null,
          source: model?.source ?? resolve((source as { file: string }).file),
          split,
          iouType: result.iouType,
          step: null,
          epoch: null,
          images: result.images,
          seconds: result.seconds,
          stats: result.stats,
          result,
        })
        if (model?.run) deps.hub.emit('runs.changed', { run: model.run })
        return result
      } finally {
        await rm(snapshot, { force: true })
      }
    },
  })
