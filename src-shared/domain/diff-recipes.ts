export interface RecipeDifference {
  /** Dotted: `optimizer.lr`. */
  key: string
  /** undefined: the key is not there. */
  a: unknown
  b: unknown
}

/** Keys whose values differ, in alphabetical order. Objects are walked; lists are compared whole. */
export function diffRecipes(a: Record<string, unknown>, b: Record<string, unknown>): RecipeDifference[] {
  const found: RecipeDifference[] = []
  const walk = (x: unknown, y: unknown, path: string) => {
    if (isTree(x) && isTree(y)) {
      for (const key of new Set([...Object.keys(x), ...Object.keys(y)]))
        walk(x[key], y[key], path ? `${path}.${key}` : key)
    } else if (!equal(x, y)) found.push({ key: path, a: x, b: y })
  }
  walk(a, b, '')
  return found.sort((x, y) => (x.key < y.key ? -1 : 1))
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, i) => equal(value, b[i]))
  if (isTree(a) && isTree(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].every((key) => equal(a[key], b[key]))
  }
  return Object.is(a, b)
}
