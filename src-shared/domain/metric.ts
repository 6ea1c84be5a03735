/** One point of one curve of a run: series `train/loss_box`, `val/AP50`, `lr/group0`, `system/dataWait`. */
export interface Metric {
  /** Optimizer steps done so far. */
  step: number
  /** Epochs done so far, fractional inside an epoch. */
  epoch: number
  series: string
  value: number
}
