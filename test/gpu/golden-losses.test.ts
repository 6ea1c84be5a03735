/** YOLOX-nano's losses on WebGPU against the values of the original implementation. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { detectorProgram } from '@shared/catalog/detector'
import { models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { Stepper } from '../../src-worker/train/stepper'
import { readGolden } from '../helpers/golden'
import { need } from '../helpers/need'
import { packImages } from '../helpers/pack'

const gpu = need('gpu')
const golden = need('golden')

const both = gpu.available ? golden : gpu
both.describe('YOLOX-nano on WebGPU', () => {
  test('gives the golden losses with and without L1', { timeout: 900_000 }, async () => {
    const folder = join(golden.path, 'yolox_nano')
    const tensors = readGolden(folder)
    const { scalars } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      scalars: Record<string, Record<string, number>>
    }
    const sgd = optimizers.get('sgd')
    const program = detectorProgram({
      model: models.get('yolox-nano'),
      classes: 3,
      batch: 2,
      size: [160, 160],
      optimizer: sgd,
      weightDecay: 0,
      block: 0,
    })
    const stepper = await Stepper.create(program, sgd, tensors.group('weight'), { provider: 'webgpu' })
    const images = packImages(tensors.get('input'), [2, 3, 160, 160], program.images.images.packing)
    const step = (useL1: number) =>
      stepper.step({
        images: { images },
        tensors: {
          targets: { data: tensors.get('targets'), shape: tensors.shape('targets') },
          useL1: { data: Float32Array.of(useL1), shape: [] },
        },
        // Nothing moves between the two.
        lr: [0],
        momentum: 0,
        beta2: 0.999,
        apply: 1,
      })
    for (const [key, useL1] of [
      ['no_l1', 0],
      ['l1', 1],
    ] as const) {
      const got = await step(useL1)
      const want = scalars[key]
      const pairs = {
        loss: want.total_loss,
        loss_box: want.iou_loss,
        loss_obj: want.conf_loss,
        loss_cls: want.cls_loss,
        loss_l1: want.l1_loss,
        positives: want.num_fg,
      }
      for (const [name, value] of Object.entries(pairs))
        expect(Math.abs(got[name] - value), `${key} ${name}`).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)))
    }
    await stepper.close()
  })
})
