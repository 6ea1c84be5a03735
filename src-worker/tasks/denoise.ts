import { evaluateDenoiser } from './denoise/evaluate-denoiser'
import { exportDenoiser } from './denoise/export-denoiser'
import { predictClean } from './denoise/predict-clean'
import { runData } from './denoise/run-data'
import type { WorkerTask } from './worker-task'

export const denoise: WorkerTask = {
  data: runData,
  evaluate: evaluateDenoiser,
  predict: predictClean,
  exportOnnx: exportDenoiser,
}
