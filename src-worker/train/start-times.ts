/** What a person waits for until the first score: told once, in the run's log. */

export class StartTimes {
  private readonly laps: [name: string, seconds: number][] = []
  private readonly started = performance.now()
  private last = this.started
  private isDone = false

  /** Ends a part of the way; a part that comes again, and all after {@link tell}, is not counted. */
  lap(name: string): void {
    if (this.isDone || this.laps.some(([known]) => known === name)) return
    const now = performance.now()
    this.laps.push([name, (now - this.last) / 1000])
    this.last = now
  }

  /** One sentence, the first time it is asked for; null afterwards. */
  tell(): string | null {
    if (this.isDone) return null
    this.isDone = true
    const parts = this.laps.map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`)
    return `First score after ${((this.last - this.started) / 1000).toFixed(1)} s: ${parts.join(', ')}.`
  }
}
