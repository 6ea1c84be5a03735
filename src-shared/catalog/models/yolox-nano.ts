import { defineYolox } from './yolox/family'

export default defineYolox({ title: 'YOLOX-nano', depth: 0.33, width: 0.25, depthwise: true, parameters: 912_159 })
