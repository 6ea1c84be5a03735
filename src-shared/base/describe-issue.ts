import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/**
 * What a value is and what it may be, from what a schema found: `is "abc". Give "auto" or a number.`, to be put
 * behind the value's name.
 * @param input what was checked; the value is looked up in it.
 */
export function describeIssue(issue: Issue, input: unknown): string {
  let value = input
  for (const key of issue.path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  if (value === undefined) return `is missing. Give ${wanted(issue)}.`
  const text = JSON.stringify(value) ?? String(value)
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text
  return issue.code === 'custom' ? `is ${shown}: ${issue.message}` : `is ${shown}. Give ${wanted(issue)}.`
}

const kinds: Record<string, string> = {
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'keys and values',
  record: 'keys and values',
  null: 'nothing',
}

function wanted(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? issue.expected
    case 'invalid_value':
      return anyOf(issue.values.map((value) => JSON.stringify(value)))
    case 'invalid_union':
      return anyOf([...new Set(issue.errors.flatMap((branch) => branch.slice(0, 1).map(wanted)))])
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`
    case 'too_small':
      return size(issue.origin, issue.inclusive === false ? 'above' : 'of at least', issue.minimum)
    case 'too_big':
      return size(issue.origin, issue.inclusive === false ? 'below' : 'of at most', issue.maximum)
    default:
      return `another value (${issue.message})`
  }
}

function size(origin: string, bound: string, limit: unknown): string {
  const plural = limit === 1 ? '' : 's'
  if (origin === 'array' || origin === 'set') return `a list ${bound} ${String(limit)} value${plural}`
  if (origin === 'string') return `a text ${bound} ${String(limit)} letter${plural}`
  return `a number ${bound} ${String(limit)}`
}

const anyOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
