import { describe, expect, it } from 'vitest'
import { contracts } from '@shared/contract'
import { historyContract } from '@shared/contract/history'
import { lintContract } from '@shared/contract/lint'
import { client, createHub, serve } from '@shared/contract/rpc'
import { memoryWires } from '@shared/contract/wires/memory'
import type { DatasetAnnotation } from '@shared/domain/dataset'
import type { JobDefinition } from '../../../src-main/jobs/define-job'
import type { JobDeps } from '../../../src-main/jobs/job-deps'
import { storeJobRows } from '../../../src-main/jobs/job-rows'
import { lintJob } from '../../../src-main/jobs/lint-job'
import { createQueue } from '../../../src-main/jobs/queue'
import { createHistoryService } from '../../../src-main/services/history'
import { createLintService } from '../../../src-main/services/lint'
import { addLabels, deleteLabel, renameLabel } from '../../../src-main/store/change-labels'
import { setSkeleton } from '../../../src-main/store/change-skeleton'
import { addFindings, clearLint, countFindings, listFindings } from '../../../src-main/store/lint-issue'
import { sampleIds } from '../../../src-main/store/sample'
import type { Store } from '../../../src-main/store/store'
import { tempStore } from '../../helpers/temp-store'

const temp = tempStore()
type Box = [number, number, number, number]
const box = (sample: string, label: string, ...at: Box): DatasetAnnotation => ({
  sample,
  label,
  shape: { kind: 'box', box: at },
})

/** Six images of 100 x 80: one clean, then one fault after the other. */
function fillFaulty(store: Store): void {
  const batch = store.beginImport({ source: 'faulty', root: '/faulty' })
  batch.addLabels([
    { key: 's', name: 'ship' },
    { key: 'b', name: 'buoy' },
    { key: 'u', name: 'unused' },
    { key: 'p', name: 'pose', skeleton },
  ])
  const size = { width: 100, height: 80, split: 'train' as const }
  batch.addSamples([
    { key: 'clean', path: 'clean.jpg', ...size },
    { key: 'area', path: 'area.jpg', ...size },
    { key: 'border', path: 'border.jpg', ...size },
    { key: 'twice', path: 'twice.jpg', ...size },
    { key: 'pose', path: 'pose.jpg', ...size },
    { key: 'gone', path: 'gone.jpg', ...size, split: 'val', state: 'missing' },
  ])
  batch.addAnnotations([
    box('clean', 's', 10, 10, 40, 40),
    box('area', 's', 10, 10, 10, 40),
    box('area', 's', 20, 10, 22, 40),
    box('border', 's', 90, 10, 130, 40),
    box('border', 's', 150, 10, 180, 40),
    box('border', 's', 0, 0, 100.4, 80),
    box('twice', 's', 10, 10, 50, 50),
    box('twice', 's', 10, 10, 50, 50.5),
    box('twice', 'b', 10, 10, 50.2, 50),
    { sample: 'pose', label: 'p', shape: { kind: 'keypoints', keypoints: pose([]) } },
    { sample: 'pose', label: 'p', shape: { kind: 'keypoints', keypoints: pose([5], 8) } },
    { sample: 'pose', label: 'p', shape: { kind: 'keypoints', keypoints: Array.from({ length: 8 }, () => [0, 0, 0]) } },
    { sample: 'pose', label: 'p', shape: { kind: 'keypoints', keypoints: pose([], 16).slice(0, 6) } },
    box('gone', 'b', 1, 1, 20, 20),
  ])
  batch.finish()
}

const skeleton = {
  names: ['nose', 'tail', 'l hip', 'l knee', 'r hip', 'l foot', 'r knee', 'r foot'],
  edges: [
    [0, 1],
    [2, 3],
    [3, 5],
    [4, 6],
    [6, 7],
    [2, 4],
  ] as [number, number][],
  flip: [0, 1, 4, 6, 2, 7, 3, 5],
  sigmas: [],
}
/** Two legs side by side; the named points change places with their mirrors. */
function pose(swapped: number[], dx = 0): [number, number, 0 | 1 | 2][] {
  // prettier-ignore
  const points: [number, number, 0 | 1 | 2][] = [
    [50, 5, 2], [50, 20, 2], [40, 30, 2], [40, 50, 2], [60, 30, 2], [40, 70, 2], [60, 50, 2], [60, 70, 2],
  ]
  for (const i of swapped) {
    const j = skeleton.flip[i]
    ;[points[i], points[j]] = [points[j], points[i]]
  }
  return points.map(([x, y, v]) => [x + dx, y, v])
}

