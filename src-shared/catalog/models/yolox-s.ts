import { defineYolox } from './yolox/family'

export default defineYolox({ title: 'YOLOX-s', depth: 0.33, width: 0.5, parameters: 8_968_255 })
