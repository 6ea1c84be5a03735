import { defineKapao } from './kapao/kapao'
import detector from './yolox-s'

export default defineKapao({ title: 'KAPAO-s', depth: 0.33, width: 0.5, parameters: 9_843_691 }, detector)
