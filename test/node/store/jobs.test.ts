import { describe, expect, it } from 'vitest'
import { addArtifact, listArtifacts } from '../../../src-main/store/artifact'
import { listCheckpoints, putCheckpoint } from '../../../src-main/store/checkpoint'
import { addEvaluation, evaluationPart, evaluationResult, listEvaluations } from '../../../src-main/store/evaluation'
import { createJob, getJob, interruptRunning, listJobs, updateJob } from '../../../src-main/store/job'
import { appendMetrics, deleteMetricsAfter, metricsSince } from '../../../src-main/store/metric'
import {
  deletePredictions,
  listPredictionBoxes,
  listPredictionSources,
  putPredictions,
} from '../../../src-main/store/prediction'
import { createRun, deleteRun, findRun, getRun, listRuns, updateRun } from '../../../src-main/store/run'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
const newRun = (name?: string) =>
  createRun(temp.store.db, { name, task: 'detect', model: 'yolox-nano', recipe: { seed: 1 } }, at(0))

describe('jobs', () => {
  it('stamp their times, and a second attempt starts clean', () => {
    const { db } = temp.store
    const job = createJob(db, { kind: 'import', params: { path: '/x' } }, at(0))
    expect(job).toMatchObject({
      id: 1,
      status: 'queued',
      params: { path: '/x' },
      progress: null,
      startedAt: null,
      finishedAt: null,
    })
    updateJob(db, 1, { status: 'running' }, at(1))
    updateJob(db, 1, { progress: { phase: 'reading', done: 1, total: null } }, at(2))
    const failed = updateJob(db, 1, { status: 'failed', error: { code: 'bad', message: 'no' } }, at(3))
    expect(failed).toMatchObject({
      progress: { phase: 'reading', done: 1, total: null },
      error: { code: 'bad' },
      startedAt: at(1).toISOString(),
      finishedAt: at(3).toISOString(),
    })
    expect(updateJob(db, 1, { status: 'queued' }, at(4))).toMatchObject({
      error: null,
      progress: null,
      startedAt: null,
      finishedAt: null,
    })
    expect(temp.reopen() && getJob(temp.store.db, 1).status).toBe('queued')
    expect(() => getJob(temp.store.db, 9)).toThrowError(expect.objectContaining({ code: 'not-found' }))
  })

  it('found running after a restart are interrupted with their runs; queued ones wait', () => {
    const { db } = temp.store
    const [a, b, c] = ['train', 'import', 'train'].map((kind) => createJob(db, { kind, params: null }))
    const [r1, r2] = [newRun(), newRun()]
    updateJob(db, a.id, { status: 'running', run: r1.id })
    updateRun(db, r1.id, { status: 'running', job: a.id })
    updateJob(db, b.id, { status: 'paused' })
    temp.reopen()
    expect(interruptRunning(temp.store.db, at(9)).map((job) => [job.id, job.status])).toEqual([[1, 'interrupted']])
    expect(getJob(temp.store.db, b.id).status).toBe('paused')
    expect(getJob(temp.store.db, c.id).status).toBe('queued')
    expect(getRun(temp.store.db, r1.id)).toMatchObject({ status: 'interrupted', finishedAt: at(9).toISOString() })
    expect(getRun(temp.store.db, r2.id).status).toBe('queued')
    expect(listJobs(temp.store.db, { status: 'queued' }).map((job) => job.id)).toEqual([3])
    expect(listJobs(temp.store.db).map((job) => job.id)).toEqual([3, 2, 1])
  })
})

