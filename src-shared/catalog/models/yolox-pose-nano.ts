import { defineYoloxPose } from './yolox/pose'
import detector from './yolox-nano'

export default defineYoloxPose(
  {
    title: 'YOLOX-nano-pose',
    depth: 0.33,
    width: 0.25,
    depthwise: true,
    learningRate: 2e-3,
    parameters: 936_267,
  },
  detector,
)
