import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import type { Job } from '@shared/contract/jobs'
import { defineJob, type JobDefinition } from '../../../src-main/jobs/define-job'
import { memoryJobRows } from '../../../src-main/jobs/job-rows'
import { createQueue } from '../../../src-main/jobs/queue'

function setup(rows = memoryJobRows()) {
  const order: string[] = []
  const changes: string[] = []
  const progress: number[] = []
  const logs: string[] = []
  const nap = (kind: string, lane: JobDefinition['lane']) =>
    defineJob({
      kind,
      lane,
      params: z.object({ name: z.string(), ms: z.number().default(5) }),
      async run({ name, ms }, { signal, log }) {
        order.push(`+${name}`)
        log('info', `napping ${name}`)
        await sleep(ms, undefined, { signal })
        order.push(`-${name}`)
        return { name }
      },
    })
  const fail = defineJob({
    kind: 'fail',
    lane: 'data',
    params: z.object({ code: z.string() }),
    run: ({ code }) => Promise.reject(new TagwrightError(code, 'It went wrong at 3. Look there.', { at: 3 })),
  })
  const count = defineJob({
    kind: 'count',
    lane: 'data',
    params: z.object({ to: z.int() }),
    async run({ to }, { report }) {
      for (let i = 1; i <= to; i++) report('counting', i, to)
    },
  })
  const queue = createQueue({
    rows,
    kinds: [nap('nap', 'data'), nap('train', 'train'), fail, count] as JobDefinition[],
    events: {
      changed: (job: Job) => changes.push(`${job.id} ${job.status}`),
      progress: ({ progress: p }) => progress.push(p.done),
      log: ({ message }) => logs.push(message),
    },
  })
  return { queue, rows, order, changes, progress, logs }
}

describe('queue', () => {
  test('runs jobs of one lane in order and lanes beside each other', async () => {
    const { queue, order, changes, logs } = setup()
    const jobs = [
      queue.add('nap', { name: 'a', ms: 20 }),
      queue.add('nap', { name: 'b' }),
      queue.add('train', { name: 'c', ms: 1 }, { run: 'r1' }),
    ]
    expect(queue.busy).toBe(true)
    const ended = await Promise.all(jobs.map((job) => queue.wait(job.id)))
    expect(order).toEqual(['+a', '+c', '-c', '-a', '+b', '-b'])
    expect(ended.map((job) => [job.status, job.result, job.run])).toEqual([
      ['done', { name: 'a' }, null],
      ['done', { name: 'b' }, null],
      ['done', { name: 'c' }, 'r1'],
    ])
    expect(changes.filter((change) => change.startsWith('1'))).toEqual(['1 queued', '1 running', '1 done'])
    expect(logs).toEqual(['napping a', 'napping c', 'napping b'])
    expect(queue.busy).toBe(false)
  })

  test('stores the error and goes on', async () => {
    const { queue } = setup()
    const failed = queue.add('fail', { code: 'disk-full' })
    const lost = queue.add('fail', { code: 'interrupted' })
    const next = queue.add('nap', { name: 'a' })
    expect(await queue.wait(failed.id)).toMatchObject({
      status: 'failed',
      error: { code: 'disk-full', message: 'It went wrong at 3. Look there.', details: { at: 3 } },
    })
    expect(await queue.wait(lost.id)).toMatchObject({ status: 'interrupted' })
    expect(await queue.wait(next.id)).toMatchObject({ status: 'done' })
  })

  test('cancels a running and a queued job', async () => {
    const { queue, order } = setup()
    const running = queue.add('nap', { name: 'a', ms: 60_000 })
    const queued = queue.add('nap', { name: 'b' })
    await sleep(5)
    queue.cancel(queued.id)
    queue.cancel(running.id)
    expect(await queue.wait(running.id)).toMatchObject({ status: 'cancelled' })
    expect(await queue.wait(queued.id)).toMatchObject({ status: 'cancelled', startedAt: null })
    expect(order).toEqual(['+a'])
    queue.cancel(running.id)
    expect(queue.get(running.id).status).toBe('cancelled')
  })

  test('a job cancelled before its first microtask never starts', async () => {
    const { queue, order } = setup()
    queue.cancel(queue.add('nap', { name: 'a' }).id)
    await sleep(5)
    expect(order).toEqual([])
    expect(queue.busy).toBe(false)
  })

  test('giving up waiting leaves the job alone', async () => {
    const { queue } = setup()
    const job = queue.add('nap', { name: 'a', ms: 30 })
    const controller = new AbortController()
    const waiting = queue.wait(job.id, controller.signal)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    expect((await queue.wait(job.id)).status).toBe('done')
  })

  test('tells progress rarely but always the end', async () => {
    const { queue, progress } = setup()
    const job = queue.add('count', { to: 10_000 })
    const { progress: last } = await queue.wait(job.id)
    expect(progress[0]).toBe(1)
    expect(progress.at(-1)).toBe(10_000)
    expect(progress.length).toBeLessThan(100)
    expect(last).toEqual({ phase: 'counting', done: 10_000, total: 10_000 })
  })

  test('marks what a dead core left running and starts what it left queued', async () => {
    const rows = memoryJobRows()
    const left = (kind: string, params: unknown) => rows.insert({ kind, params, run: null }).id
    const dead = left('nap', { name: 'dead' })
    rows.update(dead, { status: 'running' })
    const queued = left('nap', { name: 'queued' })
    const gone = left('thumbnails', {})
    const { queue, order } = setup(rows)
    expect(queue.recover().map((job) => job.id)).toEqual([dead])
    expect(queue.get(dead)).toMatchObject({ status: 'interrupted', error: { code: 'interrupted' } })
    expect(await queue.wait(queued)).toMatchObject({ status: 'done' })
    expect(queue.get(gone)).toMatchObject({ status: 'failed', error: { code: 'unknown-job' } })
    expect(order).toEqual(['+queued', '-queued'])
  })

  test('starts nothing for a host that lives for one command', async () => {
    const rows = memoryJobRows()
    const { id } = rows.insert({ kind: 'nap', params: { name: 'a' }, run: 'r1' })
    const { queue, order } = setup(rows)
    expect(queue.recover({ start: false })).toMatchObject([{ id, run: 'r1', status: 'interrupted' }])
    await sleep(5)
    expect(order).toEqual([])
  })

  test('close interrupts what runs, keeps the queue and takes no more', async () => {
    const { queue, rows } = setup()
    const running = queue.add('nap', { name: 'a', ms: 60_000 })
    const queued = queue.add('nap', { name: 'b' })
    await sleep(5)
    const waiting = expect(queue.wait(queued.id)).rejects.toMatchObject({ code: 'closing' })
    await queue.close()
    await waiting
    expect(rows.get(running.id)!.status).toBe('interrupted')
    expect(rows.get(queued.id)!.status).toBe('queued')
    expect(() => queue.add('nap', { name: 'c' })).toThrow(expect.objectContaining({ code: 'closing' }))
  })

  test('refuses unknown kinds, wrong params and unknown ids', () => {
    const { queue } = setup()
    expect(() => queue.add('napp', {})).toThrow(/There is no job "napp"\. Did you mean "nap"\?/)
    expect(() => queue.add('nap', { name: 3 })).toThrow(expect.objectContaining({ code: 'bad-input' }))
    expect(() => queue.get(99)).toThrow(expect.objectContaining({ code: 'not-found', message: 'There is no job 99.' }))
  })
})
