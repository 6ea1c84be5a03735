import { defineYolov7Pose } from './yolov7/pose'

/** A quarter of the channels, for processors. */
export default defineYolov7Pose({ title: 'YOLOv7-pose-nano', width: 0.25, learningRate: 2e-3, parameters: 5_200_744 })
