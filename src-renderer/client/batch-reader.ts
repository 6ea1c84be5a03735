/** Keeps rows of what was on screen lately: read in batches when they are about to be shown, again when they changed. */
export interface BatchReader {
  /** Asks for rows that are not there. */
  want(ids: Iterable<number>): void
  /** Asks again for those of the ids that are there; answers under way are older than this call and asked for again too. */
  renew(ids: Iterable<number>): void
}

export function batchReader<T>(
  rows: Map<number, T>,
  {
    batch,
    kept,
    read,
  }: {
    /** Rows asked for at once. */
    batch: number
    /** Rows kept: those read longest ago go first. */
    kept: number
    read(ids: number[]): Promise<Iterable<readonly [id: number, row: T]>>
  },
): BatchReader {
  const wanted = new Set<number>()
  let asking = false
  /** Counts renewals. */
  let round = 0

  async function ask(): Promise<void> {
    if (asking) return
    asking = true
    try {
      while (wanted.size > 0) {
        // Newest wishes first: a fast scroll does not wait for what it has passed.
        const some = [...wanted].slice(-batch)
        for (const id of some) wanted.delete(id)
        const asked = round
        for (const [id, row] of await read(some)) {
          rows.delete(id)
          rows.set(id, row)
        }
        if (asked !== round) for (const id of some) wanted.add(id)
        for (const id of rows.keys()) {
          if (rows.size <= kept) break
          rows.delete(id)
        }
      }
    } catch {
      // Asked for again by the next scroll or connection.
    } finally {
      asking = false
    }
  }
  return {
    want(ids) {
      for (const id of ids) if (!rows.has(id)) wanted.add(id)
      void ask()
    },
    renew(ids) {
      round++
      for (const id of ids) if (rows.has(id)) wanted.add(id)
      void ask()
    },
  }
}
