/** Large annotation files are read by a thread: the project is the same as without one, errors arrive as they are. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datasetsContract } from '@shared/contract/datasets'
import { importDatasets } from '../../../src-main/jobs/import-job'
import { initStore, type Store } from '../../../src-main/store/store'
import { bundleThread } from '../../helpers/bundle-thread'

let folder: string
let thread: string
const at = (...path: string[]) => join(folder, ...path)

beforeAll(async () => {
  thread = await bundleThread('src-main/jobs/read-thread.ts')
  folder = mkdtempSync(join(tmpdir(), 'tagwright-read-thread-'))
  // Upright 20 x 40, stored 40 x 20.
  const turned = sharp({ create: { width: 40, height: 20, channels: 3, background: '#336699' } }).jpeg()
  await turned.withMetadata({ orientation: 6 }).toFile(at('a.jpg'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(dirname(thread), { recursive: true, force: true })
})

/** More than the 16 MB from which on a thread is used. */
function writeCoco(name: string, change: (text: string) => string = (text) => text): string {
  const boxes = 40_000
  const annotations = Array.from({ length: boxes }, (_, i) => {
    const x = (i * 7) % 30
    const y = (i * 3) % 10
    const base = { id: i + 1, image_id: (i % 3) + 1, category_id: (i % 2) + 1, bbox: [x, y, 8.5, 6.25] }
    if (i % 4 === 0) return { ...base, segmentation: [[x, y, x + 8.5, y, x + 8.5, y + 6.25]], area: 26.5, iscrowd: 0 }
    if (i % 4 === 1) return { ...base, iscrowd: 0, note: `own field ${i}` }
    return { ...base, iscrowd: 0 }
  })
  const images = ['a', 'b', 'c'].map((name, i) => ({ id: i + 1, file_name: `${name}.jpg`, width: 40, height: 20 }))
  const categories = ['cat', 'dog'].map((name, i) => ({ id: i + 1, name }))
  const info = { description: 'x'.repeat(17 << 20) }
  mkdirSync(at(name))
  copyFileSync(at('a.jpg'), at(name, 'a.jpg'))
  writeFileSync(at(name, 'coco.json'), change(JSON.stringify({ images, annotations, categories, info })))
  return at(name, 'coco.json')
}

async function run(name: string, paths: string[], by: string | null): Promise<Store> {
  const store = initStore(at(name))
  const params = datasetsContract.methods.import.input.parse({ paths })
  try {
    await importDatasets(store, params, { signal: new AbortController().signal, report() {}, log() {} }, by)
  } catch (error) {
    store.close()
    throw error
  }
  return store
}
const rows = (store: Store, table: string) =>
  store.db
    .prepare(`SELECT * FROM ${table} ORDER BY id`)
    .all()
    .map((row) => ({ ...(row as object), root_id: 0 }))

describe('readChunks', () => {
  test('with a thread the same rows arrive, also for a turned image', async () => {
    const file = writeCoco('data')
    const [with_, without] = [await run('p1', [file], thread), await run('p2', [file], null)]
    try {
      for (const table of ['sample', 'label', 'annotation']) expect(rows(with_, table)).toEqual(rows(without, table))
      expect(rows(with_, 'annotation')).toHaveLength(40_000)
    } finally {
      with_.close()
      without.close()
    }
  })

  test('what is wrong with the file is said as it is said without a thread', async () => {
    const file = writeCoco('broken', (text) => text.slice(0, -1000))
    const said = (name: string, by: string | null) =>
      run(name, [file], by).then(
        () => 'nothing',
        (error: Error) => error.message,
      )
    const [byThread, here] = [await said('p3', thread), await said('p4', null)]
    expect(byThread).toContain('coco.json')
    expect(byThread).toBe(here)
  })

  test('the thread is really used for such a file', async () => {
    await expect(run('p5', [writeCoco('more')], at('nowhere.mjs'))).rejects.toThrowError('nowhere.mjs')
  })
})
