/** Half a cosine from the peak to the final rate (SGDR without restarts, Loshchilov and Hutter 2017, arXiv:1608.03983). */
import { defineSchedule } from '../../engine/schedule'

export default defineSchedule({
  title: 'Cosine',
  factor: (progress, { final }) => final + ((1 - final) * (1 + Math.cos(Math.PI * progress))) / 2,
})
