/** What a worker process can do. Each method loads its own module, so that a probe does not load the training code. */
import type { ServiceHandlers } from '@shared/contract/rpc'
import type { ModelRef } from '@shared/contract/inference'
import type { workerContract } from '@shared/contract/worker'
import type { WorkerReport } from './report'

const taskFor = async (model: ModelRef) => {
  const [{ workerTasks }, { taskOf }] = await Promise.all([import('./tasks'), import('./tasks/task-of')])
  return workerTasks[await taskOf(model)]
}

/** What the entry knows and the handlers need. */
export interface WorkerHost {
  /** Absolute path of the built decode-thread.js. */
  threadFile: string
  loaderThreads: number
}

/**
 * @param report the handlers' voice. `train` awaits `report.flush()` before each checkpoint, ends with a last flush, and
 *   on `signal.aborted` finishes its step, writes last.ckpt and answers with status `cancelled`.
 */
export function workerHandlers(report: WorkerReport, host: WorkerHost): ServiceHandlers<typeof workerContract> {
  return {
    probe: async () => (await import('./runtime/probe')).probe(),
    train: async (input, { signal }) =>
      (await import('./train/train-run')).trainRun(input, { report, signal, ...host }),
    openDetector: async (input) => (await import('./predict/kept-detector')).keepDetector(input),
    detect: async (input, { signal }) => (await import('./predict/kept-detector')).detectPicture(input, signal),
    predict: async (input, { signal }) => (await taskFor(input.model)).predict(input, report, signal),
    evaluate: async (input, { signal }) => (await taskFor(input.model)).evaluate(input, { report, signal, ...host }),
    score: async (input) => (await import('./predict/score-predictions')).scorePredictions(input),
    measure: async (input, { signal }) => (await import('./train/measure-step')).measureStep(input, { report, signal }),
    describeNetwork: async (input) => (await import('./files/describe-network')).describeNetworkFile(input),
    refreshHead: async (input, { signal }) =>
      (await import('./train/refresh-head')).refreshHead(input, { report, signal, ...host }),
    predictKept: async (input, { signal }) => (await import('./train/refresh-head')).predictKept(input, signal),
    learnCurves: async (input, { signal }) =>
      (await import('./train/learning-curves')).learnCurves(input, { report, signal, ...host }),
    featureMaps: async (input) => (await import('./predict/feature-maps')).computeFeatureMaps(input),
    preview: async (input, { signal }) =>
      (await import('./train/preview-batches')).previewBatches(input, { report, signal }),
    exportOnnx: async (input, { signal }) =>
      (await taskFor({ ...input, kind: 'run' })).exportOnnx(input, { report, signal, ...host }),
  }
}
