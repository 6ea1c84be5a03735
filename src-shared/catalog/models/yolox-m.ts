import { defineYolox } from './yolox/family'

export default defineYolox({ title: 'YOLOX-m', depth: 0.67, width: 0.75, parameters: 25_326_495 })
