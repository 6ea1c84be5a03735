/** Evaluates a model, or a file of predictions, on a split of the project. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { runsContract } from '@shared/contract/runs'
import type { Evaluation } from '@shared/contract/evaluation'
import { writeSnapshot } from '../store/write-snapshot'
import { defineJob } from './define-job'
import { drawRunPlots } from './draw-run-plots'
import { evaluateInto } from './evaluate-into'
import { needStore, type JobDeps } from './job-deps'
import { resolveModel } from './resolve-model'

export const evaluateJob = (deps: JobDeps) =>
  defineJob({
    kind: 'evaluate',
    lane: 'worker',
    params: runsContract.methods.evaluate.input,
    async run({ snapshot: which, ...input }, context): Promise<Evaluation & { id: number }> {
      const store = needStore(deps)
      const { source, split } = input
      const run = source.kind === 'predictions' ? null : resolveModel(deps, source).run
      const frozen = which === 'run' ? frozenData(run === null ? null : join(store.folder, 'runs', run)) : null
      const snapshot = frozen ?? join(store.folder, 'cache', `evaluate-${randomUUID()}.jsonl.gz`)
      let result: Evaluation | null = null
      try {
        if (!frozen) {
          context.report('freezing the data', 0, null)
          const { skipped } = await writeSnapshot(store, {
            splits: split ? [split] : [],
            file: snapshot,
            signal: context.signal,
          })
          if (skipped > 0) context.log('warning', `${skipped} images are missing or unreadable and are left out.`)
        }
        const id = await evaluateInto(deps, context, {
          ...input,
          snapshot,
          final: frozen !== null,
          onResult: (made) => (result = made),
        })
        // The run's own plots show its own evaluation.
        if (run !== null && frozen) {
          try {
            await drawRunPlots(deps, { run, evaluation: id, signal: context.signal, log: context.log })
          } catch (error) {
            if (context.signal.aborted) throw error
            context.log('warning', `The plots could not be drawn: ${toErrorShape(error).message}`)
          }
        }
        return { ...result!, id }
      } finally {
        if (!frozen) await rm(snapshot, { force: true })
      }
    },
  })

function frozenData(runDir: string | null): string {
  const file = runDir === null ? null : join(runDir, 'snapshot.jsonl.gz')
  if (file && existsSync(file)) return file
  throw new TagwrightError(
    'no-snapshot',
    'Only a run that was trained here has frozen data. Evaluate it on the project as it is now.',
  )
}
