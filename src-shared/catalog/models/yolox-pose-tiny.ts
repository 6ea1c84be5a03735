import { defineYoloxPose } from './yolox/pose'
import detector from './yolox-tiny'

export default defineYoloxPose(
  {
    title: 'YOLOX-tiny-pose',
    depth: 0.33,
    width: 0.375,
    parameters: 5_546_523,
  },
  detector,
)
