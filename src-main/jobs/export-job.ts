/** Exports a run's model to an ONNX file, with its parity report. */
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { runsContract } from '@shared/contract/runs'
import type { ExportReport } from '@shared/contract/worker'
import { addArtifact } from '../store/artifact'
import { callWorker } from './call-worker'
import { defineJob } from './define-job'
import { needStore, type JobDeps } from './job-deps'
import { resolveModel } from './resolve-model'

export const exportJob = (deps: JobDeps) =>
  defineJob({
    kind: 'export',
    lane: 'worker',
    params: runsContract.methods.export.input,
    async run({ run, checkpoint, out, ...options }, context): Promise<ExportReport> {
      const store = needStore(deps)
      const model = resolveModel(deps, { kind: 'run', run, checkpoint })
      const ref = model.ref as Extract<typeof model.ref, { kind: 'run' }>
      const file = resolve(out)
      await mkdir(dirname(file), { recursive: true })
      const report = await callWorker({ ...deps, context }, (worker, call) =>
        worker.exportOnnx({ ...options, runDir: ref.runDir, checkpoint: ref.checkpoint, out: file }, call),
      )
      addArtifact(store.db, { run: model.run, kind: 'onnx', file, bytes: report.bytes, meta: report })
      deps.hub.emit('runs.changed', { run: model.run! })
      return report
    },
  })
