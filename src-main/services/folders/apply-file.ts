/** Takes a file's annotations into the rows of a sample: what is the same stays, with its id and what no file can hold. */
import type { Shape } from '@shared/domain/annotation'
import { shapeBox } from '@shared/domain/shape-box'
import { listAnnotations, type Annotation } from '../../store/annotation'
import { packFlags, packShape } from '../../store/pack-shape'
import { addLabels } from '../../store/change-labels'
import type { Writer } from '../../store/change'
import { listLabels } from '../../store/label'
import type { Store } from '../../store/store'
import type { FileAnnotation, ReadFile } from './annotation-file'

/** Pixels that rounding in a file may move a corner by. */
const tolerance = 0.01

/** Label ids by name; names that the project does not have are added at the end. */
export function ensureLabels(store: Store, names: Iterable<string>): Map<string, number> {
  const known = new Map(listLabels(store.db).map((label) => [label.name, label.id]))
  const fresh = [...new Set(names)].filter((name) => !known.has(name))
  if (fresh.length > 0) {
    const ids = addLabels(
      store,
      fresh.map((name) => ({ name })),
    )
    fresh.forEach((name, i) => known.set(name, ids[i]))
  }
  return known
}

/** One undo step, none when nothing differs. `also` runs in the same transaction. */
export function applyFile(store: Store, sample: number, read: ReadFile, reason: string, also: () => void): void {
  const labels = ensureLabels(
    store,
    read.annotations.map(({ label }) => label),
  )
  const left = listAnnotations(store.db, sample)
  store.change(reason, (write) => {
    for (const annotation of read.annotations) {
      const label = labels.get(annotation.label)!
      const at = left.findIndex((old) => old.labelId === label && isSame(old.shape, annotation.shape))
      if (at < 0) insert(write, sample, label, annotation)
      else updateFlags(write, left.splice(at, 1)[0], annotation, read)
    }
    // What the format has no place for is not gone because the file does not hold it.
    for (const old of left) if (shapeBox(old.shape) !== null) write.remove('annotation', old.id)
    if (read.reviewed !== null) write.update('sample', sample, { reviewed: read.reviewed ? 1 : 0 })
    also()
  })
}

function insert(write: Writer, sample: number, label: number, { shape, flags, extra }: FileAnnotation): void {
  write.insert('annotation', {
    sample_id: sample,
    label_id: label,
    ...packShape(shape),
    flags: packFlags(flags),
    provenance: 'import',
    extra: extra ? JSON.stringify(extra) : null,
  })
}

/** YOLO rows have no flags, so they say nothing about them. */
function updateFlags(write: Writer, old: Annotation, { flags }: FileAnnotation, { format }: ReadFile): void {
  if (format !== 'voc') return
  const now = {
    ...old.flags,
    difficult: flags?.difficult ?? false,
    truncated: flags?.truncated ?? false,
    occluded: flags?.occluded ?? false,
  }
  write.update('annotation', old.id, { flags: packFlags(now, old.hidden, old.locked) })
}

/** A rotated box equals a rotated box; anything else is in the file as its box. */
function isSame(old: Shape, found: Shape): boolean {
  if (found.kind === 'rotated-box') {
    return old.kind === 'rotated-box' && close(old.rotatedBox, found.rotatedBox)
  }
  if (found.kind === 'polygon' && old.kind === 'polygon' && found.rings[0].length !== old.rings[0].length) return false
  const [a, b] = [shapeBox(old), shapeBox(found)]
  return a !== null && b !== null && close(a, b)
}

const close = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, i) => Math.abs(value - b[i]) <= tolerance)
