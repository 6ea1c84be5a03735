import { tasks } from '@shared/catalog/tasks'
import { exportOnnx } from '../export/export-onnx'
import { evaluate } from '../predict/evaluate'
import { predict } from '../predict/predict'
import { evaluatePoseWeights } from './pose/evaluate-pose-weights'
import { scorePoses } from './pose/score-poses'
import type { WorkerTask } from './worker-task'

/** A detector whose detections carry points: it predicts as one, and is scored by its points. */
export const pose: WorkerTask = {
  evaluateWeights: evaluatePoseWeights,
  evaluate: (input, host) => evaluate(input, host, { prepare: tasks.get('pose').prepare, score: scorePoses }),
  predict,
  exportOnnx,
}
