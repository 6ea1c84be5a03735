/** Filters as SQL. The text depends on which conditions there are, never on their values, so it can be prepared once. */
import type { ObjectFilter, SampleFilter } from '@shared/contract/filter'
import { foldText, type SqlValue } from './db'

export interface Condition {
  where: string
  args: SqlValue[]
}

const flagBits = { difficult: 1, truncated: 2, occluded: 4, crowd: 8, hidden: 16, locked: 32 } as const
const inList = 'IN (SELECT value FROM json_each(?))'
const annotationCount = '(SELECT count(*) FROM visible_annotation a WHERE a.sample_id = s.id)'

/** Conditions on a row `s` of visible_sample. */
export function sampleCondition(filter: SampleFilter): Condition {
  const { has, hasRange, built } = conditions()
  if (filter.ids) has(`s.id ${inList}`, JSON.stringify(filter.ids))
  if (filter.split === 'none') has('s.split IS NULL')
  else if (filter.split) has('s.split = ?', filter.split)
  const withLabel = 's.id IN (SELECT sample_id FROM visible_annotation WHERE label_id = ?)'
  if (filter.label !== undefined) has(withLabel, filter.label)
  for (const label of filter.allLabels ?? []) has(withLabel, label)
  if (filter.noLabels) {
    const text = `s.id NOT IN (SELECT sample_id FROM visible_annotation WHERE label_id ${inList})`
    has(text, JSON.stringify(filter.noLabels))
  }
  if (filter.object && Object.keys(filter.object).length > 0) {
    const { where, args } = objectCondition(filter.object)
    has(`s.id IN (SELECT a.sample_id FROM visible_annotation a WHERE ${where})`, ...args)
  }
  if (filter.state) has('s.state = ?', filter.state)
  if (filter.reviewed !== undefined) has('s.reviewed = ?', filter.reviewed ? 1 : 0)
  if (filter.empty !== undefined) {
    has(`${filter.empty ? 'NOT ' : ''}EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id)`)
  }
  if (filter.count) hasRange(annotationCount, filter.count)
  if (filter.text) {
    // eslint-disable-next-line no-control-regex
    const isAscii = /^[\x00-\x7f]*$/.test(filter.text)
    has(`instr(${isAscii ? 'lower' : 'fold'}(s.path), ?) > 0`, foldText(filter.text))
  }
  if (filter.tags) {
    has(
      `s.tags IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(s.tags) t WHERE t.value ${inList})`,
      JSON.stringify(filter.tags),
    )
  }
  if (filter.tagged !== undefined) has(`s.tags IS ${filter.tagged ? 'NOT ' : ''}NULL`)
  if (filter.prediction) hasFigure('prediction', 'source', filter.prediction.source, 'max_score', filter.prediction)
  if (filter.score) hasFigure('sample_score', 'kind', filter.score.kind, 'value', filter.score)
  if (filter.lint !== undefined) has('s.id IN (SELECT sample_id FROM lint_issue WHERE code = ?)', filter.lint)
  if (filter.import !== undefined) has('s.import_id = ?', filter.import)
  return built()

  function hasFigure(table: string, key: string, value: string, column: string, range: Range) {
    const inner = conditions()
    inner.has(`${key} = ?`, value)
    inner.hasRange(column, range)
    const { where, args } = inner.built()
    has(`s.id IN (SELECT sample_id FROM ${table} WHERE ${where})`, ...args)
  }
}

/** Conditions on a row `a` of visible_annotation. */
export function objectCondition(filter: ObjectFilter): Condition {
  const { has, hasRange, built } = conditions()
  // The index on labels holds neither boxes nor flags: looking each row up costs more than passing over the index that
  // has all of them, which the plus sign leaves as the only choice.
  const isCovered = !filter.flags && !filter.area && !filter.aspect
  if (filter.labels) has(`${isCovered ? '' : '+'}a.label_id ${inList}`, JSON.stringify(filter.labels))
  if (filter.shapes) has(`a.kind ${inList}`, JSON.stringify(filter.shapes))
  if (filter.flags)
    has(
      '(a.flags & ?) <> 0',
      filter.flags.reduce((bits, flag) => bits | flagBits[flag], 0),
    )
  if (filter.area) hasRange('(a.x2 - a.x1) * (a.y2 - a.y1)', filter.area)
  if (filter.aspect) {
    has('a.y2 > a.y1')
    hasRange('(a.x2 - a.x1) / (a.y2 - a.y1)', filter.aspect)
  }
  if (filter.attribute) {
    const { name, value } = filter.attribute
    const own = `a.extra IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(a.extra, '$.attributes') v WHERE v.key = ?`
    if (value === undefined) has(`${own})`, name)
    else if (typeof value === 'boolean') has(`${own} AND v.type = ?)`, name, String(value))
    else has(`${own} AND v.type <> 'true' AND v.type <> 'false' AND v.value = ?)`, name, value)
  }
  if (filter.provenance === 'manual') has('a.provenance IS NULL')
  else if (filter.provenance !== undefined) has('a.provenance = ?', filter.provenance)
  return built()
}

interface Range {
  min?: number
  max?: number
}

function conditions() {
  const parts: string[] = []
  const args: SqlValue[] = []
  const has = (text: string, ...values: SqlValue[]) => {
    parts.push(text)
    args.push(...values)
  }
  const hasRange = (text: string, { min, max }: Range) => {
    // A figure that is not there is in no range.
    if (min === undefined && max === undefined) has(`${text} IS NOT NULL`)
    if (min !== undefined) has(`${text} >= ?`, min)
    if (max !== undefined) has(`${text} <= ?`, max)
  }
  return { has, hasRange, built: (): Condition => ({ where: parts.join(' AND ') || '1', args }) }
}
