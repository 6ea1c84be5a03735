/** A registry is a folder: every file's default export, under the file's name. */
import { TagwrightError } from './errors'

export interface Registry<T> {
  readonly kind: string
  readonly ids: readonly string[]
  /** Throws `unknown-id` with the nearest known id when `id` is not registered. */
  get(id: string): T
  has(id: string): boolean
  entries(): [string, T][]
}

/**
 * @param kind what the entries are, for messages ("format", "block").
 * @param modules the result of `import.meta.glob('./*.ts', { eager: true, import: 'default' })`.
 */
export function registry<T>(kind: string, modules: Record<string, T>): Registry<T> {
  const byId = new Map<string, T>()
  for (const [path, entry] of Object.entries(modules)) {
    const id = path.split('/').pop()!.replace(/\.ts$/, '')
    if (id === 'index' || entry === undefined) continue
    if (byId.has(id))
      throw new TagwrightError('duplicate-id', `Two ${kind} files are named "${id}". Rename one of them.`)
    byId.set(id, entry)
  }
  const ids = [...byId.keys()].sort()
  return {
    kind,
    ids,
    has: (id) => byId.has(id),
    entries: () => ids.map((id) => [id, byId.get(id)!]),
    get(id) {
      const entry = byId.get(id)
      if (entry !== undefined) return entry
      const hint = nearest(id, ids)
      throw new TagwrightError(
        'unknown-id',
        `There is no ${kind} "${id}".${hint ? ` Did you mean "${hint}"?` : ''} Known: ${ids.join(', ')}.`,
        { kind, id, known: ids },
      )
    },
  }
}

/** The known word with the smallest edit distance, or null when none is close (more than half the letters differ). */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length / 2)) + 1
  for (const candidate of known) {
    const d = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (d < bestDistance) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const nextRow = [i]
    for (let j = 1; j <= b.length; j++) {
      nextRow[j] = Math.min(row[j] + 1, nextRow[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = nextRow
  }
  return row[b.length]
}
