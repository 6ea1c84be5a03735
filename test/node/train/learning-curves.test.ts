/** Learning curves: nested parts with every class in proportion, and short runs that all begin from one start. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { learningCurvesSchema } from '@shared/contract/curves'
import { measuredCurvesSchema } from '@shared/contract/measured-curves'
import { noFlags } from '@shared/domain/annotation'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { learnCurves, partsOf } from '../../../src-worker/train/learning-curves'
import { writeSnapshotFile } from '../../helpers/coco-snapshot'
import { makeRun, type MadeRun } from '../../helpers/made-run'
import { silentReport } from '../../helpers/silent-report'

describe('partsOf', () => {
  const samples = Array.from({ length: 80 }, (_, i): SnapshotSample => {
    const annotation = (label: number) => ({ id: i, label, shape: { kind: 'box', box: [0, 0, 9, 9] }, flags: noFlags, area: 81 }) as const // prettier-ignore
    const labels = [0, ...(i % 4 === 0 ? [1] : []), ...(i % 10 === 0 ? [2] : [])]
    return { id: i, file: '', name: `${i}.jpg`, width: 10, height: 10, split: 'train', cocoImageId: i, annotations: labels.map(annotation) as unknown as SnapshotSample['annotations'] } // prettier-ignore
  })

  it('lie inside one another, in every draw, with every class in proportion', () => {
    const parts = partsOf(samples, 3)
    expect(parts.map(({ draw }) => draw)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
    for (let draw = 0; draw < 4; draw++) {
      const [whole, half, quarter, eighth] = parts.filter((one) => one.draw === draw).map(({ positions }) => new Set(positions)) // prettier-ignore
      expect([whole.size, half.size, quarter.size, eighth.size]).toEqual([80, 40, 20, 10])
      for (const [inner, outer] of [[eighth, quarter], [quarter, half], [half, whole]]) expect([...inner].every((at) => outer.has(at))).toBe(true) // prettier-ignore
      const having = (part: Set<number>, step: number) => [...part].filter((at) => at % step === 0).length
      expect(Math.abs(having(half, 4) - 10)).toBeLessThanOrEqual(1)
      expect(having(half, 10)).toBe(4)
      expect(having(eighth, 10)).toBeGreaterThanOrEqual(1)
    }
    const [first, second] = [parts[3], parts[7]]
    expect(first.positions).not.toEqual(second.positions)
    expect(partsOf(samples, 3)).toEqual(parts)
  })

  it('leaves out parts of fewer than four images', () => {
    expect(partsOf(samples.slice(0, 20), 0).slice(0, 3).map(({ positions }) => positions.length)).toEqual([20, 10, 5]) // prettier-ignore
  })
})

describe('learnCurves', () => {
  let folder: string
  let run: MadeRun
  let snapshot: string
  const host = (signal = new AbortController().signal) => ({ report: silentReport().report as never, signal, threadFile: null, loaderThreads: 0 }) // prettier-ignore
  const recipe = { model: { id: 'yolox-nano' }, input: { size: 64 }, freeze: ['backbone.backbone'], augment: [{ id: 'flip' }], loss: { closeEpochs: 0 }, features: { variants: 2 }, provider: 'cpu' } // prettier-ignore
  const input = (more: object = {}) => ({ runDir: folder, recipe, snapshot, weights: join(run.runDir, 'best.ckpt'), cacheDir: join(folder, 'cache'), seconds: 0.001, ...more }) // prettier-ignore

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'learning-curves-'))
    run = await makeRun(folder, { images: 32, size: 64 })
    snapshot = join(folder, 'curves.jsonl.gz')
    writeSnapshotFile(snapshot, { version: 1, task: 'detect', labels: run.labels, samples: 32 }, run.samples)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('measures each part once where there is no time for more, and says of what nothing is known', async () => {
    const answer = await learnCurves(input(), host())
    expect(measuredCurvesSchema.parse(answer)).toEqual(answer)
    expect(learningCurvesSchema.safeParse(answer).success).toBe(false)
    const { overall, classes, images, steps, draws } = answer
    expect(images).toEqual({ train: 16, used: 16, val: 16 })
    // A hundred, but for the time: some sixty are the least that is made.
    expect({ steps, draws }).toEqual({ steps: 60, draws: 1 })
    const amounts = overall.points.map(({ n }) => n)
    expect(amounts).toEqual(amounts.toSorted((a, b) => b - a))
    expect([amounts.length, amounts[0], new Set(amounts).size]).toEqual([3, 16, 3])
    expect(overall.points.every(({ score }) => score >= 0 && score <= 1)).toBe(true)
    // Sixteen images, three classes: some five objects of each.
    expect(classes.map(({ label, reason }) => [label, reason])).toEqual(run.labels.map(({ name }) => [name, 'few-objects'])) // prettier-ignore
    expect(classes.reduce((sum, { objects }) => sum + objects, 0)).toBe(16)
    for (const { points } of classes) expect(points[0].n).toBeGreaterThanOrEqual(points[2].n)
  })

  it('refuses too little data, and stops when it is told to', async () => {
    const few = join(folder, 'few.jsonl.gz')
    writeSnapshotFile(few, { version: 1, task: 'detect', labels: run.labels, samples: 12 }, run.samples.slice(0, 12))
    await expect(learnCurves(input({ snapshot: few }), host())).rejects.toMatchObject({
      code: 'too-few-images',
      message: expect.stringContaining('needs 16 training images with labels, and there are 6') as string,
    })
    const noVal = join(folder, 'no-val.jsonl.gz')
    writeSnapshotFile(noVal, { version: 1, task: 'detect', labels: run.labels, samples: 32 }, run.samples.map((one) => ({ ...one, split: 'train' as const }))) // prettier-ignore
    await expect(learnCurves(input({ snapshot: noVal }), host())).rejects.toMatchObject({
      code: 'too-few-images',
      message: expect.stringContaining('8 evaluation images') as string,
    })
    const stop = AbortSignal.abort(new Error('stopped'))
    await expect(learnCurves(input(), host(stop))).rejects.toThrow('stopped')
  })
})
