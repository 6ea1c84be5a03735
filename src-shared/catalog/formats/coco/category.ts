/** One COCO category as a label: its name, its skeleton (indices from 1, in some files from 0), and what is not interpreted. */
import type { DatasetIssue, DatasetLabel } from '../../../domain/dataset'
import { flipByName } from '../../../domain/flip-by-name'
import type { Skeleton } from '../../../domain/skeleton'
import type { Row } from './annotation'
import type { LabelTable } from './label-table'
import { fitSkeleton, gatherPoints, type SeenPoints } from './points'

export type At = { file: string; line: number }

/** Adds the category to `labelOf`. @param seen points of the category's first rows. */
export function readCategory(
  row: Row,
  at: At,
  labelOf: Map<unknown, string>,
  seen: ReadonlyMap<unknown, SeenPoints>,
  labels: LabelTable,
  issues: DatasetIssue[],
): void {
  const { id, name: rawName, keypoints, skeleton, tagwright, ...rest } = row
  if (id === undefined || (typeof rawName !== 'string' && typeof rawName !== 'number')) {
    issues.push({ level: 'skipped', code: 'bad-category', message: 'A category without id or name is skipped.', ...at })
    return
  }
  if (labelOf.has(id)) {
    issues.push({
      level: 'skipped',
      code: 'duplicate-category',
      message: `Category ${String(id)} appears twice; the second, "${rawName}", is skipped.`,
      ...at,
    })
    return
  }
  const label: Omit<DatasetLabel, 'key'> = { name: String(rawName).trim() || `class ${String(id)}` }
  if (Number.isInteger(id)) label.cocoId = id as number
  const named =
    Array.isArray(keypoints) && keypoints.length
      ? readSkeleton(keypoints, skeleton, tagwright, label.name, at, issues)
      : null
  const fitted = fitSkeleton(named, seen.get(id))
  if (fitted) label.skeleton = fitted
  if (fitted && fitted !== named) {
    const message = `The category "${label.name}" names ${named?.names.length ?? 0} keypoints, but its annotations have ${seen.get(id)!.count}; the others are called "${fitted.names[named?.names.length ?? 0]}" to "${fitted.names.at(-1)}".`
    issues.push({ level: 'warning', code: 'unnamed-keypoints', message, ...at })
  }
  if (Object.keys(rest).length) label.extra = { coco: rest }
  const inFile = new Set(labelOf.values())
  labelOf.set(
    id,
    labels.add(label, inFile, (message) => issues.push({ level: 'warning', code: 'duplicate-name', message, ...at })),
  )
}

/** What is known of a file's categories while its annotations are read. */
export interface Categories {
  labelOf: Map<unknown, string>
  /** Points of each category's first rows. */
  seen: ReadonlyMap<unknown, SeenPoints>
  labels: LabelTable
  /** Rows of the list "categories". */
  listed: number
}

/**
 * A label for an annotation whose category the file does not list, where it can be one: files without any categories, and
 * excerpts of large sets that forget some of theirs though all have one skeleton. Otherwise null.
 */
export function unlistedLabel(
  row: Row,
  at: At,
  { labelOf, seen, labels, listed }: Categories,
  issues: DatasetIssue[],
): string | null {
  const id = row.category_id
  const isAlone = listed === 0 && id === undefined
  if (!isAlone && !Number.isInteger(id)) return null
  const name = isAlone ? 'object' : `class ${id as number}`
  const add = (skeleton: Skeleton | null | undefined, code: string, message: string): string => {
    const label = labels.add({ name, ...(isAlone ? {} : { cocoId: id as number }), ...(skeleton ? { skeleton } : {}) }, new Set(), () => {}) // prettier-ignore
    labelOf.set(id, label)
    issues.push({ level: 'warning', code, message: `${message} Rename it with "labels rename".`, ...at })
    return label
  }
  if (listed === 0) {
    const what = isAlone
      ? 'The file names no classes: its annotations are imported as "object".'
      : `The file has no "categories"; category ${id as number} is imported as "${name}".`
    return add(fitSkeleton(null, seen.get(id)), 'no-categories', what)
  }
  const shared = labels.sharedSkeleton(new Set(labelOf.values()))
  const points = shared?.names.length ?? 0
  if (!shared || gatherPoints(row, points)?.values.length !== 3 * points) return null
  const what = `"categories" does not list category ${id as number}; it is imported as "${name}" with the keypoints that all others have.`
  return add(shared, 'unlisted-category', what)
}

function readSkeleton(
  names: unknown[],
  edges: unknown,
  ours: unknown,
  label: string,
  at: At,
  issues: DatasetIssue[],
): Skeleton {
  const pairs = (Array.isArray(edges) ? edges : []).filter(
    (edge): edge is [number, number] => Array.isArray(edge) && edge.length === 2 && edge.every(Number.isInteger),
  )
  const shift = pairs.some(([a, b]) => a === 0 || b === 0) ? 0 : 1
  const inside = pairs.filter(
    ([a, b]) => a - shift >= 0 && b - shift >= 0 && a - shift < names.length && b - shift < names.length,
  )
  if (shift === 0)
    issues.push({
      level: 'warning',
      code: 'skeleton-from-0',
      message: `The skeleton of "${label}" counts points from 0; COCO counts from 1. It is read from 0.`,
      ...at,
    })
  if (inside.length < pairs.length) {
    issues.push({
      level: 'warning',
      code: 'bad-edge',
      message: `${pairs.length - inside.length} edges of the skeleton of "${label}" name points that it does not have; they are left out.`,
      ...at,
    })
  }
  // COCO names no left and right partners: without our own field the names tell them.
  const byName = flipByName(names.map(String))
  const guessed = byName.some((to, from) => to !== from) ? byName : []
  const { flip = guessed, sigmas } = (ours ?? {}) as { flip?: unknown; sigmas?: unknown }
  const numbers = (value: unknown): number[] =>
    Array.isArray(value) && value.length === names.length && value.every(Number.isFinite) ? (value as number[]) : []
  return {
    names: names.map(String),
    edges: inside.map(([a, b]) => [a - shift, b - shift]),
    flip: numbers(flip),
    sigmas: numbers(sigmas),
  }
}
