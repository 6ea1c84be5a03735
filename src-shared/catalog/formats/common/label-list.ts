/** The classes of an import in index order, with names made unique. */
import type { DatasetIssue, DatasetLabel } from '../../../domain/dataset'

/** Names that are empty or used twice get a name of their own, because an index must keep its place. */
export function uniqueNames(names: readonly string[], file: string): { names: string[]; issues: DatasetIssue[] } {
  const issues: DatasetIssue[] = []
  const seen = new Map<string, number>()
  const taken = new Set(names.map((name) => name.trim()))
  const unique = names.map((raw, index) => {
    const name = raw.trim()
    const first = seen.get(name)
    if (name !== '' && first === undefined) {
      seen.set(name, index)
      return name
    }
    const base = name === '' ? `class ${index}` : name
    let fresh = base
    for (let n = 2; taken.has(fresh); n++) fresh = `${base} (${n})`
    taken.add(fresh)
    seen.set(fresh, index)
    issues.push(
      name === ''
        ? {
            level: 'warning',
            code: 'empty-name',
            message: `Class ${index} has no name; it is imported as "${fresh}". Rename it with "labels rename".`,
            file,
          }
        : {
            level: 'warning',
            code: 'duplicate-name',
            message: `Classes ${first} and ${index} are both named "${name}"; class ${index} is imported as "${fresh}". Rename or merge them with "labels".`,
            file,
          },
    )
    return fresh
  })
  return { names: unique, issues }
}

/** Labels by name in order of first use, after those given at the start; for formats that name the class per object. */
export function labelsByName(given: readonly string[] | undefined, file: string) {
  const start = uniqueNames(given ?? [], file)
  const known = new Set(start.names)
  let fresh: DatasetLabel[] = start.names.map((name) => ({ key: name, name }))
  return {
    issues: start.issues,
    /** True when the name was not known before. */
    add(name: string): boolean {
      if (known.has(name)) return false
      known.add(name)
      fresh.push({ key: name, name })
      return true
    },
    /** Labels not yet handed out. */
    take(): DatasetLabel[] {
      const labels = fresh
      fresh = []
      return labels
    },
  }
}
