import { defineYolox } from './yolox/family'

export default defineYolox({ title: 'YOLOX-x', depth: 1.33, width: 1.25, parameters: 99_071_455 })
