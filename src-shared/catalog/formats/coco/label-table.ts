/** Labels of all COCO files of an import, by name. */
import type { DatasetIssue, DatasetLabel } from '../../../domain/dataset'
import type { Skeleton } from '../../../domain/skeleton'
import { uniqueNames } from '../common/label-list'

export interface LabelTable {
  issues: DatasetIssue[]
  /** The key of the label; the same name in another file is the same label, twice in one file it gets a new name. */
  add(label: Omit<DatasetLabel, 'key'>, inFile: ReadonlySet<string>, warn: (message: string) => void): string
  take(): DatasetLabel[]
  /** Number of points of a label's skeleton; 0: it has none. */
  points(key: string): number
  /** The skeleton of these labels when all have the same; else null. */
  sharedSkeleton(keys: ReadonlySet<string>): Skeleton | null
}

export function labelTable(given?: readonly string[]): LabelTable {
  const start = uniqueNames(given ?? [], 'labels')
  const known = new Map<string, DatasetLabel>()
  let fresh: DatasetLabel[] = []
  const put = (label: Omit<DatasetLabel, 'key'>): string => {
    const whole = { key: label.name, ...label }
    known.set(label.name, whole)
    fresh.push(whole)
    return whole.key
  }
  for (const name of start.names) put({ name })
  return {
    issues: start.issues,
    add(label, inFile, warn) {
      const there = known.get(label.name)
      if (!there) return put(label)
      if (!inFile.has(there.key)) return there.key
      let name = label.name
      for (let n = 2; known.has(name); n++) name = `${label.name} (${n})`
      warn(
        `Two categories are named "${label.name}"; category ${label.cocoId} is imported as "${name}". Rename or merge them with "labels".`,
      )
      return put({ ...label, name })
    },
    take() {
      const labels = fresh
      fresh = []
      return labels
    },
    points: (key) => known.get(key)?.skeleton?.names.length ?? 0,
    sharedSkeleton(keys) {
      const all = [...keys].map((key) => known.get(key)?.skeleton)
      const [first] = all
      return first && all.every((one) => one?.names.join('\n') === first.names.join('\n')) ? first : null
    },
  }
}
