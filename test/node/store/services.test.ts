/** The services over a wire, as the CLI and the window call them. */
import { describe, expect, it } from 'vitest'
import { annotationsContract } from '@shared/contract/annotations'
import { historyContract } from '@shared/contract/history'
import { labelsContract } from '@shared/contract/labels'
import { projectContract } from '@shared/contract/project'
import { client, serve } from '@shared/contract/rpc'
import { samplesContract } from '@shared/contract/samples'
import { memoryWires } from '@shared/contract/wires/memory'
import { splitText } from '../../../src-main/entry/cli/project-commands'
import { createAnnotationsService } from '../../../src-main/services/annotations'
import { createHistoryService } from '../../../src-main/services/history'
import { createLabelsService } from '../../../src-main/services/labels'
import { createProjectService } from '../../../src-main/services/project'
import { createSamplesService } from '../../../src-main/services/samples'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const contracts = {
  project: projectContract,
  labels: labelsContract,
  samples: samplesContract,
  annotations: annotationsContract,
  history: historyContract,
}
function connect() {
  const [near, far] = memoryWires()
  const session = { store: () => temp.store, init: () => temp.store, open: () => temp.store }
  serve(
    contracts,
    {
      project: createProjectService(session),
      labels: createLabelsService(session),
      samples: createSamplesService(session),
      annotations: createAnnotationsService(session),
      history: createHistoryService(session),
    },
    far,
  )
  return client(contracts, near)
}
const code = (value: string) => expect.objectContaining({ code: value })

describe('project', () => {
  it('info counts what is there', async () => {
    fillStore(temp.store)
    const api = connect()
    temp.store.change('tag', (write) => write.insert('annotation', { sample_id: 1, label_id: 1, kind: 'tag' }))
    expect(await api.project.info()).toMatchObject({
      name: 'p',
      task: 'detect',
      samples: {
        total: 3,
        labelled: 2,
        reviewed: 0,
        splits: { train: 1, val: 1, test: 0, none: 1 },
        states: { ok: 3, missing: 0, unreadable: 0 },
      },
      annotations: { total: 5, shapes: { box: 4, tag: 1 } },
      labels: [
        { index: 0, name: 'ship', gap: false, annotations: 4 },
        { index: 1, name: 'buoy', gap: false, annotations: 1 },
      ],
      runs: 0,
      imports: 1,
    })
    await api.project.rename({ name: 'Hafen' })
    expect((await api.project.info()).name).toBe('Hafen')
    await api.history.undo()
    expect((await api.project.info()).name).toBe('p')
    const { imports } = await api.project.imports()
    expect(await api.project.removeImport({ import: imports[0].id })).toMatchObject({
      annotations: 4,
      samples: 2,
      keptSamples: 1,
    })
    expect((await api.project.info()).imports).toBe(0)
  })
})

