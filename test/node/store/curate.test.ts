/** Labels, skeletons, attributes and statistics through their services. */
import { describe, expect, it } from 'vitest'
import { annotationsContract } from '@shared/contract/annotations'
import { attributesContract } from '@shared/contract/attributes'
import { historyContract } from '@shared/contract/history'
import { labelsContract } from '@shared/contract/labels'
import { client, serve } from '@shared/contract/rpc'
import { statisticsContract } from '@shared/contract/statistics'
import { memoryWires } from '@shared/contract/wires/memory'
import type { Skeleton } from '@shared/domain/skeleton'
import { createAnnotationsService } from '../../../src-main/services/annotations'
import { createAttributesService } from '../../../src-main/services/attributes'
import { createHistoryService } from '../../../src-main/services/history'
import { createLabelsService } from '../../../src-main/services/labels'
import { createStatisticsService } from '../../../src-main/services/statistics'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const contracts = {
  labels: labelsContract,
  annotations: annotationsContract,
  attributes: attributesContract,
  statistics: statisticsContract,
  history: historyContract,
}
function connect() {
  const [near, far] = memoryWires()
  const session = { store: () => temp.store } as Parameters<typeof createLabelsService>[0]
  serve(
    contracts,
    {
      labels: createLabelsService(session),
      annotations: createAnnotationsService(session),
      attributes: createAttributesService(session),
      statistics: createStatisticsService(session),
      history: createHistoryService(session),
    },
    far,
  )
  return client(contracts, near)
}
const code = (value: string, text = '') =>
  expect.objectContaining({ code: value, message: expect.stringContaining(text) })
type Api = ReturnType<typeof connect>
const names = async (api: Api) => (await api.labels.list()).labels.map(({ index, name }) => `${index} ${name}`)

describe('label order', () => {
  it('stays locked unless unlocked, and moves no annotation', async () => {
    fillStore(temp.store)
    const api = connect()
    await api.labels.add({ labels: [{ name: 'dock' }, { name: 'tug' }] })
    await api.labels.delete({ label: 'dock', gaps: 'keep-gap' })
    const before = temp.dump()
    const order = ['tug', 'buoy', 'ship', 'unused-2']
    await expect(api.labels.reorder({ order })).rejects.toThrowError(code('order-locked'))
    await expect(api.labels.reorder({ order: ['tug'], unlock: true })).rejects.toThrowError(code('bad-input', '1 of 4'))
    await api.labels.reorder({ order: await names(api).then(() => ['ship', 'buoy', 'unused-2', 'tug']) })
    expect(temp.dump()).toEqual(before)
    await api.labels.reorder({ order, unlock: true })
    expect(await names(api)).toEqual(['0 tug', '1 buoy', '2 ship', '3 unused-3'])
    expect(temp.dump().annotation).toEqual(before.annotation)
    await api.history.undo()
    expect(temp.dump()).toEqual(before)
  })
})

