import { defineYolox } from './yolox/family'

export default defineYolox({ title: 'YOLOX-tiny', depth: 0.33, width: 0.375, parameters: 5_055_855 })
