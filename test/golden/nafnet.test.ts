/** NAFNet against values of the original implementation: output, losses, every gradient, three clipped AdamW steps. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { restorationLosses } from '@shared/catalog/restoration-losses'
import type { Value } from '@shared/engine/graph'
import { type Program, trainStep } from '@shared/engine/step'
import { openSession, tensor } from '../../src-worker/runtime/session'
import { Stepper } from '../../src-worker/train/stepper'
import { readGolden } from '../helpers/golden'
import { need } from '../helpers/need'

const golden = need('golden')
const params = { channels: 3, width: 8, encoder: [1, 1], middle: 1, decoder: [1, 1] }
const size = [34, 38] as const
const scalars = {
  psnr: -11.124457359313965,
  l1: 0.225559264421463,
  steps: [
    [-11.124457359313965, 53.313533782958984],
    [-12.566923141479492, 53.315582275390625],
    [-13.877957344055176, 49.38527297973633],
  ],
}

describe.skipIf(!golden.available).each([16, 0])('NAFNet golden values, block %i', (block) => {
  const values = golden.available ? readGolden(join(golden.path, 'nafnet')) : null!
  const model = models.get('nafnet')
  const program = (loss: string, decay: number, clip: number): Program =>
    trainStep({
      build(nn, graph) {
        const images = graph.input('images', [2, 3, ...size])
        const output = model.build(nn, images, { classes: 0, params }) as Value
        const total = restorationLosses.get(loss).build(output, graph.input('clean', output.shape))
        return { total, metrics: { loss: total } }
      },
      optimizer: optimizers.get('adamw'),
      // The original decays every parameter.
      group: () => ({ decay, lr: 0 }),
      learningRates: 1,
      clip,
      accumulate: 1,
      images: [],
      block,
    })
  const feeds = (lr: number, momentum: number) => ({
    tensors: {
      images: { data: values.get('input'), shape: [2, 3, ...size] },
      clean: { data: values.get('target'), shape: [2, 3, ...size] },
    },
    lr: [lr],
    momentum,
    beta2: 0.9,
    apply: 1,
  })
  const start = (of: Program) =>
    Stepper.create(of, optimizers.get('adamw'), values.group('weight'), { provider: 'cpu' })
  const compare = (got: ReadonlyMap<string, Float32Array>, want: ReadonlyMap<string, Float32Array>, bound: number) => {
    expect(new Set(got.keys())).toEqual(new Set(want.keys()))
    for (const [name, w] of want) {
      const g = got.get(name)!
      const scale = w.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6)
      const worst = w.reduce((m, v, i) => Math.max(m, Math.abs(v - g[i])), 0)
      expect(worst / scale, name).toBeLessThan(bound)
    }
  }

  it('gives the output, padded inside to a multiple of four', async () => {
    const inference = buildInference(model, 0, values.group('weight'), { params, batch: 2, size })
    const session = await openSession(encodeInference(inference), { provider: 'cpu' })
    const { output } = await session.run({ images: tensor('float32', values.get('input'), [2, 3, ...size]) })
    await session.close()
    const want = values.get('output')
    const worst = want.reduce((m, v, i) => Math.max(m, Math.abs(v - (output.data as Float32Array)[i])), 0)
    expect(output.dims).toEqual([2, 3, ...size])
    expect(worst).toBeLessThan(1e-5)
  })

  it.each(['psnr', 'l1'] as const)('gives the loss %s and its gradients', async (loss) => {
    const stepper = await start(program(loss, 0, 0))
    // With beta1 = 0 the first moment after one step is the gradient itself.
    const { loss: got } = await stepper.step(feeds(0, 0))
    expect(Math.abs(got - scalars[loss])).toBeLessThan(1e-4 * Math.abs(scalars[loss]))
    compare(stepper.read('mean'), values.group(`grad_${loss}`), 1e-3)
    await stepper.close()
  })

  it('makes three AdamW steps with a clipped gradient', async () => {
    const stepper = await start(program('psnr', 1e-3, 0.01))
    for (const [loss, norm] of scalars.steps) {
      const got = await stepper.step(feeds(1e-3, 0.9))
      expect(Math.abs(got.loss - loss)).toBeLessThan(2e-4 * Math.abs(loss))
      expect(Math.abs(got.grad_norm - norm)).toBeLessThan(1e-3 * norm)
    }
    compare(stepper.read('param'), values.group('after_three_steps'), 2e-3)
    await stepper.close()
  })
})
