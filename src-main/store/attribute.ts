/**
 * Own attributes of annotations. What a project defines lies in its settings; values lie in the column `extra` of
 * annotations under `attributes`, beside what imported files said.
 */
import { TagwrightError } from '@shared/base/errors'
import {
  attributeFault,
  attributeSchema,
  type Attribute,
  type Attributes,
  type AttributeValue,
} from '@shared/domain/attribute'
import { packExtra, unpackExtra } from './annotation'
import type { Writer } from './change'
import { sql, type ReadDb } from './db'
import { getProject } from './project'
import type { Store } from './store'

/** In the order in which they are shown. */
export function listAttributes(db: ReadDb): Attribute[] {
  const { attributes } = getProject(db).settings
  return attributes === undefined ? [] : attributeSchema.array().parse(attributes)
}

/** `null` takes a value away. Throws `bad-input` for a value that does not suit what the project defines. */
export function editAttributes(
  old: Attributes,
  edits: Record<string, AttributeValue | null>,
  defined: readonly Attribute[],
): Attributes {
  const out = { ...old }
  for (const [name, value] of Object.entries(edits)) {
    if (value === null) {
      delete out[name]
      continue
    }
    const attribute = defined.find((known) => known.name === name)
    const fault = attribute ? attributeFault(attribute, value) : null
    if (fault) throw new TagwrightError('bad-input', fault, { attribute: name })
    out[name] = value
  }
  return out
}

export interface AttributeUsage {
  name: string
  defined: boolean
  annotations: number
  /** The most frequent first, at most 50. */
  values: { value: AttributeValue; annotations: number }[]
}

export function attributeUsage(db: ReadDb): AttributeUsage[] {
  const found = new Map<string, AttributeUsage>(
    listAttributes(db).map(({ name }) => [name, { name, defined: true, annotations: 0, values: [] }]),
  )
  const rows = sql<{ key: string; value: string | number; type: string; n: number }>(
    db,
    `SELECT v.key, v.value, v.type, count(*) AS n FROM visible_annotation a, json_each(a.extra, '$.attributes') v
     WHERE a.extra IS NOT NULL GROUP BY v.key, v.type, v.value ORDER BY n DESC, v.value`,
  )
  for (const { key, value, type, n } of rows.iterate()) {
    const usage = found.get(key) ?? { name: key, defined: false, annotations: 0, values: [] }
    found.set(key, usage)
    usage.annotations += n
    const isBoolean = type === 'true' || type === 'false'
    if (usage.values.length < 50) usage.values.push({ value: isBoolean ? type === 'true' : value, annotations: n })
  }
  return [...found.values()]
}

/** Adds the attribute, or replaces the one of its name. */
export function putAttribute(store: Store, attribute: Attribute): void {
  const known = listAttributes(store.db)
  const at = known.findIndex((other) => other.name === attribute.name)
  const all = at < 0 ? [...known, attribute] : known.with(at, attribute)
  store.change(`${at < 0 ? 'Add' : 'Change'} attribute "${attribute.name}"`, (write) => save(store, write, all))
}

/** Values follow. Throws `not-found`, `attribute-exists`. Returns the number of annotations that changed. */
export function renameAttribute(store: Store, from: string, to: string): number {
  if (from === to) return 0
  const all = listAttributes(store.db)
  const used = new Set(attributeUsage(store.db).map((usage) => usage.name))
  if (!used.has(from)) throw unknown(from, used)
  if (used.has(to)) {
    const message = `There is an attribute "${to}" already. Choose another name.`
    throw new TagwrightError('attribute-exists', message, { name: to })
  }
  return store.change(`Rename attribute "${from}" to "${to}"`, (write) => {
    save(
      store,
      write,
      all.map((attribute) => (attribute.name === from ? { ...attribute, name: to } : attribute)),
    )
    return rewrite(store.db, write, from, (attributes) =>
      Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name === from ? to : name, value])),
    )
  })
}

/** @param values also takes what annotations say. Returns the number of annotations that changed. */
export function removeAttribute(store: Store, name: string, values: boolean): number {
  const all = listAttributes(store.db)
  const used = new Set(attributeUsage(store.db).map((usage) => usage.name))
  if (!used.has(name)) throw unknown(name, used)
  return store.change(`Remove attribute "${name}"`, (write) => {
    save(
      store,
      write,
      all.filter((attribute) => attribute.name !== name),
    )
    if (!values) return 0
    return rewrite(store.db, write, name, ({ [name]: _, ...rest }) => rest)
  })
}

/** Names left out come last, in their old order. */
export function reorderAttributes(store: Store, names: readonly string[]): void {
  const all = listAttributes(store.db)
  const place = (name: string) => (names.includes(name) ? names.indexOf(name) : names.length)
  store.change('Reorder attributes', (write) =>
    save(
      store,
      write,
      all.toSorted((a, b) => place(a.name) - place(b.name)),
    ),
  )
}

function save(store: Store, write: Writer, attributes: Attribute[]): void {
  const { attributes: _, ...rest } = store.project.settings
  const settings = attributes.length > 0 ? { ...rest, attributes } : rest
  write.update('project', 1, { settings: JSON.stringify(settings) })
}

/** Annotations that say the same change as one set. */
function rewrite(db: ReadDb, write: Writer, name: string, edit: (attributes: Attributes) => Attributes): number {
  const groups = new Map<string, number[]>()
  const rows = sql<{ id: number; extra: string }>(
    db,
    `SELECT id, extra FROM visible_annotation
     WHERE extra IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(extra, '$.attributes') WHERE key = ?)`,
  )
  for (const { id, extra } of rows.iterate(name)) {
    const group = groups.get(extra)
    if (group) group.push(id)
    else groups.set(extra, [id])
  }
  let count = 0
  for (const [text, ids] of groups) {
    const { attributes, extra } = unpackExtra(text)
    count += write.set('annotation', 'extra', packExtra(extra, edit(attributes)), ids)
  }
  return count
}

const unknown = (name: string, used: ReadonlySet<string>) =>
  new TagwrightError('not-found', `There is no attribute "${name}". Known: ${[...used].join(', ') || 'none'}.`, {
    name,
  })
