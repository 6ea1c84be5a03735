/** Dataset formats: one file each, found by their content. */
import { registry, type Registry } from '../../base/registry'
import type { Truth } from '../../domain/task'
import type { AnyFormat, FormatProbe } from '../format'

export { defineFormat } from '../format'
export type * from '../format'

export const formats: Registry<AnyFormat> = registry<AnyFormat>(
  'format',
  import.meta.glob<AnyFormat>('./*.ts', { eager: true, import: 'default' }),
)

export interface FormatMatch {
  id: string
  /** 0..1 */
  score: number
}

/** Every format whose content test is above 0, best first; several with the best score mean that a person must choose. */
export async function matchFormats(probe: FormatProbe, truth?: Truth): Promise<FormatMatch[]> {
  const matches: FormatMatch[] = []
  for (const [id, format] of formats.entries()) {
    const score = await format.match(probe, truth)
    if (score > 0) matches.push({ id, score })
  }
  return matches.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

/** Endings of annotation files, lower case with the dot. */
export const annotationEndings: ReadonlySet<string> = new Set([
  ...['.json', '.xml', '.csv', '.txt', '.yaml', '.yml'],
  ...formats.entries().flatMap(([, { endings = [] }]) => endings),
])
