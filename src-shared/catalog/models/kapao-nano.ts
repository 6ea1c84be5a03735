import { defineKapao } from './kapao/kapao'
import detector from './yolox-nano'

export default defineKapao(
  { title: 'KAPAO-nano', depth: 0.33, width: 0.25, depthwise: true, learningRate: 2e-3, parameters: 936_267 },
  detector,
)
