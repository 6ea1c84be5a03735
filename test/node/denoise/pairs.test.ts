/** A sample's other image through the store: import, snapshot, removal and undo, an old project. */
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { WriteDb } from '../../../src-main/store/db'
import { migrations } from '../../../src-main/store/migrate'
import { removeImport } from '../../../src-main/store/remove-import'
import { writeSnapshot } from '../../../src-main/store/write-snapshot'
import { readSnapshot } from '../../../src-worker/data/read-snapshot'
import { tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const size = { width: 8, height: 6 }

function importPairs(root: string, samples: { path: string; pair?: string }[]) {
  const batch = temp.store.beginImport({ source: root, root })
  batch.addSamples(samples.map((one) => ({ key: one.path, ...one, ...size, split: 'train' as const })))
  return batch.finish()
}

it('reaches a run as an absolute path; a later import adds it to images that have none', async () => {
  const root = resolve('/photos')
  importPairs(root, [{ path: 'noisy/a.png', pair: 'clean/a.png' }, { path: 'noisy/b.png' }])
  importPairs(join(root, 'noisy'), [{ path: 'b.png', pair: '../clean/b.png' }])
  const file = join(temp.folder, 'snapshot.jsonl.gz')
  await writeSnapshot(temp.store, { splits: ['train'], file })
  const { samples } = await readSnapshot(file)
  expect(samples.map(({ pair }) => pair)).toEqual([join(root, 'clean/a.png'), join(root, 'clean/b.png')])
})

it('goes with its sample and comes back with it', () => {
  const { id } = importPairs(resolve('/photos'), [{ path: 'noisy/a.png', pair: 'clean/a.png' }])
  const before = temp.dump()
  removeImport(temp.store, id)
  expect(temp.dump().sample).toEqual([])
  temp.store.undo()
  expect(temp.dump()).toEqual(before)
})

it('80 gives old projects columns without pairs', () => {
  const old = new Database(join(temp.folder, 'old.tagwright'))
  for (const step of migrations.filter(({ version }) => version < 80)) step.run(old as WriteDb)
  old.prepare(`INSERT INTO root (id, path, created_at) VALUES (1, '/p', '')`).run()
  old.prepare(`INSERT INTO sample (id, root_id, path, name, coco_image_id) VALUES (1, 1, 'a.png', 'a.png', 1)`).run()
  migrations.find(({ version }) => version === 80)!.run(old as WriteDb)
  expect(old.prepare('SELECT path, pair, pair_blob FROM sample').get()).toEqual({
    path: 'a.png',
    pair: null,
    pair_blob: null,
  })
  old.close()
})
