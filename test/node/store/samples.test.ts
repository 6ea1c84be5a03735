import { describe, expect, it } from 'vitest'
import type { SampleFilter } from '@shared/contract/filter'
import type { DatasetAnnotation } from '@shared/domain/dataset'
import { packFlags } from '../../../src-main/store/pack-shape'
import {
  findDuplicates,
  listTags,
  previewSampleRemoval,
  removeSamples,
  renameTag,
  setTags,
} from '../../../src-main/store/change-samples'
import { putPredictions } from '../../../src-main/store/prediction'
import { countSamples, getSamples, sampleIds } from '../../../src-main/store/sample'
import { sampleCondition } from '../../../src-main/store/sample-filter'
import { findNeighbour, orderedSampleIds } from '../../../src-main/store/sample-order'
import { deleteSampleScores, listScoreKinds, putSampleScores } from '../../../src-main/store/sample-score'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const found = (filter: SampleFilter) => sampleIds(temp.store.db, filter)
const plan = (text: string, ...args: unknown[]) =>
  (temp.store.db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...args) as { detail: string }[]).map((row) => row.detail)

/** Six images in two folders; sizes, shapes, flags and texts that filters tell apart. */
function fillVaried(): void {
  const batch = temp.store.beginImport({ source: 'varied', root: '/varied' })
  batch.addLabels(['ship', 'buoy', 'pose'].map((name) => ({ key: name, name })))
  batch.addSamples([
    { key: '1', path: 'day 2/img10.jpg', width: 100, height: 100, split: 'train', hash: 'aa' },
    { key: '2', path: 'day 2/img9.jpg', width: 200, height: 100, split: 'val', hash: 'bb', reviewed: true },
    { key: '3', path: 'day 10/Img2.jpg', width: 50, height: 50, hash: 'aa' },
    { key: '4', path: 'day 10/img2b.jpg', width: 300, height: 300, hash: 'aa' },
    { key: '5', path: 'Größe Ü.jpg'.normalize('NFD'), hash: 'bb' },
    { key: '6', path: 'zz.jpg', width: 10, height: 10, state: 'missing' },
  ])
  const box = (sample: string, label: string, w: number, h: number): DatasetAnnotation => ({
    sample,
    label,
    shape: { kind: 'box', box: [1, 1, 1 + w, 1 + h] },
  })
  batch.addAnnotations([
    box('1', 'ship', 10, 10),
    { ...box('1', 'buoy', 40, 20), flags: { difficult: true } },
    box('2', 'ship', 40, 20),
    {
      ...box('3', 'buoy', 10, 40),
      flags: { occluded: true },
      extra: { attributes: { color: 'red', n: 3, old: true } },
    },
    { sample: '4', label: 'pose', shape: { kind: 'keypoints', keypoints: [[5, 5, 2]] } },
  ])
  batch.finish()
}

