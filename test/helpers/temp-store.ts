import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { initStore, openStore, type OpenOptions, type Store } from '../../src-main/store/store'

export interface TempStore {
  /** The temporary folder; the project is `<folder>/p`. */
  folder: string
  store: Store
  /** Closes and opens it again, as a restart does. */
  reopen(): Store
  /** Every row of the user's tables, without revisions. */
  dump(): Record<string, unknown[]>
}

/** A fresh project for each test of a file. */
export function tempStore(options: OpenOptions = {}): TempStore {
  const self = {} as TempStore
  self.reopen = () => {
    self.store.close()
    return (self.store = openStore(join(self.folder, 'p'), options))
  }
  self.dump = () => dumpStore(self.store)
  beforeEach(() => {
    self.folder = mkdtempSync(join(tmpdir(), 'store-'))
    self.store = initStore(join(self.folder, 'p'), {}, options)
  })
  afterEach(() => {
    self.store.close()
    rmSync(self.folder, { recursive: true, force: true })
  })
  return self
}

export function dumpStore(store: Store): Record<string, unknown[]> {
  const tables = ['project', 'label', 'skeleton', 'sample', 'annotation', 'import']
  return Object.fromEntries(
    tables.map((table) => [
      table,
      (store.db.prepare(`SELECT * FROM ${table} ORDER BY id`).all() as Record<string, unknown>[]).map(
        ({ revision: _, ...row }) => row,
      ),
    ]),
  )
}

/** Two labels, three samples (a in train, b in val), four boxes; ids count from 1. */
export function fillStore(store: Store, root = '/images'): void {
  const batch = store.beginImport({ source: root, root })
  batch.addLabels([
    { key: '1', name: 'ship' },
    { key: '2', name: 'buoy' },
  ])
  batch.addSamples([
    { key: 'a', path: 'a.jpg', width: 100, height: 80, split: 'train' },
    { key: 'b', path: 'b.jpg', width: 100, height: 80, split: 'val' },
    { key: 'c', path: 'c.jpg', width: 100, height: 80 },
  ])
  const box = (sample: string, label: string, x: number) => ({
    sample,
    label,
    shape: { kind: 'box' as const, box: [x, x, x + 10.5, x + 20.25] as [number, number, number, number] },
  })
  batch.addAnnotations([box('a', '1', 1), box('a', '2', 2), box('b', '1', 3), box('b', '1', 4)])
  batch.finish()
}
