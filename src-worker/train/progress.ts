/** Where the time of a run goes: steps, waiting for data, images per second. */

export interface EpochSummary {
  /** Mean of each training metric over the epoch. */
  means: Record<string, number>
  imagesPerSecond: number
  /** Share of the epoch's step time spent waiting for data, 0..1. */
  dataWait: number
}

export class Progress {
  private readonly batch: number
  private mark = 0
  private epoch = { steps: 0, waitMs: 0, busyMs: 0, sums: new Map<string, number>() }
  /** The first epoch pays for decoding and warm-up; it is left out of the totals when there is a second one. */
  private first: { steps: number; waitMs: number; busyMs: number } | null = null
  private all = { steps: 0, waitMs: 0, busyMs: 0 }

  constructor(batch: number) {
    this.batch = batch
  }

  beginWait(): void {
    this.mark = performance.now()
  }
  beginStep(): void {
    const now = performance.now()
    this.epoch.waitMs += now - this.mark
    this.mark = now
  }
  endStep(metrics: Record<string, number>): void {
    this.epoch.busyMs += performance.now() - this.mark
    this.epoch.steps++
    for (const [name, value] of Object.entries(metrics))
      this.epoch.sums.set(name, (this.epoch.sums.get(name) ?? 0) + value)
  }

  endEpoch(): EpochSummary {
    const { steps, waitMs, busyMs, sums } = this.epoch
    const summary = {
      means: Object.fromEntries([...sums].map(([name, sum]) => [name, sum / steps])),
      imagesPerSecond: (steps * this.batch * 1000) / (waitMs + busyMs),
      dataWait: waitMs / (waitMs + busyMs),
    }
    if (!this.first) this.first = { steps, waitMs, busyMs }
    else
      this.all = { steps: this.all.steps + steps, waitMs: this.all.waitMs + waitMs, busyMs: this.all.busyMs + busyMs }
    this.epoch = { steps: 0, waitMs: 0, busyMs: 0, sums: new Map() }
    return summary
  }

  /** Over all full epochs from the second on, or the first when there is no other, or what there is. */
  total(): { imagesPerSecond: number; dataWait: number } {
    const { steps, waitMs, busyMs } = this.all.steps ? this.all : (this.first ?? this.epoch)
    const ms = waitMs + busyMs
    return ms
      ? { imagesPerSecond: (steps * this.batch * 1000) / ms, dataWait: waitMs / ms }
      : { imagesPerSecond: 0, dataWait: 0 }
  }
}
