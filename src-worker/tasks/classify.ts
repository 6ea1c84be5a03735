import { evaluateClassifier } from './classify/evaluate-classifier'
import { evaluateClassWeights } from './classify/evaluate-class-weights'
import { exportClassifier } from './classify/export-classifier'
import { predictClasses } from './classify/predict-classes'
import type { WorkerTask } from './worker-task'

export const classify: WorkerTask = {
  evaluateWeights: evaluateClassWeights,
  evaluate: evaluateClassifier,
  predict: predictClasses,
  exportOnnx: exportClassifier,
}
