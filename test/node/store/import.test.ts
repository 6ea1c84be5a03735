import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DatasetAnnotation } from '@shared/domain/dataset'
import { labelUsage, listLabels } from '../../../src-main/store/label'
import { listAnnotations } from '../../../src-main/store/annotation'
import { initStore, openStore, type Store } from '../../../src-main/store/store'

let folder: string
let store: Store
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'))
  store = initStore(join(folder, 'p'))
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true })
})
const begin = (root = join(folder, 'images')) => store.beginImport({ source: root, root })
const box = (sample: string, label: string, x: number): DatasetAnnotation => ({
  sample,
  label,
  shape: { kind: 'box', box: [x, 1, x + 10.25, 20] },
})
const visible = (table: string) => store.db.prepare(`SELECT count(*) FROM visible_${table}`).pluck().get()
const all = (table: string) => store.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()

function importTwo(root?: string) {
  const batch = begin(root)
  batch.addLabels([
    { key: '7', name: 'ship', cocoId: 7 },
    { key: '3', name: 'buoy', cocoId: 3 },
  ])
  batch.addSamples([
    { key: 'a', path: 'a.jpg', width: 100, height: 50, cocoImageId: 12 },
    { key: 'b', path: 'sub/b.jpg', width: 10, height: 10, split: 'val' },
  ])
  batch.addAnnotations([box('a', '7', 1), box('a', '7', 1), box('a', '3', 5)])
  return batch
}

