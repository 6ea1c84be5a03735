/** Keeps `count` jobs in work and gives their results in order. */
export async function* ahead<Job, Result>(
  jobs: Iterable<Job>,
  run: (job: Job) => Promise<Result>,
  count: number,
): AsyncGenerator<{ job: Job; result: Result }, void, void> {
  const queue: { job: Job; result: Promise<Result> }[] = []
  const iterator = jobs[Symbol.iterator]()
  const fill = () => {
    while (queue.length < count) {
      const next = iterator.next()
      if (next.done) return
      const result = run(next.value)
      // An error is thrown where the batch is due; until then it must not count as unhandled.
      result.catch(() => {})
      queue.push({ job: next.value, result })
    }
  }
  for (fill(); queue.length; fill()) {
    const { job, result } = queue[0]
    const done = await result
    queue.shift()
    // The next job starts before the caller goes to work on this batch, which may block its thread.
    fill()
    yield { job, result: done }
  }
}

/** Jobs that are in work at once. @param prefetch null: three more than threads. */
export const aheadOf = (threads: number, prefetch: number | null = null): number =>
  threads === 0 ? 1 : (prefetch ?? threads + 3)
