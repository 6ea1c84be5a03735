/** Class files in and out; what they look like: domain/class-file. */
import {
  parseClassFile,
  printClassText,
  printClassYaml,
  type ClassFile,
  type ClassFileLabel,
} from '@shared/domain/class-file'
import { changeLabels, insertLabel } from './change-labels'
import { sql, type ReadDb } from './db'
import { labelHotkeys, listLabels } from './label'
import type { Store } from './store'

export function printClasses(db: ReadDb, format: 'text' | 'yaml'): string {
  const labels = listLabels(db).map(({ name, color, cocoId, hotkey, skeleton }): ClassFileLabel => ({
    name,
    color,
    cocoId,
    ...(hotkey === null ? {} : { hotkey }),
    ...(skeleton ? { skeleton } : {}),
  }))
  return format === 'text' ? printClassText(labels) : printClassYaml(labels)
}

export interface ClassFileOutcome {
  format: ClassFile['format']
  /** Names that the project lacked, in the file's order. */
  added: string[]
  existing: string[]
  /** The file's indices are the project's. */
  sameOrder: boolean
}

/** Appends what the project lacks, one undo step; labels that are there stay as they are. Throws `bad-class-file`. */
export function readClasses(store: Store, text: string, preview: boolean): ClassFileOutcome {
  const { format, labels } = parseClassFile(text)
  const known = listLabels(store.db)
  const isKnown = ({ name }: ClassFileLabel) => known.some((label) => label.name === name)
  const fresh = labels.filter((label) => !isKnown(label))
  const order = [...known, ...fresh].map(({ name }) => name)
  const outcome = {
    format,
    added: fresh.map(({ name }) => name),
    existing: labels.filter(isKnown).map(({ name }) => name),
    sameOrder: labels.every(({ name }, index) => order[index] === name),
  }
  if (preview || fresh.length === 0) return outcome
  changeLabels(store, 'Read class file', (write, db) => {
    for (const { name, color, cocoId, hotkey, skeleton } of fresh) {
      const isFree = cocoId !== undefined && !sql(db, 'SELECT 1 FROM label WHERE coco_id = ?').get(cocoId)
      const id = insertLabel(write, db, { name, color, ...(isFree ? { cocoId } : {}) })
      const isTaken = hotkey ? [...labelHotkeys(listLabels(db)).values()].includes(hotkey) : false
      if (hotkey !== undefined && !isTaken) write.update('label', id, { hotkey })
      if (skeleton)
        write.update('label', id, { skeleton_id: write.insert('skeleton', { data: JSON.stringify(skeleton) }) })
    }
  })
  return outcome
}

export const classFileName = (format: 'text' | 'yaml'): string => (format === 'text' ? 'classes.txt' : 'classes.yaml')