describe('filters', () => {
  it('find samples by themselves', () => {
    fillVaried()
    expect(found({ ids: [3, 99, 1] })).toEqual([1, 3])
    expect(found({ ids: [] })).toEqual([])
    expect(found({ split: 'none', state: 'ok' })).toEqual([3, 4, 5])
    expect(found({ state: 'missing' })).toEqual([6])
    expect(found({ reviewed: false, empty: true })).toEqual([5, 6])
    expect(found({ text: 'IMG2' })).toEqual([3, 4])
    expect(found({ text: 'größe ü' })).toEqual([5])
    expect(found({ text: 'day 2/' })).toEqual([1, 2])
    expect(found({ count: { min: 2 } })).toEqual([1])
    expect(found({ count: { max: 0 } })).toEqual([5, 6])
    expect(found({ import: 1 })).toEqual([1, 2, 3, 4, 5, 6])
    expect(found({ import: 2 })).toEqual([])
    expect(countSamples(temp.store.db, { text: 'img' })).toBe(4)
  })

  it('find samples by labels and by one and the same object', () => {
    fillVaried()
    expect(found({ label: 1 })).toEqual([1, 2])
    expect(found({ allLabels: [1, 2] })).toEqual([1])
    expect(found({ noLabels: [1, 3] })).toEqual([3, 5, 6])
    expect(found({ object: { labels: [1, 3] } })).toEqual([1, 2, 4])
    expect(found({ object: { labels: [1], area: { min: 800, max: 800 } } })).toEqual([2])
    expect(found({ object: { area: { max: 100 } } })).toEqual([1, 4])
    expect(found({ object: { aspect: { min: 2 } } })).toEqual([1, 2])
    expect(found({ object: { aspect: { max: 0.25 } } })).toEqual([3])
    expect(found({ object: { shapes: ['keypoints', 'tag'] } })).toEqual([4])
    expect(found({ object: { flags: ['difficult', 'occluded'] } })).toEqual([1, 3])
    // Image 1 has a ship and something difficult, but no difficult ship.
    expect(found({ object: { labels: [1], flags: ['difficult'] } })).toEqual([])
    expect(found({ object: { attribute: { name: 'color', value: 'red' } } })).toEqual([3])
    expect(found({ object: { attribute: { name: 'color', value: 'blue' } } })).toEqual([])
    expect(found({ object: { attribute: { name: 'n', value: 3 } } })).toEqual([3])
    expect(found({ object: { attribute: { name: 'old', value: true } } })).toEqual([3])
    expect(found({ object: { attribute: { name: 'old', value: 1 } } })).toEqual([])
    expect(found({ object: { attribute: { name: 'old' } } })).toEqual([3])
    expect(found({ object: { provenance: 'manual' } })).toEqual([])
    temp.store.change('Draw', (write) =>
      write.insert('annotation', { sample_id: 6, label_id: 1, kind: 'tag', flags: packFlags({}, true) }),
    )
    expect(found({ object: { provenance: 'manual' } })).toEqual([6])
    expect(found({ object: { flags: ['hidden'] } })).toEqual([6])
  })

  it('find samples by what models said, and by stored figures', () => {
    fillVaried()
    const { db } = temp.store
    const detection = (score: number) => ({ label: 1, score, box: [0, 0, 1, 1] }) as never
    putPredictions(db, 'run:r1', [
      { sampleId: 1, detections: [detection(0.9), detection(0.2)] },
      { sampleId: 2, detections: [detection(0.4)] },
      { sampleId: 3, detections: [] },
    ])
    expect(found({ prediction: { source: 'run:r1', min: 0.5 } })).toEqual([1])
    expect(found({ prediction: { source: 'run:r1', max: 0.5 } })).toEqual([2])
    expect(found({ prediction: { source: 'run:r2' } })).toEqual([])
    putSampleScores(db, 'loss', [
      { sample: 1, value: 2 },
      { sample: 4, value: 8 },
      { sample: 5, value: Number.NaN },
    ])
    putSampleScores(db, 'loss', [{ sample: 1, value: 3 }])
    expect(listScoreKinds(db)).toEqual([{ kind: 'loss', samples: 2 }])
    expect(found({ score: { kind: 'loss', max: 3 } })).toEqual([1])
    expect(orderedSampleIds(db, { sort: 'score:loss' })).toEqual([1, 4, 2, 3, 5, 6])
    expect(orderedSampleIds(db, { sort: 'score:loss', descending: true }).slice(0, 2)).toEqual([4, 1])
    expect(deleteSampleScores(db, 'loss')).toBe(2)
    expect(orderedSampleIds(db, { sort: 'score:loss' })).toEqual([1, 2, 3, 4, 5, 6])
  })
})

describe('order', () => {
  it('is natural by name, by folder, by size and by number of annotations, either way', () => {
    fillVaried()
    const { db } = temp.store
    const order = (sort: 'name' | 'path' | 'added' | 'annotations' | 'size') => orderedSampleIds(db, { sort })
    expect(order('name')).toEqual([5, 3, 4, 2, 1, 6])
    expect(order('path')).toEqual([5, 6, 2, 1, 3, 4])
    expect(order('added')).toEqual([1, 2, 3, 4, 5, 6])
    expect(order('size')).toEqual([5, 6, 3, 1, 2, 4])
    expect(order('annotations')).toEqual([5, 6, 2, 3, 4, 1])
    for (const sort of ['name', 'path', 'added', 'annotations', 'size'] as const) {
      expect(orderedSampleIds(db, { sort, descending: true })).toEqual(order(sort).toReversed())
      expect(orderedSampleIds(db, { sort, filter: { text: 'img' } })).toEqual(order(sort).filter((id) => id < 5))
    }
  })

  it('follows a file that gets another name, and its undo', () => {
    fillVaried()
    const { db } = temp.store
    temp.store.change('Rename', (write) => write.update('sample', 1, { path: 'day 2/a.jpg', name: 'a.jpg' }))
    expect(orderedSampleIds(db, { sort: 'name' })[0]).toBe(1)
    temp.store.undo()
    expect(orderedSampleIds(db, { sort: 'name' })).toEqual([5, 3, 4, 2, 1, 6])
  })

  it('comes from an index where it is the usual one', () => {
    const { where } = sampleCondition({})
    expect(plan(`SELECT s.id FROM visible_sample s WHERE ${where} ORDER BY s.name_key, s.id`)).toEqual([
      'SCAN main.sample USING COVERING INDEX sample_name',
    ])
    const object = sampleCondition({ object: { labels: [1], area: { max: 9 } } })
    expect(plan(`SELECT s.id FROM visible_sample s WHERE ${object.where}`, ...object.args).join()).toMatch(
      /COVERING INDEX annotation_object/,
    )
    const label = sampleCondition({ object: { labels: [1], shapes: ['box'] } })
    expect(plan(`SELECT s.id FROM visible_sample s WHERE ${label.where}`, ...label.args).join()).toMatch(
      /COVERING INDEX annotation_label/,
    )
  })

  it('gives rows as asked, without those that are gone', () => {
    fillVaried()
    expect(getSamples(temp.store.db, [4, 99, 2]).map(({ id, name, tags }) => [id, name, tags])).toEqual([
      [4, 'img2b.jpg', []],
      [2, 'img9.jpg', []],
    ])
  })
})

