import { exportOnnx } from '../export/export-onnx'
import { evaluate } from '../predict/evaluate'
import { evaluateWeights } from '../predict/evaluate-weights'
import { predict } from '../predict/predict'
import type { WorkerTask } from './worker-task'

export const detect: WorkerTask = {
  async evaluateWeights(options) {
    const { evaluation, detections } = await evaluateWeights(options)
    return { scores: evaluation.coco, found: detections }
  },
  evaluate,
  predict,
  exportOnnx,
}
