/** A detector's whole training step: plain and blocked layouts agree, runs repeat bit for bit, the probe's fallback. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { DetectorProgramOptions } from '@shared/catalog/detector'
import { optimizers } from '@shared/catalog/optimizers'
import { makeDetectorBatch } from '../../helpers/detector-batch'
import { relativeError } from '../../helpers/run-graph'
import { tinyDetector } from '../../helpers/tiny-detector'
import { trainSteps } from '../../helpers/train-steps'

const size = [64, 64] as const
const { probeBlock } = await import('../../../src-worker/runtime/probe-block')
const block = await probeBlock()

const options = (more: Partial<DetectorProgramOptions> = {}): DetectorProgramOptions => ({
  model: tinyDetector,
  classes: 3,
  batch: 4,
  size,
  optimizer: optimizers.get('sgd'),
  weightDecay: 5e-4,
  block,
  ...more,
})
const batches = [0, 1, 2].map((seed) => makeDetectorBatch(4, size, 3, 3, seed))
const cpu = { provider: 'cpu', threads: 2 } as const
const three = { steps: 3, lr: [2e-3], useL1: 1 }

describe('A training step of a detector', () => {
  it.runIf(block)('is the same in the plain and the blocked layout after three steps', async () => {
    const plain = await trainSteps(options({ block: 0 }), batches, cpu, three)
    const blocked = await trainSteps(options(), batches, cpu, three)
    plain.metrics.forEach((m, i) => {
      for (const [name, value] of Object.entries(m))
        expect(Math.abs(blocked.metrics[i][name] - value), `${name} of step ${i}`).toBeLessThan(
          1e-3 * Math.max(1, Math.abs(value)),
        )
    })
    for (const [name, values] of plain.params)
      expect(relativeError(blocked.params.get(name)!, values), name).toBeLessThan(1e-3)
    for (const [name, values] of plain.stats)
      expect(relativeError(blocked.stats.get(name)!, values), name).toBeLessThan(1e-3)
  })

  it('repeats to the last bit', async () => {
    const once = await trainSteps(options({ clip: 10 }), batches, cpu, three)
    const twice = await trainSteps(options({ clip: 10 }), batches, cpu, three)
    expect(twice.metrics).toEqual(once.metrics)
    expect(twice.params).toEqual(once.params)
    expect(twice.stats).toEqual(once.stats)
  })

  it('starts elsewhere with another seed', async () => {
    const once = await trainSteps(options(), batches, cpu, { ...three, steps: 1 })
    const other = await trainSteps(options(), batches, cpu, { ...three, steps: 1, seed: 1 })
    expect(other.metrics[0].loss).not.toBe(once.metrics[0].loss)
  })

  it('leaves frozen parts as they are and trains the rest at their own rates', async () => {
    const frozen = options({ freeze: ['stem', 'low'], groups: [{ prefix: 'head' }] })
    const none = await trainSteps(frozen, batches, cpu, { steps: 1, lr: [0, 0] })
    const after = await trainSteps(frozen, batches, cpu, { steps: 2, lr: [0, 1e-3] })
    for (const [name, before] of none.params) {
      const same = after.params.get(name)!.every((v, i) => v === before[i])
      expect(same, name).toBe(!name.startsWith('head'))
    }
  })

  it('has no nodes of the blocked layout where the probe found no such kernels', async () => {
    vi.resetModules()
    vi.doMock('../../../src-worker/runtime/session', async (original) => ({
      ...(await original<object>()),
      openSession: () => Promise.reject(new Error('no such domain')),
    }))
    const { probeBlock: blind } = await import('../../../src-worker/runtime/probe-block')
    const found = await blind()
    vi.doUnmock('../../../src-worker/runtime/session')
    expect(found).toBe(0)
    const { program, metrics } = await trainSteps(options({ block: found }), batches, cpu, { steps: 1, lr: [1e-3] })
    expect(Buffer.from(program.onnx).includes('com.microsoft.nchwc')).toBe(false)
    expect(metrics[0].loss).toBeGreaterThan(0)
  })

  it('refuses kernels that compute wrong numbers', async () => {
    vi.resetModules()
    const session = await vi.importActual<typeof import('../../../src-worker/runtime/session')>(
      '../../../src-worker/runtime/session',
    )
    vi.doMock('../../../src-worker/runtime/session', () => ({
      ...session,
      openSession: async (...at: Parameters<typeof session.openSession>) => {
        const real = await session.openSession(...at)
        return {
          ...real,
          run: async (feeds: Parameters<typeof real.run>[0]) => {
            const { y } = await real.run(feeds)
            if (y.data.length > 16) (y.data as Float32Array)[3] += 0.01
            return { y }
          },
        }
      },
    }))
    const { probeBlock: wrong } = await import('../../../src-worker/runtime/probe-block')
    expect(await wrong()).toBe(0)
    vi.doUnmock('../../../src-worker/runtime/session')
  })
})

beforeEach(() => {
  vi.resetModules()
})
