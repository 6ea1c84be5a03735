/** The decoded output of YOLOX-nano in eval mode against the original implementation. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { buildInference, encodeInference } from '@shared/catalog/detector-inference'
import { models } from '@shared/catalog/models'
import { openSession, tensor } from '../../src-worker/runtime/session'
import { readGolden } from '../helpers/golden'
import { need } from '../helpers/need'

const golden = need('golden')

golden.describe('YOLOX-nano in eval mode', () => {
  for (const fold of [false, true]) {
    golden.test(`gives the decoded output, batch norm ${fold ? 'folded' : 'as it is'}`, async () => {
      const { get, group, shape } = readGolden(join(golden.path, 'yolox_nano'))
      const inference = buildInference(models.get('yolox-nano'), 3, group('weight'), {
        batch: 2,
        size: [160, 160],
        fold,
      })
      expect(inference.graph.nodes.some((node) => node.op.name === 'BatchNormalization')).toBe(!fold)
      const session = await openSession(encodeInference(inference), { provider: 'cpu' })
      const { output } = await session.run({ images: tensor('float32', get('input'), [2, 3, 160, 160]) })
      await session.close()
      const want = get('eval_output')
      expect(output.dims).toEqual(shape('eval_output'))
      const got = output.data as Float32Array
      // Boxes in pixels by size, probabilities absolutely.
      const worst = { box: 0, probability: 0 }
      want.forEach((value, i) => {
        const error = Math.abs(value - got[i])
        if (i % 8 < 4) worst.box = Math.max(worst.box, error / Math.max(1, Math.abs(value)))
        else worst.probability = Math.max(worst.probability, error)
      })
      expect(worst.box).toBeLessThan(1e-4)
      expect(worst.probability).toBeLessThan(1e-5)
    })
  }
})