describe('samples', () => {
  it('lists by every filter, in pages', async () => {
    fillStore(temp.store)
    const api = connect()
    const found = async (filter: Parameters<typeof api.samples.ids>[0] & object) => (await api.samples.ids(filter)).ids
    expect(await found({ filter: { split: 'train' } })).toEqual([1])
    expect(await found({ filter: { split: 'none' } })).toEqual([3])
    expect(await found({ filter: { label: 1 } })).toEqual([1, 2])
    expect(await found({ filter: { label: 2 } })).toEqual([1])
    expect(await found({ filter: { empty: true } })).toEqual([3])
    expect(await found({ filter: { empty: false, text: 'B.JPG' } })).toEqual([2])
    expect(await found({ filter: { state: 'missing' } })).toEqual([])
    const page = await api.samples.list({ limit: 2 })
    expect(page).toMatchObject({
      total: 3,
      samples: [{ id: 1, path: 'a.jpg', annotations: 2, split: 'train' }, { id: 2 }],
    })
    expect((await api.samples.list({ limit: 2, after: 2 })).samples.map((sample) => sample.id)).toEqual([3])
    await expect(api.samples.get({ sample: 9 })).rejects.toThrowError(code('not-found'))
    await expect(api.samples.list({ filter: { nonsense: 1 } as never })).rejects.toThrowError(code('bad-input'))
  })

  it('sets splits and review by ids or filter, each one step', async () => {
    fillStore(temp.store)
    const api = connect()
    expect(await api.samples.setSplit({ samples: { filter: { split: 'none' } }, split: 'test' })).toEqual({
      changed: 1,
    })
    expect(await api.samples.markReviewed({ samples: { ids: [1, 3] } })).toEqual({ changed: 2 })
    expect((await api.samples.ids({ filter: { reviewed: true, empty: true } })).ids).toEqual([3])
    await api.history.undo()
    await api.history.undo()
    expect((await api.samples.ids({ filter: { reviewed: true } })).ids).toEqual([])
    expect((await api.samples.get({ sample: 3 })).split).toBeNull()
  })

  it('divides automatically: stratified, repeatable, keeping what is assigned', async () => {
    const batch = temp.store.beginImport({ source: 's', root: '/s' })
    batch.addLabels([
      { key: '0', name: 'common' },
      { key: '1', name: 'rare' },
    ])
    const samples = Array.from({ length: 200 }, (_, i) => ({ key: String(i), path: `${i}.jpg` }))
    batch.addSamples(samples)
    const box = (sample: string, label: string) => ({
      sample,
      label,
      shape: { kind: 'box' as const, box: [1, 2, 3, 4] as [number, number, number, number] },
    })
    batch.addAnnotations(samples.slice(0, 150).map(({ key }) => box(key, '0')))
    batch.addAnnotations(samples.slice(0, 10).map(({ key }) => box(key, '1')))
    batch.finish()
    const api = connect()
    const splits = () => temp.store.db.prepare('SELECT split FROM sample ORDER BY id').pluck().all() as string[]
    const unreadable = { train: 0, val: 0, test: 0 }
    expect(await api.samples.autoSplit({ seed: 3 })).toEqual({ train: 160, val: 20, test: 20, unreadable })
    const first = splits()
    const share = (from: number, to: number, split: string) => first.slice(from, to).filter((s) => s === split).length
    expect([share(0, 10, 'train'), share(0, 10, 'val'), share(0, 10, 'test')]).toEqual([8, 1, 1])
    expect(share(150, 200, 'train')).toBe(40)
    expect(await api.samples.autoSplit({ seed: 4 })).toEqual({ train: 160, val: 20, test: 20, unreadable })
    expect(splits()).toEqual(first)
    await api.samples.autoSplit({ seed: 4, which: 'all' })
    expect(splits()).not.toEqual(first)
    await api.history.undo()
    expect(splits()).toEqual(first)
    await api.history.undo()
    await api.samples.setSplit({ samples: { ids: [1, 2, 3] }, split: 'test' })
    await api.samples.autoSplit({ seed: 3, shares: { train: 0.5, val: 0.5, test: 0 } })
    expect(splits().slice(0, 3)).toEqual(['test', 'test', 'test'])
    expect(splits().filter((s) => s === 'test')).toHaveLength(3)
    await expect(api.samples.autoSplit({ shares: { train: 0, val: 0, test: 0 } })).rejects.toThrowError(
      code('bad-input'),
    )
  })

  it('keeps the shares for images that can be read, and says how many cannot', async () => {
    const batch = temp.store.beginImport({ source: 's', root: '/s' })
    const state = (i: number) => (i % 4 === 0 ? 'missing' : i % 20 === 1 ? 'unreadable' : 'ok')
    batch.addSamples(Array.from({ length: 100 }, (_, i) => ({ key: String(i), path: `${i}.jpg`, state: state(i) })))
    batch.finish()
    const made = await connect().samples.autoSplit({ shares: { train: 0.8, val: 0.1, test: 0.1 } })
    expect(made).toEqual({ train: 80, val: 10, test: 10, unreadable: { train: 24, val: 3, test: 3 } })
    const usable = temp.store.db.prepare(`SELECT split, count(*) FROM sample WHERE state = 'ok' GROUP BY split`)
    expect(Object.fromEntries(usable.raw().all() as [string, number][])).toEqual({ train: 56, val: 7, test: 7 })
    expect(splitText(made)).toEqual([
      'Splits: train 80, val 10, test 10.',
      'Of them 30 images are missing or cannot be read (train 24, val 3, test 3): not trained on and not measured until restored. The shares hold without them.',
    ])
    expect(splitText({ ...made, unreadable: { train: 0, val: 0, test: 0 } })).toHaveLength(1)
  })
})

