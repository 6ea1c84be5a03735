/** Exports a run's model to an ONNX file, with its parity report. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { runsContract, type RunExportReport } from '@shared/contract/runs'
import { makeFolder } from '../media/make-folder'
import { addArtifact } from '../store/artifact'
import { bundleModel } from './bundle-model'
import { callWorker } from './call-worker'
import { defineJob } from './define-job'
import { needStore, type JobDeps } from './job-deps'
import { resolveModel } from './resolve-model'

export const exportJob = (deps: JobDeps) =>
  defineJob({
    kind: 'export',
    lane: 'worker',
    params: runsContract.methods.export.input,
    async run({ run, checkpoint, out, bundle, ...rest }, context): Promise<RunExportReport> {
      const store = needStore(deps)
      const model = resolveModel(deps, { kind: 'run', run, checkpoint })
      const ref = model.ref as Extract<typeof model.ref, { kind: 'run' }>
      const file = resolve(out)
      makeFolder(dirname(file))
      const report = await callWorker({ ...deps, context }, (worker, call) =>
        worker.exportOnnx({ ...rest, runDir: ref.runDir, checkpoint: ref.checkpoint, out: file }, call),
      )
      const options = { checkpoint: ref.checkpoint, ...rest }
      addArtifact(store.db, { run: model.run, kind: 'onnx', file, bytes: report.bytes, meta: { ...report, options } })
      // The card in the bundle names the file.
      const zip = bundle ? await bundleModel(store, { run: model.run!, file, licence: rest.licence }, context) : null
      if (zip)
        addArtifact(store.db, { run: model.run, kind: 'bundle', file: zip, bytes: statSync(zip).size, meta: null })
      deps.hub.emit('runs.changed', { run: model.run! })
      return { ...report, bundle: zip }
    },
  })