describe('hot keys', () => {
  it('are digits by index unless set, and are not given twice', async () => {
    fillStore(temp.store)
    const api = connect()
    const keys = async () => (await api.labels.list()).labels.map(({ hotkey }) => hotkey)
    await api.labels.add({ labels: Array.from({ length: 9 }, (_, i) => ({ name: `l${i}` })) })
    expect(await keys()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', null, null])
    await api.labels.setHotkey({ label: 'ship', hotkey: 'q' })
    await api.labels.setHotkey({ label: 'l8', hotkey: '1' })
    await api.labels.setHotkey({ label: 'buoy', hotkey: null })
    expect((await keys()).slice(0, 3)).toEqual(['q', null, '3'])
    await expect(api.labels.setHotkey({ label: 'l0', hotkey: 'q' })).rejects.toThrowError(
      code('hotkey-taken', '"ship"'),
    )
    await api.labels.setHotkey({ label: 'l0', hotkey: 'q', replace: true })
    // The digit 1 belongs to l8 now, so ship has none.
    expect((await keys())[0]).toBeNull()
    await api.labels.setHotkey({ label: 'l8', hotkey: 'auto' })
    expect((await keys())[0]).toBe('1')
  })
})

it('colors go back to the palette in one step', async () => {
  fillStore(temp.store)
  const api = connect()
  const before = temp.dump()
  await api.labels.recolor({ label: 'ship', color: '#123456' })
  await api.labels.recolor({ label: 'buoy', color: '#123456' })
  await api.labels.resetColors({ labels: ['buoy'] })
  expect((await api.labels.list()).labels.map(({ color }) => color)).toEqual(['#123456', '#e69f00'])
  await api.labels.resetColors()
  expect(temp.dump()).toEqual(before)
})

describe('splitting a label', () => {
  it('moves the objects that satisfy the conditions to a new or known label', async () => {
    fillStore(temp.store)
    const api = connect()
    await api.annotations.apply({
      reason: 'Draw box',
      changes: [
        { op: 'add', sample: 3, label: 1, shape: { kind: 'box', box: [0, 0, 90, 50] }, flags: { occluded: true } },
      ],
    })
    const before = temp.dump()
    const large = { label: 'ship', objects: { area: { min: 1000 } } }
    expect(await api.labels.previewSplit(large)).toEqual({ annotations: 1, samples: 1 })
    expect(await api.labels.split({ ...large, into: 'ferry' })).toEqual({ annotations: 1, into: 3 })
    expect(await names(api)).toEqual(['0 ship', '1 buoy', '2 ferry'])
    expect((await api.annotations.list({ sample: 3 })).annotations).toMatchObject([{ label: 3 }])
    await api.history.undo()
    expect(temp.dump()).toEqual(before)
    const inVal = { label: 'ship', samples: { split: 'val' as const } }
    expect(await api.labels.split({ ...inVal, into: 'buoy' })).toEqual({ annotations: 2, into: 2 })
    await expect(api.labels.split({ ...inVal, into: 'buoy' })).rejects.toThrowError(code('nothing-chosen'))
    await expect(api.labels.split({ ...inVal, into: 'ship' })).rejects.toThrowError(code('bad-input', 'itself'))
  })
})

describe('class files', () => {
  it('go out, come in, and never move a label', async () => {
    fillStore(temp.store)
    const api = connect()
    await api.labels.setHotkey({ label: 'buoy', hotkey: 'q' })
    expect(await api.labels.toFile()).toEqual({ name: 'classes.txt', text: 'ship\nbuoy\n' })
    const yaml = (await api.labels.toFile({ format: 'yaml' })).text
    expect(await api.labels.fromFile({ text: yaml })).toEqual({
      format: 'yaml',
      added: [],
      existing: ['ship', 'buoy'],
      sameOrder: true,
    })
    const text = 'dock\nbuoy\ncrane\n'
    const outcome = { format: 'text', added: ['dock', 'crane'], existing: ['buoy'], sameOrder: false }
    expect(await api.labels.fromFile({ text, preview: true })).toEqual(outcome)
    expect(await names(api)).toHaveLength(2)
    expect(await api.labels.fromFile({ text })).toEqual(outcome)
    expect(await names(api)).toEqual(['0 ship', '1 buoy', '2 dock', '3 crane'])
    await api.history.undo()
    expect(await names(api)).toHaveLength(2)
    expect((await api.labels.fromFile({ text: 'ship\nbuoy\nnext\n' })).sameOrder).toBe(true)
  })

  it('carry colors, keys and skeletons to another project', async () => {
    const api = connect()
    const given = `names: [person, car]
labels:
  person: {color: '#112233', cocoId: 7, hotkey: p, skeleton: {names: [a, b], flip: [1, 0]}}
`
    await api.labels.fromFile({ text: given })
    const { labels } = await api.labels.list()
    expect(labels).toMatchObject([
      { name: 'person', color: '#112233', cocoId: 7, hotkey: 'p', skeleton: { names: ['a', 'b'], flip: [1, 0] } },
      { name: 'car', cocoId: 2, hotkey: '2', skeleton: null },
    ])
    await expect(api.labels.fromFile({ text: 'a\na\n' })).rejects.toThrowError(code('bad-class-file', '"a" twice'))
  })
})

describe('skeletons', () => {
  const skeleton: Skeleton = { names: ['nose', 'left', 'right'], edges: [[0, 1]], flip: [0, 2, 1], sigmas: [] }
  const draw = async (api: Api) => {
    await api.labels.setSkeleton({ label: 'ship', skeleton })
    const keypoints: [number, number, 0 | 1 | 2][] = [
      [1, 2, 2],
      [3, 4, 1],
      [5, 6, 2],
    ]
    await api.annotations.apply({
      reason: 'Draw keypoints',
      changes: [
        { op: 'add', sample: 1, label: 1, shape: { kind: 'keypoints', keypoints } },
        {
          op: 'add',
          sample: 3,
          label: 1,
          shape: { kind: 'keypoints', keypoints: [[0, 0, 0], keypoints[1], [0, 0, 0]] },
        },
      ],
    })
  }
  const poses = async (api: Api) => {
    const { annotations } = await api.annotations.list({ sample: 1 })
    const shape = annotations.at(-1)!.shape
    return shape.kind === 'keypoints' ? shape.keypoints : null
  }

  it('keep what is labelled when points are added, moved and renamed', async () => {
    fillStore(temp.store)
    const api = connect()
    await draw(api)
    const before = temp.dump()
    const renamed = { ...skeleton, names: ['beak', 'left', 'right'] }
    expect(await api.labels.setSkeleton({ label: 'ship', skeleton: renamed, sources: [0, 1, 2] })).toEqual({
      annotations: 0,
    })
    expect(await poses(api)).toEqual([
      [1, 2, 2],
      [3, 4, 1],
      [5, 6, 2],
    ])
    const wider = { names: ['right', 'tail', 'left', 'beak'], edges: [], flip: [2, 1, 0, 3], sigmas: [] }
    expect(await api.labels.previewSkeleton({ label: 'ship', skeleton: wider })).toEqual({
      annotations: 2,
      samples: 2,
      lostPoints: 0,
      emptied: 0,
    })
    expect(await api.labels.setSkeleton({ label: 'ship', skeleton: wider })).toEqual({ annotations: 2 })
    expect(await poses(api)).toEqual([
      [5, 6, 2],
      [0, 0, 0],
      [3, 4, 1],
      [1, 2, 2],
    ])
    await api.history.undo()
    await api.history.undo()
    expect(temp.dump()).toEqual(before)
  })

  it('say what would be lost, and lose it only until undo', async () => {
    fillStore(temp.store)
    const api = connect()
    await draw(api)
    const before = temp.dump()
    const smaller = { names: ['nose'], edges: [], flip: [], sigmas: [] }
    expect(await api.labels.previewSkeleton({ label: 'ship', skeleton: smaller })).toEqual({
      annotations: 2,
      samples: 2,
      lostPoints: 3,
      emptied: 1,
    })
    await api.labels.setSkeleton({ label: 'ship', skeleton: smaller })
    expect(await poses(api)).toEqual([[1, 2, 2]])
    temp.reopen().undo()
    expect(temp.dump()).toEqual(before)
    await expect(connect().labels.setSkeleton({ label: 'ship', skeleton: null })).rejects.toThrowError(code('in-use'))
    // A refused call leaves nothing open that would stand in the way of the next.
    await connect().labels.rename({ label: 'ship', name: 'vessel' })
  })

  it('are refused with the reason', async () => {
    fillStore(temp.store)
    const api = connect()
    const set = (patch: Partial<Skeleton>, sources?: (number | null)[]) =>
      api.labels.setSkeleton({ label: 'ship', skeleton: { ...skeleton, ...patch }, sources })
    await expect(set({ flip: [1, 2, 0] })).rejects.toThrowError(code('bad-skeleton', 'mutual'))
    await api.labels.setSkeleton({ label: 'ship', skeleton })
    await expect(set({}, [0, 1])).rejects.toThrowError(code('bad-skeleton', '2 entries'))
    await expect(set({}, [0, 1, 1])).rejects.toThrowError(code('bad-skeleton', 'same old point'))
    await expect(set({}, [0, 1, 3])).rejects.toThrowError(code('bad-skeleton', 'no old keypoint 3'))
    await api.labels.setSkeleton({ label: 'ship', skeleton: null })
    expect((await api.labels.list()).labels[0].skeleton).toBeNull()
  })
})

describe('attributes', () => {
  const apply = (api: Api, attributes: Record<string, string | number | boolean | null>, extra?: object) =>
    api.annotations.apply({
      reason: 'Change attributes',
      changes: [{ op: 'update', id: 1, attributes, ...(extra ? { extra: extra as Record<string, unknown> } : {}) }],
    })
  const read = async (api: Api) => (await api.annotations.list({ sample: 1 })).annotations[0]

  it('lie beside what the file said, change one by one and go with undo', async () => {
    fillStore(temp.store)
    const api = connect()
    await apply(api, { color: 'red', wet: true }, { voc: { pose: 'Left' } })
    await apply(api, { color: null, n: 2 })
    expect(await read(api)).toMatchObject({ attributes: { wet: true, n: 2 }, extra: { voc: { pose: 'Left' } } })
    await apply(api, {}, { attributes: 'not these' })
    expect(await read(api)).toMatchObject({ attributes: { wet: true, n: 2 }, extra: null })
    await api.history.undo()
    await api.history.undo()
    expect((await read(api)).attributes).toEqual({ color: 'red', wet: true })
  })

  it('are checked where the project defines them', async () => {
    fillStore(temp.store)
    const api = connect()
    await api.attributes.put({ attribute: { type: 'choice', name: 'color', choices: ['red', 'blue'] } })
    await api.attributes.put({ attribute: { type: 'number', name: 'speed', min: 0 } })
    await expect(apply(api, { color: 'green' })).rejects.toThrowError(code('bad-input', 'red, blue'))
    await expect(apply(api, { speed: -1 })).rejects.toThrowError(code('bad-input', 'outside'))
    await expect(apply(api, { speed: 'fast' })).rejects.toThrowError(code('bad-input', 'number'))
    await apply(api, { color: 'blue', speed: 3, free: 'text' })
    expect((await api.attributes.usage()).names).toEqual([
      { name: 'color', defined: true, annotations: 1, values: [{ value: 'blue', annotations: 1 }] },
      { name: 'speed', defined: true, annotations: 1, values: [{ value: 3, annotations: 1 }] },
      { name: 'free', defined: false, annotations: 1, values: [{ value: 'text', annotations: 1 }] },
    ])
    await api.attributes.reorder({ names: ['speed'] })
    expect((await api.attributes.list()).attributes.map(({ name }) => name)).toEqual(['speed', 'color'])
  })

  it('are renamed and removed over the whole project, one step each', async () => {
    fillStore(temp.store)
    const api = connect()
    await api.attributes.put({ attribute: { type: 'boolean', name: 'wet' } })
    await api.annotations.apply({
      reason: 'Change attributes',
      changes: [1, 2, 3].map((id) => ({ op: 'update' as const, id, attributes: { wet: id < 3, other: 1 } })),
    })
    const before = temp.dump()
    expect(await api.attributes.rename({ from: 'wet', to: 'damp' })).toEqual({ annotations: 3 })
    expect((await read(api)).attributes).toEqual({ damp: true, other: 1 })
    await expect(api.attributes.rename({ from: 'damp', to: 'other' })).rejects.toThrowError(code('attribute-exists'))
    await expect(api.attributes.rename({ from: 'x', to: 'y' })).rejects.toThrowError(code('not-found', 'damp, other'))
    expect(await api.attributes.remove({ name: 'damp' })).toEqual({ annotations: 0 })
    expect(await api.attributes.remove({ name: 'damp', values: true })).toEqual({ annotations: 3 })
    expect((await read(api)).attributes).toEqual({ other: 1 })
    for (let i = 0; i < 3; i++) await api.history.undo()
    expect(temp.dump()).toEqual(before)
  })
})

it('boxes of many samples come largest first, without what is hidden or has no box', async () => {
  fillStore(temp.store)
  const api = connect()
  await api.annotations.apply({
    reason: 'Draw box',
    changes: [
      { op: 'add', sample: 1, label: 2, shape: { kind: 'box', box: [0, 0, 90, 50] } },
      { op: 'add', sample: 1, label: 2, shape: { kind: 'box', box: [0, 0, 99, 79] }, hidden: true },
      { op: 'add', sample: 1, label: 2, shape: { kind: 'tag' } },
    ],
  })
  expect(await api.annotations.listMany({ samples: [3, 1, 99], limit: 2 })).toEqual({
    samples: [
      { sample: 3, total: 0, boxes: [], poses: [], tags: [] },
      {
        sample: 1,
        total: 5,
        boxes: [
          [2, 0, 0, 90, 50],
          [1, 1, 1, 11.5, 21.25],
        ],
        poses: [],
        tags: [2],
      },
      { sample: 99, total: 0, boxes: [], poses: [], tags: [] },
    ],
  })
})

describe('statistics', () => {
  it('count objects, images, sizes and places', async () => {
    fillStore(temp.store)
    const api = connect()
    temp.store.change('x', (write) => {
      write.set('sample', 'reviewed', 1, [2, 3])
      write.insert('annotation', { sample_id: 1, label_id: 2, kind: 'tag' })
      write.insert('annotation', { sample_id: 1, label_id: 2, kind: 'box', x1: 0, y1: 0, x2: 100, y2: 80 })
      write.insert('annotation', { sample_id: 2, label_id: 2, kind: 'box', x1: 0, y1: 0, x2: 96, y2: 96 })
    })
    const all = await api.statistics.get()
    expect(all.revision).toBe(temp.store.project.revision)
    expect(all.samples).toEqual({
      total: 3,
      labelled: 2,
      reviewed: 2,
      reviewedEmpty: 1,
      untouched: 0,
      splits: { train: 1, val: 1, test: 0, none: 1 },
      labelledSplits: { train: 1, val: 1, test: 0, none: 0 },
    })
    expect(all.objects).toEqual({
      total: 7,
      splits: { train: 4, val: 3, test: 0, none: 0 },
      sizes: { small: 4, medium: 1, large: 1 },
    })
    expect(all.labels).toEqual([
      {
        label: 1,
        objects: 3,
        samples: 2,
        splits: { train: 1, val: 2, test: 0, none: 0 },
        sampleSplits: { train: 1, val: 1, test: 0, none: 0 },
        sizes: { small: 3, medium: 0, large: 0 },
        meanArea: 10.5 * 20.25,
      },
      {
        label: 2,
        objects: 4,
        samples: 2,
        splits: { train: 3, val: 1, test: 0, none: 0 },
        sampleSplits: { train: 1, val: 1, test: 0, none: 0 },
        sizes: { small: 1, medium: 1, large: 1 },
        meanArea: (10.5 * 20.25 + 8000 + 9216) / 3,
      },
    ])
    const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0)
    for (const histogram of [all.boxSize, all.relativeSize, all.aspect]) expect(sum(histogram.counts)).toBe(6)
    expect(all.boxSize.counts[all.boxSize.edges.findIndex((edge) => edge > 96) - 1]).toBe(1)
    expect(all.relativeSize.counts.at(-1)).toBe(2)
    expect(all.aspect.counts[all.aspect.edges.indexOf(0)]).toBe(1)
    expect(all.perImage).toMatchObject({ mean: 7 / 3, max: 4 })
    expect(all.perImage.counts.slice(0, 5)).toEqual([1, 0, 0, 1, 1])
    expect(sum(all.centres.counts)).toBe(6)
    expect(all.centres.counts[8 * 16 + 8]).toBe(1)
    expect(all.imageSizes).toMatchObject({ top: [{ width: 100, height: 80, samples: 3 }], different: 1, unknown: 0 })
    const val = await api.statistics.get({ filter: { split: 'val' } })
    expect([val.samples.total, val.objects.total, val.labels[0].objects]).toEqual([1, 3, 2])
    await api.history.undo()
    expect((await api.statistics.get()).objects.total).toBe(4)
  })

  it('count how keypoints are seen', async () => {
    fillStore(temp.store)
    const api = connect()
    const skeleton = { names: ['a', 'b'], edges: [], flip: [], sigmas: [] }
    await api.labels.setSkeleton({ label: 'ship', skeleton })
    const add = (sample: number, label: number, ...keypoints: [number, number, 0 | 1 | 2][]) => ({
      op: 'add' as const,
      sample,
      label,
      shape: { kind: 'keypoints' as const, keypoints },
    })
    await api.annotations.apply({
      reason: 'Draw keypoints',
      changes: [add(1, 1, [1, 1, 2], [0, 0, 0]), add(2, 1, [1, 1, 1], [2, 2, 2]), add(3, 2, [1, 1, 2])],
    })
    expect((await api.statistics.keypoints()).labels).toEqual([
      {
        label: 1,
        instances: 2,
        points: [
          { name: 'a', visible: 1, hidden: 1, absent: 0 },
          { name: 'b', visible: 1, hidden: 0, absent: 1 },
        ],
      },
      { label: 2, instances: 1, points: [{ name: '1', visible: 1, hidden: 0, absent: 0 }] },
    ])
    expect((await api.statistics.keypoints({ filter: { split: 'train' } })).labels).toMatchObject([
      { label: 1, instances: 1 },
    ])
  })
})

