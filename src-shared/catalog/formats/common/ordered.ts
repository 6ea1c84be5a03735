/** Runs `work` on up to `width` items at a time and yields the results in the items' order. */
export async function* ordered<T, R>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  for (const item of items) {
    const result = work(item)
    // Awaited below; until then a rejection must not count as unhandled.
    result.catch(() => {})
    running.push(result)
    if (running.length >= width) yield await running.shift()!
  }
  while (running.length) yield await running.shift()!
}