describe('annotations and history', () => {
  it('applies a gesture as one step and answers the ids', async () => {
    fillStore(temp.store)
    const api = connect()
    const done = await api.annotations.apply({
      reason: 'Draw',
      changes: [
        {
          op: 'add',
          sample: 3,
          label: 2,
          shape: { kind: 'box', box: [1, 2, 3.5, 4] },
          flags: { occluded: true },
          z: 4,
        },
        { op: 'update', id: 1, label: 2, flags: { difficult: true }, shape: { kind: 'polygon', rings: [[[0, 0], [5, 0], [5, 5]]] } }, // prettier-ignore
        { op: 'remove', id: 2 },
      ],
    })
    expect(done.ids).toEqual([5, 1, 2])
    expect(done.revision).toBe(temp.store.project.revision)
    const { annotations } = await api.annotations.list({ sample: 3 })
    expect(annotations).toEqual([
      {
        id: 5,
        sample: 3,
        label: 2,
        shape: { kind: 'box', box: [1, 2, 3.5, 4] },
        flags: { difficult: false, truncated: false, occluded: true, crowd: false },
        hidden: false,
        locked: false,
        area: null,
        z: 4,
        provenance: null,
        attributes: {},
        extra: null,
      },
    ])
    expect((await api.annotations.list({ sample: 1 })).annotations).toMatchObject([
      { id: 1, label: 2, flags: { difficult: true }, shape: { kind: 'polygon' }, provenance: 'import' },
    ])
    expect(await api.history.list()).toMatchObject({
      entries: [{ reason: 'Draw', rows: 3, done: true }],
      undo: 1,
      redo: null,
    })
    expect((await api.history.undo()).entry).toMatchObject({ reason: 'Draw', done: false })
    expect((await api.annotations.list({ sample: 1 })).annotations.map((a) => [a.id, a.shape.kind])).toEqual([
      [1, 'box'],
      [2, 'box'],
    ])
    expect((await api.history.undo()).entry).toBeNull()
    expect((await api.history.redo()).entry).toMatchObject({ done: true })
  })

  it('refuses the whole gesture when one part is wrong', async () => {
    fillStore(temp.store)
    const api = connect()
    const before = temp.dump()
    const add = {
      op: 'add' as const,
      sample: 1,
      label: 1,
      shape: { kind: 'box' as const, box: [1, 2, 3, 4] as [number, number, number, number] },
    }
    const attempt = (change: Parameters<typeof api.annotations.apply>[0]['changes'][number]) =>
      api.annotations.apply({ reason: 'x', changes: [add, change] })
    await expect(attempt({ op: 'remove', id: 77 })).rejects.toThrowError(code('not-found'))
    await expect(attempt({ ...add, sample: 77 })).rejects.toThrowError(code('not-found'))
    await expect(attempt({ ...add, label: 77 })).rejects.toThrowError(code('not-found'))
    await expect(attempt({ ...add, shape: { kind: 'box', box: [3, 2, 3, 4] } })).rejects.toThrowError(code('bad-input'))
    await expect(attempt({ ...add, shape: { kind: 'box', box: [NaN, 2, 3, 4] } })).rejects.toThrowError(
      code('bad-input'),
    )
    expect(temp.dump()).toEqual(before)
  })

  it('joins nudges', async () => {
    fillStore(temp.store)
    const api = connect()
    for (const x of [2, 3, 4]) {
      await api.annotations.apply({
        reason: 'Nudge',
        merge: true,
        changes: [{ op: 'update', id: 1, shape: { kind: 'box', box: [x, 1, 30, 30] } }],
      })
    }
    expect((await api.history.list()).entries).toHaveLength(1)
    await api.history.undo()
    expect((await api.annotations.list({ sample: 1 })).annotations[0].shape).toEqual({
      kind: 'box',
      box: [1, 1, 11.5, 21.25],
    })
  })
})

describe('labels', () => {
  it('answer by name or id over the wire', async () => {
    fillStore(temp.store)
    const api = connect()
    expect(await api.labels.preview({ labels: ['ship'] })).toEqual({ annotations: 3, samples: 2 })
    await api.labels.add({ labels: [{ name: 'dock' }] })
    await api.labels.rename({ label: 3, name: 'pier' })
    expect(await api.labels.merge({ from: ['buoy'], into: 'ship' })).toEqual({ annotations: 1 })
    expect((await api.labels.list()).labels).toMatchObject([
      { index: 0, name: 'ship', annotations: 4, samples: 2, skeleton: null },
      { index: 1, name: 'pier', annotations: 0, samples: 0 },
    ])
    expect(await api.labels.delete({ label: 'ship', gaps: 'keep-gap' })).toEqual({ annotations: 4 })
    expect((await api.labels.list()).labels.map((label) => label.gap)).toEqual([true, false])
  })
})
