/** BM3D on three pictures of Set12, as it was: mean PSNR of whole sets beside published ones is `npm run campaign -- bm3d`. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { denoisers } from '@shared/catalog/denoisers'
import { psnr } from '@shared/evaluation/psnr'
import { addGaussian, readGrey } from '../helpers/grey-images'
import { need } from '../helpers/need'

const data = need('data')
const folder = join(data.path, 'denoise/set12')

/** What this implementation gives at sigma 25 with the noise of seed 0, in dB. */
const known: Record<string, number> = { '01.png': 29.45, '02.png': 32.968, '07.png': 28.87 }

data.test(
  'BM3D gives for three pictures of Set12 at sigma 25 what it gave',
  async () => {
    for (const [name, value] of Object.entries(known)) {
      const clean = await readGrey(folder, name)
      const noisy = addGaussian(clean, 25, 0, 'set12', name, 25)
      // The mean over the set that the data's README states for such noise.
      expect(psnr(clean, noisy, 255)).toBeCloseTo(20.18, 1)
      const result = psnr(clean, denoisers.get('bm3d').denoise(noisy, { sigma: 25, range: 255 }), 255)
      expect.soft(Math.abs(result - value), `${name}: ${result.toFixed(3)} dB, before ${value}`).toBeLessThan(0.01)
    }
  },
  180_000,
)
