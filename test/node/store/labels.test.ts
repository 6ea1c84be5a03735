import { describe, expect, it } from 'vitest'
import {
  addLabels,
  deleteLabel,
  mergeLabels,
  needLabel,
  previewLabels,
  recolorLabel,
  renameLabel,
} from '../../../src-main/store/change-labels'
import { labelUsage, listLabels } from '../../../src-main/store/label'
import { listImports, previewRemoval, removeImport } from '../../../src-main/store/remove-import'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const code = (value: string, text = '') =>
  expect.objectContaining({ code: value, message: expect.stringContaining(text) })
const order = () => listLabels(temp.store.db).map(({ index, name, gap }) => `${index} ${name}${gap ? ' gap' : ''}`)
const labelsOf = () => temp.store.db.prepare('SELECT label_id FROM annotation ORDER BY id').pluck().all()

describe('label operations', () => {
  it('append, rename and recolor without touching the order', () => {
    fillStore(temp.store)
    expect(addLabels(temp.store, [{ name: 'dock' }, { name: 'Schiff ⛵', color: '#ff0000', cocoId: 90 }])).toEqual([
      3, 4,
    ])
    renameLabel(temp.store, 'ship', 'vessel')
    recolorLabel(temp.store, 2, '#00ff00')
    expect(order()).toEqual(['0 vessel', '1 buoy', '2 dock', '3 Schiff ⛵'])
    expect(listLabels(temp.store.db).map((label) => label.cocoId)).toEqual([1, 2, 3, 90])
    expect(listLabels(temp.store.db)[1].color).toBe('#00ff00')
    addLabels(temp.store, [{ name: 'next' }])
    expect(listLabels(temp.store.db)[4].cocoId).toBe(5)
    expect(temp.store.history().entries).toHaveLength(4)
  })

  it('refuse names that exist, are empty, or are unknown, with the nearest one', () => {
    fillStore(temp.store)
    expect(() => addLabels(temp.store, [{ name: 'dock' }, { name: 'ship' }])).toThrowError(
      code('label-exists', 'merge'),
    )
    expect(order()).toEqual(['0 ship', '1 buoy'])
    expect(() => renameLabel(temp.store, 'ship', 'buoy')).toThrowError(code('label-exists'))
    expect(() => addLabels(temp.store, [{ name: ' ' }])).toThrowError(code('bad-input'))
    expect(() => addLabels(temp.store, [{ name: 'x', cocoId: 1 }])).toThrowError(code('label-exists', '"ship"'))
    expect(() => needLabel(temp.store.db, 'shipp')).toThrowError(code('not-found', 'Did you mean "ship"?'))
    expect(() => mergeLabels(temp.store, ['ship'], 'ship', 'reindex')).toThrowError(code('bad-input', 'itself'))
  })

  it('preview, merge with either gap mode, each one undo step', () => {
    fillStore(temp.store)
    addLabels(temp.store, [{ name: 'dock' }])
    const before = temp.dump()
    expect(previewLabels(temp.store.db, ['ship', 'buoy'])).toEqual({ annotations: 4, samples: 2 })
    expect(previewLabels(temp.store.db, ['buoy'])).toEqual({ annotations: 1, samples: 1 })
    expect(mergeLabels(temp.store, ['ship'], 'buoy', 'reindex')).toBe(3)
    expect(order()).toEqual(['0 buoy', '1 dock'])
    expect(labelsOf()).toEqual([2, 2, 2, 2])
    temp.store.undo()
    expect(temp.dump()).toEqual(before)
    mergeLabels(temp.store, ['ship'], 'buoy', 'keep-gap')
    expect(order()).toEqual(['0 unused-0 gap', '1 buoy', '2 dock'])
    expect(() => renameLabel(temp.store, 'unused-0', 'x')).toThrowError(code('not-found'))
    temp.store.undo()
    expect(temp.dump()).toEqual(before)
  })

  it('delete with keep-gap or reindex and bring every annotation back', () => {
    fillStore(temp.store)
    addLabels(temp.store, [{ name: 'dock' }])
    const before = temp.dump()
    expect(deleteLabel(temp.store, 'ship', 'keep-gap')).toBe(3)
    expect(order()).toEqual(['0 unused-0 gap', '1 buoy', '2 dock'])
    expect(addLabels(temp.store, [{ name: 'ship' }])).toEqual([4])
    expect(order()[3]).toBe('3 ship')
    temp.store.undo()
    temp.store.undo()
    expect(temp.dump()).toEqual(before)
    deleteLabel(temp.store, 'ship', 'reindex')
    expect(order()).toEqual(['0 buoy', '1 dock'])
    const after = temp.dump()
    temp.store.undo()
    expect(temp.dump()).toEqual(before)
    temp.reopen().redo()
    expect(temp.dump()).toEqual(after)
  })

  it('redo of a delete refuses when a job has changed what it would remove', () => {
    fillStore(temp.store)
    deleteLabel(temp.store, 'ship', 'reindex')
    temp.store.undo()
    temp.store.change('job', (write) => write.update('annotation', 3, { x1: 77 }), 'ignore')
    expect(() => temp.store.redo()).toThrowError(code('changed-since', 'Annotation 3'))
    expect(order()).toEqual(['0 ship', '1 buoy'])
  })

  it('stand still while an import is pending', () => {
    fillStore(temp.store)
    const batch = temp.store.beginImport({ source: 'more', root: '/more' })
    expect(() => addLabels(temp.store, [{ name: 'dock' }])).toThrowError(code('import-running'))
    batch.abort()
    addLabels(temp.store, [{ name: 'dock' }])
  })

  it('count usage', () => {
    fillStore(temp.store)
    expect([...labelUsage(temp.store.db)]).toEqual([
      [1, { annotations: 3, samples: 2 }],
      [2, { annotations: 1, samples: 1 }],
    ])
  })
})

