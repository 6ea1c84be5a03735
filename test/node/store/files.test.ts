/** Snapshots, the data set as formats write it, and copied images. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Shape } from '@shared/domain/annotation'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { packFlags, packShape } from '../../../src-main/store/pack-shape'
import { putBlob } from '../../../src-main/store/blobs'
import { deleteLabel } from '../../../src-main/store/change-labels'
import { openDataset } from '../../../src-main/store/read-dataset'
import { sampleFile } from '../../../src-main/store/sample'
import { getSnapshot } from '../../../src-main/store/snapshot'
import { writeSnapshot } from '../../../src-main/store/write-snapshot'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const read = (file: string): [SnapshotHeader, ...SnapshotSample[]] =>
  gunzipSync(readFileSync(file))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line)) as [SnapshotHeader, ...SnapshotSample[]]

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('snapshot', () => {
  const file = () => join(temp.folder, 'p', 'runs', 'r1', 'snapshot.jsonl.gz')

  it('holds samples of the splits with label indices, boxes and areas of every kind of shape', async () => {
    fillStore(temp.store, join(temp.folder, 'images'))
    const shapes: Shape[] = [
      { kind: 'polygon', rings: [[[0, 0], [10, 0], [10, 5]]] },
      { kind: 'rotated-box', rotatedBox: [20, 20, 10, 4, 0] },
      { kind: 'mask', mask: { size: [4, 4], counts: [5, 2, 9] } },
      { kind: 'keypoints', keypoints: [[1, 2, 2], [4, 7, 1]], box: [0, 1, 5, 9] },
      { kind: 'tag' },
    ] // prettier-ignore
    temp.store.change('Draw', (write) => {
      for (const shape of shapes) {
        write.insert('annotation', {
          sample_id: 1,
          label_id: 2,
          ...packShape(shape),
          flags: packFlags({ crowd: true }, true),
        })
      }
      write.update('annotation', 1, { area: 3.25 })
    })
    const snapshot = await writeSnapshot(temp.store, { splits: ['train', 'val'], file: file() })
    const [header, a, b, ...none] = read(file())
    expect(none).toEqual([])
    expect(header).toEqual({
      version: 1,
      task: 'detect',
      labels: [
        { name: 'ship', cocoId: 1, color: '#0072b2' },
        { name: 'buoy', cocoId: 2, color: '#e69f00' },
      ],
      samples: 2,
    })
    expect({ ...a, annotations: [] }).toEqual({
      id: 1,
      file: join(temp.folder, 'images', 'a.jpg'),
      name: 'a.jpg',
      width: 100,
      height: 80,
      split: 'train',
      cocoImageId: 1,
      annotations: [],
    })
    const flags = { difficult: false, truncated: false, occluded: false, crowd: false }
    expect(a.annotations.slice(0, 2)).toEqual([
      {
        id: 1,
        label: 0,
        shape: { kind: 'box', box: [1, 1, 11.5, 21.25] },
        box: [1, 1, 11.5, 21.25],
        flags,
        area: 3.25,
      },
      {
        id: 2,
        label: 1,
        shape: { kind: 'box', box: [2, 2, 12.5, 22.25] },
        box: [2, 2, 12.5, 22.25],
        flags,
        area: 10.5 * 20.25,
      },
    ])
    expect(
      a.annotations.slice(2).map(({ shape, box, area, flags: { crowd } }) => ({ shape, box, area, crowd })),
    ).toEqual([
      { shape: shapes[0], box: [0, 0, 10, 5], area: 25, crowd: true },
      { shape: shapes[1], box: [15, 18, 25, 22], area: 40, crowd: true },
      { shape: shapes[2], box: [1, 1, 2, 3], area: 2, crowd: true },
      { shape: shapes[3], box: [0, 1, 5, 9], area: 40, crowd: true },
      { shape: shapes[4], area: 0, crowd: true },
    ])
    expect(b.annotations.map((annotation) => annotation.id)).toEqual([3, 4])
    const text = gunzipSync(readFileSync(file()))
    expect(snapshot).toMatchObject({
      samples: 2,
      annotations: 9,
      skipped: 0,
      hash: createHash('sha256').update(text).digest('hex'),
    })
    expect(getSnapshot(temp.store.db, snapshot.id)).toMatchObject({
      file: file(),
      splits: ['train', 'val'],
      revision: snapshot.revision,
    })
    expect(readdirSync(join(temp.folder, 'p', 'runs', 'r1'))).toEqual(['snapshot.jsonl.gz'])
  })

  it('keeps the index of a deleted class, so that models and labels agree', async () => {
    fillStore(temp.store)
    deleteLabel(temp.store, 'ship', 'keep-gap')
    await writeSnapshot(temp.store, { splits: [], file: file() })
    const [header, a] = read(file())
    expect(header.labels.map((label) => label.name)).toEqual(['unused-0', 'buoy'])
    expect(a.annotations[0].label).toBe(1)
  })

  it('shows one moment although the project changes while it is written', async () => {
    const batch = temp.store.beginImport({ source: 's', root: '/s' })
    batch.addLabels([{ key: '1', name: 'ship' }])
    const samples = Array.from({ length: 6000 }, (_, i) => ({ key: String(i), path: `${i}.jpg`, width: 9, height: 9 }))
    batch.addSamples(samples)
    batch.addAnnotations(
      samples.map(({ key }) => ({ sample: key, label: '1', shape: { kind: 'box', box: [1, 2, 3, 4] } })),
    )
    batch.finish()
    const writing = writeSnapshot(temp.store, { splits: [], file: file() })
    let edits = 0
    const edit = setInterval(() => {
      temp.store.change('Move', (write) => {
        write.set(
          'annotation',
          'x1',
          2,
          Array.from({ length: 6000 }, (_, i) => i + 1),
        )
        write.remove('annotation', 6000 - edits)
      })
      edits++
    }, 1)
    const snapshot = await writing
    clearInterval(edit)
    expect(edits).toBeGreaterThan(0)
    expect(snapshot.annotations).toBe(6000)
    const [, ...rows] = read(file())
    expect(new Set(rows.map((row) => row.annotations[0].box![0]))).toEqual(new Set([1]))
  })

  it('leaves out what cannot be used, and says so when nothing is left', async () => {
    fillStore(temp.store)
    temp.store.change('job', (write) => write.update('sample', 2, { state: 'missing' }), 'ignore')
    temp.store.change('job', (write) => write.update('sample', 3, { width: null }), 'ignore')
    expect(await writeSnapshot(temp.store, { splits: [], file: file() })).toMatchObject({ samples: 1, skipped: 2 })
    await expect(writeSnapshot(temp.store, { splits: ['val'], file: file() })).rejects.toMatchObject({
      code: 'no-samples',
      message: expect.stringContaining('in val (1 missing'),
    })
    expect(read(file())[0].samples).toBe(1)
  })

  it('leaves nothing behind when it is cancelled or cannot be written', async () => {
    fillStore(temp.store)
    const stop = new AbortController()
    stop.abort(new Error('stopped'))
    await expect(writeSnapshot(temp.store, { splits: [], file: file(), signal: stop.signal })).rejects.toThrow(
      'stopped',
    )
    expect(existsSync(file())).toBe(false)
    const blocked = join(temp.folder, 'p', 'runs', 'r2', 'snapshot.jsonl.gz')
    mkdirSync(blocked, { recursive: true })
    await expect(writeSnapshot(temp.store, { splits: [], file: blocked })).rejects.toThrow()
    expect(readdirSync(join(temp.folder, 'p', 'runs', 'r2'))).toEqual(['snapshot.jsonl.gz'])
  })
})

describe('dataset', () => {
  it('gives labels, samples and annotations as they were imported, twice the same', async () => {
    const batch = temp.store.beginImport({ source: 's', root: '/s' })
    batch.addLabels([{ key: 'k', name: 'ship', cocoId: 9, extra: { supercategory: 'sea' } }])
    batch.addSamples([
      {
        key: 'a',
        path: 'x/a.jpg',
        width: 5,
        height: 4,
        split: 'val',
        cocoImageId: 77,
        reviewed: true,
        extra: { license: 3 },
      },
    ])
    const shape: Shape = { kind: 'polygon', rings: [[[0.1, 0.2], [1.5, 0], [1, 1]]] } // prettier-ignore
    batch.addAnnotations([{ sample: 'a', label: 'k', shape, flags: { crowd: true }, area: 0.7, extra: { id: 4 } }])
    batch.finish(null, { coco: { info: { year: 2026 } } })
    const opened = openDataset(temp.store, { splits: ['val'] })
    expect(opened.samples).toBe(1)
    expect(opened.dataset.labels).toEqual([{ key: '1', name: 'ship', cocoId: 9, extra: { supercategory: 'sea' } }])
    expect(opened.dataset.extra).toEqual({ coco: { info: { year: 2026 } } })
    for (let i = 0; i < 2; i++) {
      expect(await collect(opened.dataset.items())).toEqual([
        {
          sample: {
            key: '1',
            path: 'x/a.jpg',
            width: 5,
            height: 4,
            split: 'val',
            cocoImageId: 77,
            reviewed: true,
            extra: { license: 3 },
          },
          annotations: [
            {
              sample: '1',
              label: '1',
              shape,
              flags: { difficult: false, truncated: false, occluded: false, crowd: true },
              area: 0.7,
              extra: { id: 4 },
            },
          ],
        },
      ])
    }
    expect(opened.imageFile('1')).toBe('/s/x/a.jpg')
    opened.close()
  })

  it('tells samples of several roots apart by the name of their root', async () => {
    fillStore(temp.store, '/one/images')
    fillStore(temp.store, '/two/images')
    const opened = openDataset(temp.store)
    const paths = (await collect(opened.dataset.items())).map((item) => item.sample.path)
    expect(paths.sort()).toEqual([
      'images-2/a.jpg',
      'images-2/b.jpg',
      'images-2/c.jpg',
      'images/a.jpg',
      'images/b.jpg',
      'images/c.jpg',
    ])
    opened.close()
  })
})

describe('blobs', () => {
  it('copies by content, once, verified, and repairs a damaged copy', async () => {
    const project = join(temp.folder, 'p')
    const source = join(temp.folder, 'Bild ä.JPG')
    writeFileSync(source, 'pixels')
    const hash = createHash('sha256').update('pixels').digest('hex')
    const first = await putBlob(project, source)
    expect(first).toEqual({ blob: `${hash.slice(0, 2)}/${hash}.jpg`, hash, bytes: 6 })
    const copy = join(project, 'blobs', first.blob)
    expect(readFileSync(copy, 'utf8')).toBe('pixels')
    writeFileSync(copy, 'broken')
    expect(await putBlob(project, source)).toEqual(first)
    expect(readFileSync(copy, 'utf8')).toBe('pixels')
    expect(readdirSync(join(project, 'blobs'))).toEqual([hash.slice(0, 2)])
    await expect(putBlob(project, join(temp.folder, 'missing.jpg'))).rejects.toThrow(/ENOENT/)
    expect(readdirSync(join(project, 'blobs'))).toEqual([hash.slice(0, 2)])
    const batch = temp.store.beginImport({ source: 's', root: temp.folder, copy: true })
    batch.addSamples([
      { key: '1', path: 'Bild ä.JPG', blob: first.blob, hash: first.hash },
      { key: '2', path: 'same.jpg', blob: first.blob, hash: first.hash },
    ])
    batch.finish()
    expect(sampleFile(temp.store.db, temp.store.folder, 1)).toBe(copy)
    expect(sampleFile(temp.store.db, temp.store.folder, 2)).toBe(copy)
  })
})
