/**
 * One cycle (Smith and Topin 2018, arXiv:1708.07120): up from 1/25 of the peak over the first 30 %, then a cosine down
 * to the final rate. Both legs are cosines, as in PyTorch's OneCycleLR.
 */
import { defineSchedule } from '../../engine/schedule'

const RISE = 0.3
const START = 1 / 25
const between = (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2

export default defineSchedule({
  title: 'One cycle',
  factor: (progress, { final }) =>
    progress < RISE ? between(START, 1, progress / RISE) : between(1, final, (progress - RISE) / (1 - RISE)),
})
