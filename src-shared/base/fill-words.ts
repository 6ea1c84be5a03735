/**
 * Sentences of the core with places for values. English is filled in here, for the command line and programs; a window
 * in another language has sentences of its own for the same key and fills in the same values.
 */
export type WordValue = string | number | readonly string[]
export type WordValues = Record<string, WordValue>

/** Lists are named up to this many. */
export const listedNames = 5

/**
 * `{name}` is a value; `{count|image is|images are}` the first word for 1, the second for any other count.
 * A list names the first five: `a, b, c, d, e and 3 more`.
 */
export function fillWords(template: string, values: WordValues): string {
  return template.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (place, name: string, one?: string, many?: string) => {
    const value = values[name]
    if (value === undefined) return place
    if (one !== undefined && many !== undefined) return value === 1 ? one : many
    return typeof value === 'object' ? listed(value) : String(value)
  })
}

function listed(names: readonly string[]): string {
  if (names.length <= listedNames) return names.join(', ')
  return `${names.slice(0, listedNames).join(', ')} and ${names.length - listedNames} more`
}
