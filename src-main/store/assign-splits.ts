/** Automatic division into train, val and test: stratified by label presence, the same for the same seed and paths. */
import { TagwrightError } from '@shared/base/errors'
import type { Division } from '@shared/contract/samples'
import type { Split } from '@shared/domain/split'
import { fillParts, stratifiedSplit } from '@shared/domain/stratified-split'
import type { ChangeMode } from './change'
import { sql } from './db'
import type { Store } from './store'

const names: readonly Split[] = ['train', 'val', 'test']
export const defaultRatios: Record<Split, number> = { train: 0.8, val: 0.1, test: 0.1 }

export interface AssignOptions {
  ratios?: Record<Split, number>
  seed?: number
  /** unassigned: samples that have a split keep it and count. all: everything is divided anew. */
  which?: 'unassigned' | 'all'
  /** Only samples that this import added; the others keep their split and count. */
  importId?: number
}

/**
 * One undo step unless `mode` is ignore. Images that can be read are divided among themselves, so that the shares hold for
 * what is trained on and measured; the others likewise, because they may come back, and annotations can be divided
 * without images.
 */
export function assignSplits(store: Store, options: AssignOptions = {}, mode: ChangeMode = 'record'): Division {
  const ratios = options.ratios ?? defaultRatios
  const shares = names.map((name) => ratios[name])
  if (shares.some((share) => !(share >= 0)) || shares.every((share) => share === 0)) {
    throw new TagwrightError(
      'bad-input',
      `The shares ${shares.join(', ')} of train, val and test must be 0 or more, one of them above 0.`,
      { ratios },
    )
  }
  const samples = sql<{ id: number; path: string; split: Split | null; import_id: number | null; state: string }>(
    store.db,
    'SELECT id, path, split, import_id, state FROM visible_sample ORDER BY id',
  ).all()
  const classes = new Map<number, number[]>()
  const pairs = sql<{ sample_id: number; label_id: number }>(
    store.db,
    'SELECT DISTINCT label_id, sample_id FROM visible_annotation',
  )
  for (const { sample_id, label_id } of pairs.iterate()) {
    const list = classes.get(sample_id)
    if (list) list.push(label_id)
    else classes.set(sample_id, [label_id])
  }
  const fixed = (sample: (typeof samples)[number]) =>
    sample.split !== null &&
    (options.which !== 'all' || (options.importId !== undefined && sample.import_id !== options.importId))
  // Samples without a split that this call leaves alone are no part of the division.
  const taking = samples.filter(
    (sample) => fixed(sample) || options.importId === undefined || sample.import_id === options.importId,
  )
  const divide = (group: typeof samples) => {
    const items = group.map((sample) => ({
      name: sample.path,
      classes: classes.get(sample.id) ?? [],
      ...(fixed(sample) ? { part: names.indexOf(sample.split!) } : {}),
    }))
    const seed = options.seed ?? 0
    const parts = fillParts(items, stratifiedSplit(items, shares, seed), shares, seed)
    return names.map((_, part) => group.filter((_, i) => parts[i] === part))
  }
  const readable = divide(taking.filter(({ state }) => state === 'ok'))
  const unreadable = divide(taking.filter(({ state }) => state !== 'ok'))
  store.change(
    'Assign splits',
    (write) => {
      names.forEach((name, part) => {
        const samples = [...readable[part], ...unreadable[part]]
        const ids = samples.filter((sample) => sample.split !== name).map((sample) => sample.id)
        if (ids.length > 0) write.set('sample', 'split', name, ids)
      })
    },
    mode,
  )
  const count = (...parts: (typeof readable)[]) => {
    const [train, val, test] = names.map((_, part) => parts.reduce((sum, groups) => sum + groups[part].length, 0))
    return { train, val, test }
  }
  return { ...count(readable, unreadable), unreadable: count(unreadable) }
}

/** Whether there are images and none has a split yet: the start of a training then divides them. */
export function isUndivided({ db }: Pick<Store, 'db'>): boolean {
  const { all, divided } = sql<{ all: number; divided: number }>(
    db,
    'SELECT count(*) AS "all", count(split) AS divided FROM visible_sample',
  ).get()!
  return all > 0 && divided === 0
}

/** Divides by the default shares when no image has a split yet; null: some have, or there is no image. */
export const divideUndivided = (store: Store): Division | null => (isUndivided(store) ? assignSplits(store) : null)