describe('neighbours', () => {
  const next = (from: number, step: 1 | -1, want: SampleFilter = {}, wrap = false, filter: SampleFilter = {}) =>
    findNeighbour(temp.store.db, from, step, want, wrap, { sort: 'name', filter })

  it('walk the order, stop at its ends or go round', () => {
    fillVaried()
    expect(next(5, 1)).toEqual({ sample: 3, index: 1, total: 6 })
    expect(next(1, -1)).toEqual({ sample: 2, index: 3, total: 6 })
    expect(next(6, 1)).toEqual({ sample: null, index: null, total: 6 })
    expect(next(6, 1, {}, true)).toEqual({ sample: 5, index: 0, total: 6 })
    expect(next(5, -1, {}, true)).toEqual({ sample: 6, index: 5, total: 6 })
  })

  it('find the next one that is wanted, also from a sample that the filter leaves out', () => {
    fillVaried()
    expect(next(5, 1, { empty: true, reviewed: false })).toEqual({ sample: 6, index: 5, total: 6 })
    expect(next(6, 1, { empty: true, reviewed: false }, true).sample).toBe(5)
    expect(next(4, 1, {}, false, { reviewed: false, text: 'img' })).toEqual({ sample: 1, index: 2, total: 3 })
    expect(next(2, 1, {}, false, { reviewed: false, text: 'img' }).sample).toBe(1)
    expect(next(2, -1, {}, false, { reviewed: false, text: 'img' }).sample).toBe(4)
    expect(next(99, 1).sample).toBe(5)
    expect(next(99, -1).sample).toBe(6)
    expect(next(5, 1, {}, true, { ids: [5] }).sample).toBeNull()
  })
})

describe('tags', () => {
  it('are added and taken away as one step, found, counted and renamed', () => {
    fillVaried()
    const before = temp.dump()
    expect(setTags(temp.store, { ids: [1, 2, 99] }, { add: ['night', 'a "b"'] })).toBe(2)
    expect(setTags(temp.store, { ids: [2, 3] }, { add: ['night'], remove: ['a "b"'] })).toBe(2)
    expect(setTags(temp.store, { ids: [3] }, { add: ['night'] })).toBe(0)
    expect(getSamples(temp.store.db, [1, 2, 3]).map(({ tags }) => tags)).toEqual([
      ['a "b"', 'night'],
      ['night'],
      ['night'],
    ])
    expect(listTags(temp.store.db)).toEqual([
      { tag: 'a "b"', samples: 1 },
      { tag: 'night', samples: 3 },
    ])
    expect(found({ tags: ['night'] })).toEqual([1, 2, 3])
    expect(found({ tags: ['b', '"b"', 'a'] })).toEqual([])
    expect(found({ tagged: false })).toEqual([4, 5, 6])
    expect(renameTag(temp.store, 'a "b"', 'night')).toBe(1)
    expect(listTags(temp.store.db)).toEqual([{ tag: 'night', samples: 3 }])
    const after = temp.dump()
    for (let i = 0; i < 3; i++) temp.store.undo()
    expect(temp.dump()).toEqual(before)
    for (let i = 0; i < 3; i++) temp.reopen().redo()
    expect(temp.dump()).toEqual(after)
  })

  it('of many samples are a small step of the history', () => {
    const batch = temp.store.beginImport({ source: 's', root: '/s' })
    batch.addSamples(Array.from({ length: 5000 }, (_, i) => ({ key: String(i), path: `${i}.jpg` })))
    batch.finish()
    setTags(temp.store, { filter: {} }, { add: ['all'] })
    const bytes = temp.store.db.prepare('SELECT max(length(changes)) FROM history').pluck().get() as number
    expect(bytes / 5000).toBeLessThan(3)
  })
})