describe('import', () => {
  it('shows nothing before finish and everything after', () => {
    const reader = store.openReader()
    const batch = importTwo()
    expect([visible('sample'), visible('annotation'), visible('label')]).toEqual([0, 0, 0])
    expect([all('sample'), all('annotation'), all('label')]).toEqual([2, 3, 2])
    expect(reader.prepare('SELECT count(*) FROM visible_annotation').pluck().get()).toBe(0)
    const revisions: number[] = []
    store.events.on('project.changed', ({ revision }) => revisions.push(revision))
    const result = batch.finish({ warnings: 1 })
    expect(result).toMatchObject({ labels: 2, samples: 2, annotations: 3, matchedSamples: 0 })
    expect(revisions).toEqual([store.project.revision])
    expect([visible('sample'), visible('annotation'), visible('label')]).toEqual([2, 3, 2])
    expect(reader.prepare('SELECT count(*) FROM visible_annotation').pluck().get()).toBe(3)
    reader.close()
    expect(listLabels(store.db).map(({ index, name, cocoId }) => [index, name, cocoId])).toEqual([
      [0, 'ship', 7],
      [1, 'buoy', 3],
    ])
    expect(store.db.prepare('SELECT coco_image_id FROM sample ORDER BY id').pluck().all()).toEqual([12, 13])
  })

  it('keeps user edits apart: a change during an import is committed and survives its abort', () => {
    importTwo().finish()
    const batch = begin(join(folder, 'more'))
    batch.addSamples([{ key: 'c', path: 'c.jpg' }])
    store.change('review', (write) => write.update('sample', 1, { reviewed: 1 }))
    batch.abort()
    expect(visible('sample')).toBe(2)
    expect(all('sample')).toBe(2)
    expect(store.db.prepare('SELECT reviewed FROM sample WHERE id = 1').pluck().get()).toBe(1)
  })

  it('removes an import that never ended when the project is opened', () => {
    importTwo().finish()
    const batch = begin(join(folder, 'more'))
    batch.addLabels([{ key: 'x', name: 'extra' }])
    batch.addSamples([{ key: 'c', path: 'c.jpg' }])
    batch.addAnnotations([box('c', 'x', 1)])
    store.close()
    store = openStore(join(folder, 'p'))
    expect(store.removedImports).toEqual([join(folder, 'more')])
    expect([all('sample'), all('annotation'), all('label'), all('import')]).toEqual([2, 3, 2, 1])
  })

  it('adds nothing when the same files are imported again, also through another root', () => {
    importTwo().finish()
    expect(importTwo().finish()).toMatchObject({
      samples: 0,
      annotations: 0,
      labels: 0,
      matchedSamples: 2,
      unchangedAnnotations: 3,
    })
    const deeper = begin(join(folder, 'images', 'sub'))
    deeper.addLabels([{ key: '3', name: 'buoy' }])
    deeper.addSamples([{ key: 'b', path: 'b.jpg', split: 'train' }])
    deeper.addAnnotations([box('b', '3', 2)])
    expect(deeper.finish()).toMatchObject({ samples: 0, matchedSamples: 1, annotations: 1 })
    const above = begin(folder)
    expect(above.addSamples([{ key: 'z', path: 'images/sub/b.jpg' }]).get('z')).toEqual({ id: 2, existing: true })
    above.finish()
    expect(listAnnotations(store.db, 2)).toHaveLength(1)
    expect(store.db.prepare('SELECT split FROM sample WHERE id = 2').pluck().get()).toBe('val')
  })

  it('replaces the split only when told, fills in sizes, and takes reviewed over', () => {
    const first = begin()
    first.addSamples([{ key: 'a', path: 'a.jpg', split: 'val' }])
    first.finish()
    const second = store.beginImport({ source: 's', root: join(folder, 'images'), replaceSplit: true })
    second.addSamples([{ key: 'a', path: './a.jpg', split: 'test', width: 5, height: 6, reviewed: true }])
    second.finish()
    expect(store.db.prepare('SELECT split, width, height, reviewed FROM sample').get()).toEqual({
      split: 'test',
      width: 5,
      height: 6,
      reviewed: 1,
    })
  })

  it('gives colliding COCO ids a free number', () => {
    importTwo().finish()
    const batch = begin(join(folder, 'other'))
    batch.addLabels([
      { key: '7', name: 'tower', cocoId: 7 },
      { key: '0', name: 'zero', cocoId: 0 },
    ])
    batch.addSamples([{ key: 'a', path: 'a.jpg', cocoImageId: 12 }])
    batch.finish()
    expect(listLabels(store.db).map((label) => label.cocoId)).toEqual([7, 3, 8, 0])
    expect(store.db.prepare('SELECT coco_image_id FROM sample ORDER BY id').pluck().all()).toEqual([12, 13, 14])
  })

  it('refuses unknown keys and a second import at the same time', () => {
    const batch = begin()
    expect(() => batch.addAnnotations([box('nope', 'x', 1)])).toThrowError(
      expect.objectContaining({ code: 'unknown-reference' }),
    )
    expect(() => begin()).toThrowError(expect.objectContaining({ code: 'import-running' }))
    batch.abort()
    expect(() => batch.finish()).toThrowError(expect.objectContaining({ code: 'import-ended' }))
    begin().finish()
  })

  it('refuses to end when an undo has removed a label that it used, and can be aborted', () => {
    importTwo().finish()
    const label = store.change('Add label', (write) =>
      write.insert('label', { idx: 2, name: 'dock', color: '#000000', coco_id: 50 }),
    )
    const batch = begin(join(folder, 'other'))
    batch.addLabels([{ key: '1', name: 'dock' }])
    batch.addSamples([{ key: 'c', path: 'c.jpg' }])
    store.undo()
    batch.addAnnotations([box('c', '1', 1)])
    expect(() => batch.finish()).toThrowError(
      expect.objectContaining({ code: 'changed-since', details: { table: 'label', id: label } }),
    )
    batch.abort()
    expect([all('sample'), all('annotation')]).toEqual([2, 3])
    expect(store.db.pragma('foreign_key_check')).toEqual([])
    expect(store.db.pragma('foreign_keys', { simple: true })).toBe(1)
  })

  it('keeps every shape kind with its bounding box', () => {
    const batch = importTwo()
    const shapes: DatasetAnnotation['shape'][] = [
      {
        kind: 'polygon',
        rings: [
          [
            [1, 2],
            [5, 2],
            [3, 9.5],
          ],
        ],
      },
      { kind: 'rotated-box', rotatedBox: [10, 10, 4, 2, 90] },
      { kind: 'mask', mask: { size: [4, 4], counts: [5, 2, 9] } },
      {
        kind: 'keypoints',
        keypoints: [
          [1, 2, 2],
          [0, 0, 0],
          [4, 7, 1],
        ],
      },
      { kind: 'tag' },
    ]
    batch.addAnnotations(
      shapes.map((shape) => ({ sample: 'b', label: '3', shape, flags: { crowd: true }, area: 3.5, extra: { id: 9 } })),
    )
    batch.finish()
    const rows = listAnnotations(store.db, 2)
    expect(rows.map((row) => row.shape)).toEqual(shapes)
    expect(rows[0]).toMatchObject({
      area: 3.5,
      extra: { id: 9 },
      flags: { crowd: true, difficult: false },
      provenance: 'import',
    })
    const boxes = store.db
      .prepare('SELECT x1, y1, x2, y2 FROM annotation WHERE sample_id = 2 ORDER BY id')
      .raw()
      .all() as number[][]
    expect(boxes[0]).toEqual([1, 2, 5, 9.5])
    expect(boxes[1][0]).toBeCloseTo(9, 12)
    expect(boxes[2]).toEqual([1, 1, 2, 3])
    expect(boxes[3]).toEqual([1, 2, 4, 7])
    expect(boxes[4]).toEqual([null, null, null, null])
    expect(labelUsage(store.db).get(2)).toEqual({ annotations: 6, samples: 2 })
  })
})
