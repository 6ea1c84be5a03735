/** The rate is multiplied by `gamma` at each of the `milestones`, given as shares of the run. */
import { defineSchedule } from '../../engine/schedule'

export default defineSchedule({
  title: 'Steps',
  factor: (progress, { milestones, gamma }) => gamma ** milestones.filter((m) => progress >= m).length,
})
