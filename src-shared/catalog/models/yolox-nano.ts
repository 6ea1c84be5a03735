import { defineYolox } from './yolox/family'

export default defineYolox({
  title: 'YOLOX-nano',
  depth: 0.33,
  width: 0.25,
  depthwise: true,
  learningRate: 2e-3,
  scratchRate: 4e-3,
  parameters: 912_159,
})