describe('runs', () => {
  it('are r1, r2..., found by id, name or latest, and never numbered again', () => {
    const { db } = temp.store
    expect(newRun()).toMatchObject({ id: 'r1', name: 'r1', status: 'queued', recipe: { seed: 1 }, best: null })
    newRun('night')
    newRun('night')
    expect(findRun(db, 'night').id).toBe('r3')
    expect(findRun(db, 'r2').name).toBe('night')
    expect(findRun(db, 'latest').id).toBe('r3')
    deleteRun(db, 'r3')
    expect(newRun('latest').id).toBe('r4')
    expect(listRuns(db).map((run) => run.id)).toEqual(['r1', 'r2', 'r4'])
    expect(() => findRun(db, 'day')).toThrowError(
      expect.objectContaining({ code: 'not-found', message: expect.stringContaining('r2 (night)') }),
    )
  })

  it('keep what they are told and stamp their times', () => {
    const { db } = temp.store
    newRun()
    updateRun(db, 'r1', { status: 'running' }, at(1))
    const best = { epoch: 2, step: 20, AP: 0.3, AP50: 0.5 }
    updateRun(db, 'r1', { epoch: 2, step: 20, best, last: best, recipeHash: 'h', provider: 'cpu' }, at(2))
    updateRun(db, 'r1', { status: 'done', seconds: 3.5, imagesPerSecond: 40.25, dataWait: 0.01 }, at(3))
    temp.reopen()
    expect(getRun(temp.store.db, 'r1')).toMatchObject({
      status: 'done',
      best,
      epoch: 2,
      step: 20,
      recipeHash: 'h',
      seconds: 3.5,
      imagesPerSecond: 40.25,
      dataWait: 0.01,
      startedAt: at(1).toISOString(),
      finishedAt: at(3).toISOString(),
    })
    updateRun(temp.store.db, 'r1', { status: 'running' }, at(5))
    expect(getRun(temp.store.db, 'r1')).toMatchObject({ startedAt: at(1).toISOString(), finishedAt: null })
  })
})

describe('metrics', () => {
  const rows = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => ({
      step: from + i,
      epoch: (from + i) / 10,
      series: 'train/loss',
      value: 1 / (from + i),
    }))

  it('come back after a cursor in the order written, by run', () => {
    const { db } = temp.store
    newRun()
    newRun()
    appendMetrics(db, 'r1', rows(1, 5))
    appendMetrics(db, 'r2', rows(1, 2))
    const first = metricsSince(db, 'r1', 0, 3)
    expect(first.rows).toEqual(rows(1, 3))
    const cursor = appendMetrics(db, 'r1', rows(6, 6))
    const rest = metricsSince(db, 'r1', first.cursor)
    expect(rest.rows).toEqual(rows(4, 6))
    expect(rest.cursor).toBe(cursor)
    expect(metricsSince(db, 'r1', rest.cursor)).toEqual({ rows: [], cursor: rest.cursor })
    expect(appendMetrics(db, 'r1', [])).toBe(cursor)
  })

  it('keep NaN as null, delete what came after a checkpoint, and never reuse a cursor', () => {
    const { db } = temp.store
    newRun()
    const before = appendMetrics(db, 'r1', [...rows(1, 4), { step: 5, epoch: 0.5, series: 'train/loss', value: NaN }])
    expect(metricsSince(db, 'r1').rows[4].value).toBeNull()
    expect(deleteMetricsAfter(db, 'r1', 3)).toBe(2)
    expect(metricsSince(db, 'r1').rows).toEqual(rows(1, 3))
    expect(appendMetrics(db, 'r1', rows(4, 4))).toBeGreaterThan(before)
    expect(metricsSince(db, 'r1', before).rows).toEqual(rows(4, 4))
  })

  it('are appended whole or not at all', () => {
    newRun()
    const bad = [...rows(1, 3), { step: 4, epoch: 1, series: null as never, value: 1 }]
    expect(() => appendMetrics(temp.store.db, 'r1', bad)).toThrow(/NOT NULL/)
    expect(metricsSince(temp.store.db, 'r1').rows).toEqual([])
    expect(() => appendMetrics(temp.store.db, 'r9', rows(1, 1))).toThrowError(
      expect.objectContaining({ code: 'not-found' }),
    )
  })
})