function connect() {
  const hub = createHub(contracts)
  temp.store.events.on('project.changed', (payload) => hub.emit('project.changed', payload))
  const deps = {
    store: () => temp.store,
    hub,
    startWorker: () => Promise.reject(new Error('none')),
  } as unknown as JobDeps
  const queue = createQueue({
    rows: storeJobRows(temp.store.db),
    kinds: [lintJob(deps)] as unknown as JobDefinition[],
    events: { changed() {}, progress() {}, log() {} },
  })
  const session = { store: () => temp.store, init: () => temp.store, open: () => temp.store }
  const [near, far] = memoryWires()
  const some = { lint: lintContract, history: historyContract }
  serve(some, { lint: createLintService(deps, () => queue), history: createHistoryService(session as never) }, far, {
    hub: hub as never,
  })
  const api = client(some, near)
  return {
    api,
    async scan() {
      const { job } = await api.lint.run()
      const done = await queue.wait(job)
      expect(done.error).toBeNull()
      return done.result as { issues: number }
    },
    codes: async () => Object.fromEntries((await api.lint.list()).counts.map(({ code, issues }) => [code, issues])),
  }
}

describe('lint', () => {
  it('finds each fault once and says what can be done', async () => {
    fillFaulty(temp.store)
    const { api, scan } = connect()
    expect(await api.lint.list()).toMatchObject({ fresh: false, scannedAt: null, total: 0 })
    const { issues } = await scan()
    const all = await api.lint.list()
    expect(all.fresh).toBe(true)
    expect(all.total).toBe(issues)
    expect(all.issues.map(({ code, sample, annotation, fix }) => [code, sample, annotation, fix])).toEqual([
      ['image-missing', 6, null, null],
      ['zero-area', 2, 2, 'remove'],
      ['outside-image', 3, 5, 'remove'],
      ['keypoint-count', 5, 13, 'pad'],
      ['crosses-border', 3, 4, 'clip'],
      ['duplicate', 4, 8, 'remove'],
      ['label-conflict', 4, 9, null],
      ['no-keypoints', 5, 12, 'remove'],
      ['swapped-sides', 5, 11, 'swap'],
      ['tiny', 2, 3, 'remove'],
      ['unused-label', null, null, 'delete-label'],
    ])
    expect(all.issues.find(({ code }) => code === 'crosses-border')).toMatchObject({
      severity: 'warning',
      message: 'The ship reaches 30 pixels beyond the border.',
      values: { label: 'ship', beyond: 30 },
    })
    expect((await api.lint.list({ sample: 3 })).issues.map(({ code }) => code)).toEqual([
      'outside-image',
      'crosses-border',
    ])
    expect((await api.lint.list({ codes: ['tiny', 'duplicate'] })).total).toBe(2)
    expect(sampleIds(temp.store.db, { lint: 'tiny' })).toEqual([2])
    const paged = [0, 3, 6, 9].map((offset) => api.lint.list({ offset, limit: 3 }))
    expect((await Promise.all(paged)).flatMap((page) => page.issues)).toEqual(all.issues)
  })

  it('says when a class has no object to learn from, or far fewer than another', async () => {
    const batch = temp.store.beginImport({ source: 's', root: '/s' })
    batch.addLabels(['many', 'few', 'val only'].map((name) => ({ key: name, name })))
    batch.addSamples([
      { key: 'a', path: 'a.jpg', width: 5000, height: 5000, split: 'train' },
      { key: 'b', path: 'b.jpg', width: 5000, height: 5000, split: 'val' },
    ])
    const boxes = Array.from({ length: 200 }, (_, i) => box('a', 'many', 20 * i, 10, 20 * i + 10, 30))
    batch.addAnnotations([...boxes, box('a', 'few', 1, 100, 20, 120), box('a', 'few', 1, 200, 20, 220)])
    batch.addAnnotations(Array.from({ length: 3 }, (_, i) => box('b', 'val only', 1, 100 * i, 20, 100 * i + 20)))
    batch.finish()
    const { api, scan } = connect()
    await scan()
    expect((await api.lint.list()).issues.map(({ code, label, sample }) => [code, label, sample])).toEqual([
      ['class-not-in-train', 3, null],
      ['imbalance', 2, null],
    ])
  })

  it('repairs one finding or all of a code, each one step back', async () => {
    fillFaulty(temp.store)
    const { api, scan, codes } = connect()
    await scan()
    const before = temp.dump()
    const found = await codes()
    const [clip] = (await api.lint.list({ codes: ['crosses-border'] })).issues
    expect(await api.lint.fix({ issues: [clip.id] })).toEqual({ fixed: 1, skipped: 0 })
    expect(temp.store.db.prepare('SELECT x1, y1, x2, y2 FROM annotation WHERE id = 4').raw().get()).toEqual([
      90, 10, 100, 40,
    ])
    for (const code of Object.keys(found) as (typeof clip.code)[]) await api.lint.fix({ code })
    expect(await codes()).toEqual({ 'image-missing': 1, 'label-conflict': 1 })
    const shapes = temp.store.db.prepare('SELECT shape FROM annotation WHERE id IN (11, 13) ORDER BY id').pluck().all()
    const points = shapes.map((text) => JSON.parse(text as string).keypoints)
    expect(points[0]).toEqual(pose([], 8))
    expect(points[1]).toEqual([...pose([], 16).slice(0, 6), [0, 0, 0], [0, 0, 0]])
    const steps = temp.store.history().entries.length
    expect(steps).toBe(9)
    expect(temp.store.history().entries.map((entry) => entry.reason)).toContain('Fix zero-area')
    for (let i = 0; i < steps; i++) await api.history.undo()
    expect(temp.dump()).toEqual(before)
    await scan()
    expect(await codes()).toEqual(found)
  })

  it('follows edits of single samples, and says when only a new scan tells', async () => {
    fillFaulty(temp.store)
    const { api, scan, codes } = connect()
    await scan()
    expect(await codes()).toMatchObject({ tiny: 1 })
    const id = temp.store.change('Draw', (write) =>
      write.insert('annotation', { sample_id: 1, label_id: 3, kind: 'box', x1: 1, y1: 1, x2: 3, y2: 3 }),
    )
    expect(await codes()).toMatchObject({ tiny: 2 })
    expect(await codes()).not.toHaveProperty('unused-label')
    temp.store.change('Grow', (write) => write.update('annotation', id, { x2: 30, y2: 30 }))
    expect(await codes()).toMatchObject({ tiny: 1 })
    await api.history.undo()
    await api.history.undo()
    expect(await codes()).toMatchObject({ tiny: 1, 'unused-label': 1 })
    renameLabel(temp.store, 'ship', 'vessel')
    expect((await api.lint.list()).fresh).toBe(true)
    setSkeleton(temp.store, 'pose', { ...skeleton, sigmas: skeleton.names.map(() => 0.1) })
    expect((await api.lint.list()).fresh).toBe(false)
    await scan()
    expect((await api.lint.list()).fresh).toBe(true)
    temp.reopen()
    const later = connect()
    expect((await later.api.lint.list()).fresh).toBe(true)
    temp.store.change('Draw', (write) =>
      write.insert('annotation', { sample_id: 1, label_id: 1, kind: 'box', x1: 1, y1: 1, x2: 3, y2: 3 }),
    )
    expect(await later.codes()).toMatchObject({ tiny: 2 })
  })

  it('leaves out findings about what is gone, and does not repair what has changed', async () => {
    fillFaulty(temp.store)
    const { api, scan } = connect()
    await scan()
    const [duplicate] = (await api.lint.list({ codes: ['duplicate'] })).issues
    temp.store.change('Move', (write) => write.update('annotation', 8, { x1: 30, x2: 70 }))
    expect(await api.lint.fix({ issues: [duplicate.id] })).toEqual({ fixed: 0, skipped: 0 })
    clearLint(temp.store.db)
    const finding = { code: 'tiny', annotation: 99, label: 1, message: '', values: {}, fix: null } as const
    addFindings(temp.store.db, [
      { sample: 1, finding },
      { sample: 99, finding: { ...finding, annotation: null } },
    ])
    expect(countFindings(temp.store.db, { fresh: false })).toEqual([])
  })

  it('reads pages from an index, without sorting', () => {
    addLabels(temp.store, [{ name: 'a' }])
    deleteLabel(temp.store, 'a', 'reindex')
    listFindings(temp.store.db, [{ code: 'tiny', issues: 1, fixable: 0 }], { fresh: true, limit: 1, offset: 0 })
    const plan = temp.store.db
      .prepare('EXPLAIN QUERY PLAN SELECT * FROM lint_issue WHERE code = ? ORDER BY sample_id, annotation_id LIMIT 1')
      .all('tiny') as { detail: string }[]
    expect(plan.map((row) => row.detail).join()).toMatch(/^SEARCH lint_issue USING INDEX lint_issue_code/)
    expect(plan).toHaveLength(1)
  })
})
