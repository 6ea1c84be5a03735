import { defineYolov7Pose } from './yolov7/pose'

/** Channels of the article's W6, for graphics processors and pictures of 960 px. */
export default defineYolov7Pose({ title: 'YOLOv7-pose', width: 1, learningRate: 1e-3, parameters: 81_925_192 })
