import { defineYoloxClassifier } from './yolox/classifier'

export default defineYoloxClassifier({
  title: 'YOLOX-s backbone, classifier',
  depth: 0.33,
  width: 0.5,
  depthwise: false,
  learningRate: 1e-3,
  parameters: 4_725_672,
})
