/** A straight line from the peak to the final rate. */
import { defineSchedule } from '../../engine/schedule'

export default defineSchedule({ title: 'Linear', factor: (progress, { final }) => 1 - (1 - final) * progress })