describe('removing an import', () => {
  it('takes out what it brought, keeps what others added, and comes back whole', () => {
    fillStore(temp.store)
    const first = temp.dump()
    const batch = temp.store.beginImport({ source: 'second', format: 'coco', root: '/second' })
    batch.addLabels([
      { key: '1', name: 'ship' },
      { key: '5', name: 'tug' },
    ])
    batch.addSamples([
      { key: 'x', path: 'x.jpg' },
      { key: 'y', path: 'y.jpg' },
    ])
    const box = (sample: string, label: string) => ({
      sample,
      label,
      shape: { kind: 'box' as const, box: [1, 2, 3, 4] as [number, number, number, number] },
    })
    batch.addAnnotations([box('x', '1'), box('y', '5')])
    const { id } = batch.finish({ skipped: 3 })
    expect(listImports(temp.store.db)[1]).toMatchObject({
      id,
      source: 'second',
      format: 'coco',
      samples: 2,
      report: { skipped: 3 },
    })
    const handmade = temp.store.change('Draw', (write) =>
      write.insert('annotation', { sample_id: 5, label_id: 1, kind: 'tag' }),
    )
    const before = temp.dump()
    const expected = { annotations: 2, samples: 1, keptSamples: 1, labels: 1 }
    expect(previewRemoval(temp.store.db, id)).toEqual(expected)
    expect(removeImport(temp.store, id)).toEqual(expected)
    expect(temp.store.db.prepare('SELECT id FROM sample ORDER BY id').pluck().all()).toEqual([1, 2, 3, 5])
    expect(temp.store.db.prepare('SELECT id FROM annotation ORDER BY id').pluck().all()).toEqual([1, 2, 3, 4, handmade])
    expect(order()).toEqual(['0 ship', '1 buoy'])
    expect(() => removeImport(temp.store, id)).toThrowError(code('not-found'))
    temp.store.undo()
    expect(temp.dump()).toEqual(before)
    temp.store.undo()
    expect(removeImport(temp.store, id)).toEqual({ annotations: 2, samples: 2, keptSamples: 0, labels: 1 })
    const { import: _, ...rest } = temp.dump()
    const { import: __, ...firstRest } = first
    expect(rest).toEqual(firstRest)
  })
})
