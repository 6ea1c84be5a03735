/** Order, keys and colours of labels, each one undo step. */
import { TagwrightError } from '@shared/base/errors'
import { labelColor } from '@shared/domain/label'
import { changeLabels, gapName, needLabel } from './change-labels'
import { labelHotkeys, listLabels } from './label'
import type { Store } from './store'

/**
 * Gives the labels new indices. Throws `order-locked` without `unlock`, `bad-input` unless `order` names every label,
 * gaps included, once.
 */
export function reorderLabels(store: Store, order: readonly (string | number)[], unlock: boolean): void {
  const labels = listLabels(store.db)
  const wanted = order.map((ref) => {
    const label = labels.find(({ id, name }) => (typeof ref === 'number' ? id === ref : name === ref))
    return label ?? needLabel(store.db, ref)
  })
  if (wanted.length !== labels.length || new Set(wanted).size !== labels.length) {
    throw new TagwrightError(
      'bad-input',
      `The order names ${new Set(wanted).size} of ${labels.length} labels. Name each label once, unused indices too.`,
    )
  }
  if (wanted.every((label, index) => label.index === index)) return
  if (!unlock) {
    throw new TagwrightError(
      'order-locked',
      'The order of the labels is locked: it is the class index in YOLO files and in trained models. Unlock it to reorder.',
    )
  }
  changeLabels(store, 'Reorder labels', (write, db) => {
    const moved = wanted.flatMap((label, index) => (label.index === index ? [] : [{ ...label, to: index }]))
    // Names of unused indices follow the index; all of them are freed first, so that they cannot clash.
    for (const { id, gap } of moved) if (gap) write.update('label', id, { name: `moving ${id}` })
    for (const { id, to, gap } of moved) {
      write.update('label', id, { idx: to, ...(gap ? { name: gapName(db, to) } : {}) })
    }
  })
}

/**
 * @param hotkey `auto`: the digit of its index; null: none
 * Throws `hotkey-taken`, unless `replace` takes the key from the other label.
 */
export function setHotkey(store: Store, ref: string | number, hotkey: string | null, replace: boolean): void {
  const label = needLabel(store.db, ref)
  const stored = hotkey === 'auto' ? null : (hotkey ?? '')
  const labels = listLabels(store.db)
  const keys = labelHotkeys(labels)
  const holder = stored ? labels.find(({ id, hotkey: set }) => id !== label.id && keys.get(id) === stored && set) : null
  if (holder && !replace) {
    throw new TagwrightError(
      'hotkey-taken',
      `The key ${stored} picks the label "${holder.name}" already. Choose another key, or take it from there.`,
      { label: holder.id, hotkey: stored },
    )
  }
  changeLabels(store, `Set key of label "${label.name}"`, (write) => {
    if (holder) write.update('label', holder.id, { hotkey: null })
    write.update('label', label.id, { hotkey: stored })
  })
}

/** Colours of the palette by index; for all labels unless some are named. */
export function resetColors(store: Store, refs?: readonly (string | number)[]): void {
  const labels = refs ? refs.map((ref) => needLabel(store.db, ref)) : listLabels(store.db)
  changeLabels(store, 'Reset label colors', (write) => {
    for (const { id, index } of labels) write.update('label', id, { color: labelColor(index) })
  })
}
