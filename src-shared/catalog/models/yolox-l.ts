import { defineYolox } from './yolox/family'

export default defineYolox({ title: 'YOLOX-l', depth: 1, width: 1, parameters: 54_208_895 })
