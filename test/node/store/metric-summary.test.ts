/** A curve of 100,000 points as a chart gets it: few enough to draw, and no peak lost. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { appendMetrics, summarizeMetrics } from '../../../src-main/store/metric'
import { createRun } from '../../../src-main/store/run'
import { initStore } from '../../../src-main/store/store'

it('reduces 100,000 points to the chart’s width and keeps every peak', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tagwright-metrics-'))
  const store = initStore(join(dir, 'p'))
  try {
    const { id } = createRun(store.db, { task: 'detect', model: 'yolox-nano', recipe: {} })
    const count = 100_000
    const random = rng('curve')
    const values = Array.from({ length: count }, (_, i) => 10 * Math.exp(-i / 20_000) + random.next())
    // One step among thousands, as a bad batch is.
    values[71_234] = 500
    values[33_333] = -20
    appendMetrics(
      store.db,
      id,
      values.map((value, i) => ({ step: i + 1, epoch: (i + 1) / 100, series: 'train/loss', value })),
    )
    const { series, cursor } = summarizeMetrics(store.db, id, { buckets: 400 })
    const [loss] = series
    expect(loss.count).toBe(count)
    expect(loss.step).toHaveLength(400)
    expect(cursor).toBeGreaterThanOrEqual(count)
    const width = count / 400
    for (let bucket = 0; bucket < 400; bucket++) {
      const part = values.slice(bucket * width, (bucket + 1) * width)
      expect(loss.min[bucket]).toBe(Math.min(...part))
      expect(loss.max[bucket]).toBe(Math.max(...part))
      expect(loss.last[bucket]).toBe(part.at(-1))
      expect(loss.mean[bucket]).toBeCloseTo(part.reduce((a, b) => a + b) / width, 9)
      expect(loss.step[bucket]).toBe((bucket + 1) * width)
    }
    // A part of it, at full detail.
    const [near] = summarizeMetrics(store.db, id, { buckets: 400, from: 71_200, to: 71_300 }).series
    expect(near.step).toHaveLength(101)
    expect(near.max[35]).toBe(500)
  } finally {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  }
}, 120_000)