describe('what runs leave', () => {
  it('checkpoints, artifacts, evaluations and predictions are kept, replaced and go with their run or sample', () => {
    fillStore(temp.store)
    const { db } = temp.store
    newRun()
    putCheckpoint(db, 'r1', { kind: 'best', step: 10, epoch: 1, file: 'runs/r1/best.ckpt', score: 0.2 }, at(1))
    putCheckpoint(db, 'r1', { kind: 'last', step: 20, epoch: 2, file: 'runs/r1/last.ckpt', score: null }, at(2))
    putCheckpoint(db, 'r1', { kind: 'best', step: 20, epoch: 2, file: 'runs/r1/best.ckpt', score: 0.3 }, at(3))
    expect(listCheckpoints(db, 'r1').map(({ kind, step, score }) => [kind, step, score])).toEqual([
      ['best', 20, 0.3],
      ['last', 20, null],
    ])
    addArtifact(db, { run: 'r1', kind: 'onnx', file: '/out.onnx', bytes: 12, meta: { parity: true } }, at(4))
    addArtifact(db, { run: null, kind: 'dataset', file: '/out', bytes: null, meta: null }, at(5))
    expect(listArtifacts(db, 'r1')).toEqual([
      {
        id: 1,
        run: 'r1',
        kind: 'onnx',
        file: '/out.onnx',
        bytes: 12,
        meta: { parity: true },
        createdAt: at(4).toISOString(),
      },
    ])
    expect(listArtifacts(db)).toHaveLength(2)
    const evaluation = {
      run: 'r1',
      source: 'run:r1:best',
      split: 'val',
      iouType: 'bbox' as const,
      step: 20,
      epoch: 2,
      images: 1,
      seconds: 0.5,
      stats: [0.1 + 0.2, -1],
    }
    const result = { coco: { AP: 0.1 + 0.2 } }
    const detail = { analysis: Buffer.from([1, 2]), objects: Buffer.from([3]) }
    const thresholds = { conf: 0.001, iou: 0.65, maxDet: 100 }
    addEvaluation(db, { ...evaluation, result, detail, final: true, thresholds }, at(6))
    expect(listEvaluations(db, 'r1')).toEqual([
      { id: 1, ...evaluation, final: true, thresholds, slice: null, detailed: true, createdAt: at(6).toISOString() },
    ])
    expect(evaluationResult(db, 1)).toEqual(result)
    expect(evaluationPart(db, 1, 'objects')).toEqual(Buffer.from([3]))
    const detection = { label: 1, score: 0.75, box: [1, 2, 3, 4.5] as [number, number, number, number] }
    putPredictions(
      db,
      'run:r1',
      [
        { sampleId: 1, detections: [] },
        { sampleId: 2, detections: [detection] },
      ],
      at(7),
    )
    putPredictions(db, 'run:r1', [{ sampleId: 1, detections: [detection] }], at(8))
    const row = { source: 'run:r1', label_id: 1, score: 0.75, x1: 1, y1: 2, x2: 3, y2: 4.5, state: 'pending' }
    expect(listPredictionBoxes(db, { sample: 1 })).toMatchObject([{ ...row, sample_id: 1, annotation_id: null }])
    expect(listPredictionBoxes(db, { source: 'run:r1', minScore: 0.8 })).toEqual([])
    expect(listPredictionSources(db)).toEqual([
      { source: 'run:r1', samples: 2, pending: 2, accepted: 0, rejected: 0, createdAt: at(8).toISOString() },
    ])
    expect(deletePredictions(db, 'run:r1')).toBe(2)
    expect(listPredictionSources(db)).toEqual([])
    deleteRun(db, 'r1')
    expect([listArtifacts(db).length, listEvaluations(db).length, evaluationPart(db, 1, 'analysis')]).toEqual([
      1,
      0,
      null,
    ])
  })
})
