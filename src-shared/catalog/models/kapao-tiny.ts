import { defineKapao } from './kapao/kapao'
import detector from './yolox-tiny'

export default defineKapao({ title: 'KAPAO-tiny', depth: 0.33, width: 0.375, parameters: 5_546_523 }, detector)
