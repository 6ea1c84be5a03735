import { defineYoloxPose } from './yolox/pose'
import detector from './yolox-s'

export default defineYoloxPose(
  {
    title: 'YOLOX-s-pose',
    depth: 0.33,
    width: 0.5,
    parameters: 9_843_691,
  },
  detector,
)
