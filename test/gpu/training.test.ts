/** The training step on WebGPU: the same numbers as on the CPU, every node on the device. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DetectorProgramOptions } from '@shared/catalog/detector'
import { optimizers } from '@shared/catalog/optimizers'
import { probeProviders } from '../../src-worker/runtime/providers'
import { makeDetectorBatch } from '../helpers/detector-batch'
import { need } from '../helpers/need'
import { readProfile } from '../helpers/read-profile'
import { relativeError } from '../helpers/run-graph'
import { tinyDetector } from '../helpers/tiny-detector'
import { trainSteps } from '../helpers/train-steps'

const gpu = need('gpu')
const size = [64, 64] as const
const batches = [0, 1].map((seed) => makeDetectorBatch(4, size, 3, 3, seed))
const program = (optimizer: string): DetectorProgramOptions => ({
  model: tinyDetector,
  classes: 3,
  batch: 4,
  size,
  optimizer: optimizers.get(optimizer),
  weightDecay: 5e-4,
  clip: 10,
  block: 0,
})

gpu.describe('A detector on WebGPU', () => {
  test('trains ten steps to the losses of the CPU, each node on the device', { timeout: 600_000 }, async () => {
    const options = { steps: 10, lr: [2e-3], useL1: 1 }
    const onCpu = await trainSteps(program('sgd'), batches, { provider: 'cpu' }, options)
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-gpu-'))
    try {
      const onGpu = await trainSteps(
        program('sgd'),
        batches,
        { provider: 'webgpu', profile: join(folder, 'profile') },
        options,
      )
      // Float32 sums in another order, ten times fed back: the losses part slowly.
      onCpu.metrics.forEach((metrics, step) => {
        for (const [name, value] of Object.entries(metrics))
          expect(Math.abs(onGpu.metrics[step][name] - value), `${name} of step ${step}: ${value}`).toBeLessThan(
            1e-3 * Math.max(1, Math.abs(value)),
          )
      })
      for (const [name, values] of onCpu.params)
        expect(relativeError(onGpu.params.get(name)!, values), name).toBeLessThan(1e-2)
      const losses = onGpu.metrics.map((m) => m.loss)
      expect(losses[8]).toBeLessThan(losses[0])
      const placed = readProfile(folder)
      expect(placed.length).toBeGreaterThan(10 * 500)
      expect(
        placed.filter(({ op, provider }) => provider !== 'WebGpuExecutionProvider' || op.startsWith('Memcpy')),
      ).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test("gives the CPU's weights after an AdamW step of accumulated batches", { timeout: 600_000 }, async () => {
    const model = { ...program('adamw'), accumulate: 2, iou: 'giou' as const }
    const options = { steps: 2, lr: [1e-3] }
    const onCpu = await trainSteps(model, batches, { provider: 'cpu' }, options)
    const onGpu = await trainSteps(model, batches, { provider: 'webgpu' }, options)
    expect(Math.abs(onGpu.metrics[1].loss - onCpu.metrics[1].loss)).toBeLessThan(1e-4 * onCpu.metrics[1].loss)
    expect(onGpu.metrics[1].positives).toBe(onCpu.metrics[1].positives)
  })

  test('keeps features of frozen layers in 16 bits, and says where a GPU has none', { timeout: 600_000 }, async () => {
    const model = { ...program('adamw'), freeze: ['stem'] }
    const options = { steps: 2, lr: [1e-3] }
    const onCpu = await trainSteps(model, batches, { provider: 'cpu' }, options)
    const onGpu = await trainSteps(model, batches, { provider: 'webgpu' }, options).catch((error: unknown) => error)
    if (onGpu instanceof Error) {
      expect(onGpu).toMatchObject({ code: 'not-on-provider', message: expect.stringContaining('shader-f16') })
    } else {
      const { metrics } = onGpu as typeof onCpu
      expect(Math.abs(metrics[1].loss - onCpu.metrics[1].loss)).toBeLessThan(1e-3 * onCpu.metrics[1].loss)
    }
  })

  test('is found by the probe, with the numbers of the CPU', { timeout: 600_000 }, async () => {
    const [probe] = await probeProviders({ cacheDir: null, providers: ['webgpu'] })
    expect(probe).toMatchObject({ id: 'webgpu', available: true, reason: null })
    expect(probe.error).toBeLessThan(1e-4)
    expect(probe.milliseconds).toBeGreaterThan(0)
  })
})
