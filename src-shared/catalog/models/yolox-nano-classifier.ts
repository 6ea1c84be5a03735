import { defineYoloxClassifier } from './yolox/classifier'

export default defineYoloxClassifier({
  title: 'YOLOX-nano backbone, classifier',
  depth: 0.33,
  width: 0.25,
  depthwise: true,
  learningRate: 2e-3,
  parameters: 716_968,
})