describe('removing samples', () => {
  it('takes their annotations along and brings everything back', () => {
    fillVaried()
    setTags(temp.store, { ids: [1] }, { add: ['x'] })
    const before = temp.dump()
    const selection = { filter: { text: 'day 2' } }
    expect(previewSampleRemoval(temp.store.db, selection)).toEqual({ samples: 2, annotations: 3 })
    expect(removeSamples(temp.store, selection)).toEqual({ samples: 2, annotations: 3 })
    expect(found({})).toEqual([3, 4, 5, 6])
    const after = temp.dump()
    expect(removeSamples(temp.store, { ids: [99] })).toEqual({ samples: 0, annotations: 0 })
    expect(temp.store.undo()!.entry.reason).toBe('Remove 2 images')
    expect(temp.dump()).toEqual(before)
    expect(orderedSampleIds(temp.store.db, { sort: 'name' })).toEqual([5, 3, 4, 2, 1, 6])
    temp.reopen().redo()
    expect(temp.dump()).toEqual(after)
  })
})

it('byte-identical files are grouped, and what was not hashed is counted', () => {
  fillVaried()
  expect(findDuplicates(temp.store.db, 10)).toEqual({
    groups: [
      { hash: 'aa', samples: [1, 3, 4] },
      { hash: 'bb', samples: [2, 5] },
    ],
    total: 2,
    unhashed: 1,
  })
  expect(findDuplicates(temp.store.db, 1, 1).groups).toEqual([{ hash: 'bb', samples: [2, 5] }])
})

describe('what an event names', () => {
  const heard = (act: () => void) => {
    const events: object[] = []
    const stop = temp.store.events.on('project.changed', ({ revision: _, ...event }) => events.push(event))
    act()
    stop()
    return events
  }

  it('is the samples and tables that changed, in either direction', () => {
    fillStore(temp.store)
    let id = 0
    const draw = () => {
      id = temp.store.change('Draw', (write) => write.insert('annotation', { sample_id: 3, label_id: 1, kind: 'tag' }))
    }
    const drawn = { reason: 'Draw', tables: ['annotation'], samples: [3], sampleSet: false }
    expect(heard(draw)).toEqual([drawn])
    expect(heard(() => temp.store.undo())).toEqual([drawn])
    expect(heard(() => temp.store.redo())).toEqual([drawn])
    expect(heard(() => temp.store.change('Move', (write) => write.update('annotation', id, { z: 3 })))).toEqual([
      { ...drawn, reason: 'Move' },
    ])
    expect(heard(() => temp.store.change('Same', (write) => write.update('annotation', id, { z: 3 })))).toEqual([])
    expect(heard(() => temp.store.change('Split', (write) => write.set('sample', 'split', 'test', [1, 2])))).toEqual([
      { reason: 'Split', tables: ['sample'], samples: [1, 2], sampleSet: false },
    ])
    expect(
      heard(() => temp.store.change('Relabel', (write) => write.set('annotation', 'label_id', 2, [3, 4]))),
    ).toEqual([{ reason: 'Relabel', tables: ['annotation'], samples: [2], sampleSet: false }])
    const removed = { reason: 'Remove image', tables: ['annotation', 'sample'], samples: [2], sampleSet: true }
    expect(heard(() => removeSamples(temp.store, { ids: [2] }))).toEqual([removed])
    expect(heard(() => temp.store.undo())).toEqual([removed])
  })

  it('is left out where it is too much, and after an import', () => {
    const ids = Array.from({ length: 1500 }, (_, i) => i + 1)
    const fill = () => {
      const batch = temp.store.beginImport({ source: 's', root: '/s' })
      batch.addSamples(ids.map((id) => ({ key: String(id), path: `${id}.jpg` })))
      batch.finish()
    }
    expect(heard(fill)).toEqual([{ tables: ['label', 'skeleton', 'sample', 'annotation', 'import'], sampleSet: true }])
    const split = (some: number[]) => () =>
      temp.store.change('Split', (write) => write.set('sample', 'split', 'val', some))
    expect(heard(split(ids.slice(0, 1000)))).toMatchObject([{ samples: ids.slice(0, 1000) }])
    expect(heard(split(ids))).toEqual([
      { reason: 'Split', tables: ['sample'], samples: ids.slice(1000), sampleSet: false },
    ])
    temp.store.undo()
    temp.store.undo()
    expect(heard(split(ids))).toEqual([{ reason: 'Split', tables: ['sample'], sampleSet: false }])
  })
})
