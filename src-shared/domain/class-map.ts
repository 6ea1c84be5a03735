/** Which of a model's classes is which of a project's labels. */
import { TagwrightError } from '../base/errors'
import { nearest } from '../base/registry'
import { cocoClasses } from './coco-classes'

export interface ClassMapInput {
  model: {
    /** In output order; null when the model does not tell. */
    names: readonly string[] | null
    /** null when the model does not tell. */
    count: number | null
    /** COCO ids of a run's own labels: they survive renaming. */
    cocoIds?: readonly number[]
  }
  /** The project's labels in index order; null: the model's own classes are used. */
  labels: readonly { name: string; cocoId: number }[] | null
  /** Model class (name or index) -> label name, given by the user; null: by the rules. */
  classMap: Readonly<Record<string, string>> | null
}

export interface ClassMapping {
  /** What the mapped labels are called. */
  labels: string[]
  /** Label index of a model class; -1: its detections are dropped. */
  labelOf(modelClass: number): number
  /** Model classes that have no label. */
  dropped: string[]
}

/**
 * Without a map: by name when the model has names; by index when the counts are equal, or by COCO's names when it has
 * 80 classes. @throws `class-map-needed`, `bad-class-map`.
 */
export function mapClasses({ model, labels, classMap }: ClassMapInput): ClassMapping {
  const names = model.names ?? (model.count === cocoClasses.length ? cocoClasses : null)
  const nameOf = (i: number) => names?.[i] ?? `class ${i}`
  if (!labels) return ownClasses(names, nameOf, classMap)
  const count = names?.length ?? model.count ?? 0
  const table = classMap ? givenMap(classMap, names, count, labels) : ruleMap()
  const dropped = Array.from({ length: count }, (_, i) => i).filter((i) => (table.get(i) ?? -1) < 0)
  return { labels: labels.map(({ name }) => name), labelOf: (i) => table.get(i) ?? -1, dropped: dropped.map(nameOf) }

  function ruleMap(): Map<number, number> {
    const known = labels!
    const byName = new Map(known.map(({ name }, i) => [fold(name), i]))
    const byId = new Map(known.map(({ cocoId }, i) => [cocoId, i]))
    const found = new Map<number, number>()
    names?.forEach((name, i) => {
      const label = byName.get(fold(name)) ?? byId.get(model.cocoIds?.[i] ?? NaN)
      if (label !== undefined) found.set(i, label)
    })
    if (found.size > 0) return found
    if (!model.names && model.count === known.length) return new Map(known.map((_, i) => [i, i]))
    const its = names ? `its classes are ${listed(names)}` : `it has ${model.count ?? 'an unknown number of'} classes`
    throw new TagwrightError(
      'class-map-needed',
      `The model's classes cannot be matched with the project's labels: ${its}, the labels are ${listed(known.map(({ name }) => name))}. Say which is which with --class-map, for example --class-map '${names ? JSON.stringify(names[0]).slice(1, -1) : '0'}=${known[0]?.name ?? 'label'}'.`,
      { classes: names ? [...names] : model.count, labels: known.map(({ name }) => name) },
    )
  }
}

const fold = (name: string): string => name.trim().normalize('NFC').toLowerCase()
const listed = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ')

/** Without a project: the model's names, renamed where the map says so. */
function ownClasses(
  names: readonly string[] | null,
  nameOf: (i: number) => string,
  classMap: ClassMapInput['classMap'],
): ClassMapping {
  if (!classMap) {
    const labels = [...(names ?? [])]
    return {
      labels,
      // Classes that nothing announced get their names when they turn up.
      labelOf(i) {
        while (labels.length <= i) labels.push(nameOf(labels.length))
        return i
      },
      dropped: [],
    }
  }
  const labels = [...new Set(Object.values(classMap))]
  const table = givenMap(
    classMap,
    names,
    names?.length ?? Infinity,
    labels.map((name) => ({ name })),
  )
  return { labels, labelOf: (i) => table.get(i) ?? -1, dropped: (names ?? []).filter((_, i) => !table.has(i)) }
}

function givenMap(
  classMap: Readonly<Record<string, string>>,
  names: readonly string[] | null,
  count: number,
  labels: readonly { name: string }[],
): Map<number, number> {
  const table = new Map<number, number>()
  for (const [from, to] of Object.entries(classMap)) {
    const byName = names?.findIndex((name) => fold(name) === fold(from)) ?? -1
    const modelClass = byName >= 0 ? byName : /^\d+$/.test(from) ? Number(from) : -1
    if (modelClass < 0 || modelClass >= count) {
      const hint = names ? nearest(from, names) : null
      throw new TagwrightError(
        'bad-class-map',
        `The model has no class "${from}".${hint ? ` Did you mean "${hint}"?` : ''} ${names ? `Its classes are ${listed(names)}.` : `Its classes are numbered${Number.isFinite(count) ? ` 0 to ${count - 1}` : ' from 0'}.`}`,
        { class: from },
      )
    }
    const label = labels.findIndex(({ name }) => fold(name) === fold(to))
    if (label < 0) {
      const known = labels.map(({ name }) => name)
      const hint = nearest(to, known)
      throw new TagwrightError(
        'bad-class-map',
        `There is no label "${to}".${hint ? ` Did you mean "${hint}"?` : ''} ${known.length > 0 ? `The labels are ${listed(known)}.` : 'The project has no labels yet: tagwright labels <project> add <name>'}`,
        { label: to },
      )
    }
    table.set(modelClass, label)
  }
  return table
}
