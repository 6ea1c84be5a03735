/** BM3D beside the published values of single pictures; whole sets: `npm run campaign -- bm3d`. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { denoisers } from '@shared/catalog/denoisers'
import { psnr } from '@shared/evaluation/psnr'
import { addGaussian, readGrey } from '../helpers/grey-images'
import { need } from '../helpers/need'

const data = need('data')
const folder = join(data.path, 'denoise/set12')

/** Zhang et al., "Beyond a Gaussian denoiser", IEEE TIP 2017, table III, row BM3D at sigma 25: cameraman, house, parrot. */
const published: Record<string, number> = { '01.png': 29.45, '02.png': 32.85, '07.png': 28.93 }

data.test(
  'BM3D gives what is published for three pictures of Set12 at sigma 25',
  async () => {
    let difference = 0
    for (const [name, value] of Object.entries(published)) {
      const clean = await readGrey(folder, name)
      const noisy = addGaussian(clean, 25, 0, 'set12', name, 25)
      expect(psnr(clean, noisy, 255)).toBeCloseTo(20.18, 1)
      const result = psnr(clean, denoisers.get('bm3d').denoise(noisy, { sigma: 25, range: 255 }), 255)
      // One draw of the noise moves a picture by several hundredths.
      expect(Math.abs(result - value), `${name}: ${result.toFixed(2)} dB, published ${value}`).toBeLessThan(0.2)
      difference += result - value
    }
    expect(Math.abs(difference / 3)).toBeLessThan(0.15)
  },
  180_000,
)