it('what these services did can be told in any language', async () => {
  fillStore(temp.store)
  const api = connect()
  await api.labels.add({ labels: [{ name: 'dock' }] })
  await api.labels.rename({ label: 'dock', name: 'quay' })
  await api.labels.setHotkey({ label: 'quay', hotkey: 'q' })
  await api.labels.recolor({ label: 'quay', color: '#123456' })
  await api.labels.resetColors()
  await api.labels.setSkeleton({ label: 'quay', skeleton: { names: ['a'] } })
  await api.labels.split({ label: 'ship', samples: { split: 'val' }, into: 'tug' })
  await api.labels.reorder({ order: ['tug', 'quay', 'buoy', 'ship'], unlock: true })
  await api.labels.merge({ from: ['tug'], into: 'ship' })
  await api.labels.delete({ label: 'buoy', gaps: 'reindex' })
  await api.labels.fromFile({ text: 'crane' })
  await api.attributes.put({ attribute: { type: 'text', name: 'note' } })
  await api.attributes.rename({ from: 'note', to: 'remark' })
  await api.attributes.remove({ name: 'remark' })
  const { entries } = await api.history.list()
  expect(entries.map(({ key }) => key).toReversed()).toEqual([
    'addLabel',
    'renameLabel',
    'setHotkey',
    'recolorLabel',
    'resetColors',
    'addSkeleton',
    'splitLabel',
    'reorderLabels',
    'mergeLabel',
    'deleteLabel',
    'readClassFile',
    'addAttribute',
    'renameAttribute',
    'removeAttribute',
  ])
  expect(entries.at(-2)!.values).toEqual({ from: 'dock', to: 'quay' })
  expect((await api.history.undo()).entry).toMatchObject({ key: 'removeAttribute', values: { name: 'remark' } })
})
