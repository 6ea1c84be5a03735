/** The peak rate throughout. */
import { defineSchedule } from '../../engine/schedule'

export default defineSchedule({ title: 'Constant', factor: () => 1 })
