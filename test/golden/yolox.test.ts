/** YOLOX-nano against values of the original implementation: losses, every gradient, three optimizer steps. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { detectorProgram } from '@shared/catalog/detector'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { Stepper, type Tensors } from '../../src-worker/train/stepper'
import { packImages } from '../helpers/pack'
import { need } from '../helpers/need'

const golden = need('golden')

interface Manifest {
  tensors: Record<string, { shape: number[]; offset: number }>
  scalars: Record<string, Record<string, number> | Record<string, number>[]>
}
const folder = golden ? join(golden.path, 'yolox_nano') : ''

describe.skipIf(!golden).each([16, 0])('YOLOX-nano golden values, block %i', (block) => {
  const manifest: Manifest = golden ? JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) : { tensors: {}, scalars: {} }
  const bytes = golden ? readFileSync(join(folder, 'tensors.bin')) : Buffer.alloc(0)
  const get = (name: string): Float32Array => {
    const { shape, offset } = manifest.tensors[name]
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + 4 * shape.reduce((a, b) => a * b, 1)))
  }
  const group = (prefix: string): Tensors =>
    new Map(Object.keys(manifest.tensors).filter((k) => k.startsWith(`${prefix}/`)).map((k) => [k.slice(prefix.length + 1), get(k)]))

  const start = async (optimizer: string) => {
    const def = optimizers.get(optimizer)
    const program = detectorProgram({ model: models.get('yolox-nano'), classes: 3, batch: 2, size: [160, 160], optimizer: def, weightDecay: optimizer === 'sgd' ? 5e-4 : 0, block })
    const stepper = await Stepper.create(program, def, group('weight'), { provider: 'cpu' })
    const { packing } = program.images.images
    const images = packImages(get('input'), [2, 3, 160, 160], packing)
    const feeds = (useL1: number, lr: number, momentum: number) => ({
      images: { images },
      tensors: { targets: { data: get('targets'), shape: manifest.tensors.targets.shape }, useL1: { data: Float32Array.of(useL1), shape: [] } },
      lr: [lr],
      momentum,
      beta2: 0.999,
      apply: 1,
    })
    return { stepper, feeds }
  }

  const close = (actual: number, expected: number, relative: number) => expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.max(1e-6, Math.abs(expected)))

  it('gives each loss with and without L1', async () => {
    for (const [key, useL1] of [['no_l1', 0], ['l1', 1]] as const) {
      const { stepper, feeds } = await start('sgd')
      const got = await stepper.step(feeds(useL1, 0, 0))
      const want = manifest.scalars[key] as Record<string, number>
      close(got.loss, want.total_loss, 1e-4)
      close(got.loss_box, want.iou_loss, 1e-4)
      close(got.loss_obj, want.conf_loss, 1e-4)
      close(got.loss_cls, want.cls_loss, 1e-4)
      close(got.loss_l1, want.l1_loss, 1e-4)
      close(got.positives, want.num_fg, 1e-4)
      await stepper.close()
    }
  })

  it('gives the gradient of every parameter', async () => {
    for (const [key, useL1] of [['grad_no_l1', 0], ['grad_l1', 1]] as const) {
      const { stepper, feeds } = await start('adamw')
      // With beta1 = 0 the first moment after one step is the gradient itself.
      await stepper.step(feeds(useL1, 0, 0))
      const got = stepper.read('mean')
      const want = group(key)
      expect(got.size).toBe(want.size)
      for (const [name, w] of want) {
        const g = got.get(name)!
        const scale = w.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6)
        const worst = w.reduce((m, v, i) => Math.max(m, Math.abs(v - g[i])), 0)
        expect(worst / scale, `${key} ${name}`).toBeLessThan(1e-3)
      }
      await stepper.close()
    }
  })

  it('reaches the same weights and statistics after three SGD steps', async () => {
    const { stepper, feeds } = await start('sgd')
    const losses = manifest.scalars['sgd_nesterov_lr1e-3_m.9_wd5e-4_three_steps'] as Record<string, number>[]
    for (const want of losses) close((await stepper.step(feeds(0, 1e-3, 0.9))).loss, want.total_loss, 1e-4)
    const want = group('after_three_steps')
    const before = group('weight')
    for (const [name, g] of [...stepper.read('param'), ...stepper.read('stat')]) {
      const w = want.get(name)!
      const move = w.reduce((m, v, i) => Math.max(m, Math.abs(v - before.get(name)![i])), 0)
      const worst = w.reduce((m, v, i) => Math.max(m, Math.abs(v - g[i])), 0)
      const scale = w.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6)
      expect(worst, name).toBeLessThan(Math.max(2e-3 * move, 2e-6 * scale))
    }
    await stepper.close()
  })
})
