import { join } from 'node:path'
import { denoisers } from '@shared/catalog/denoisers'
import { psnr } from '@shared/evaluation/psnr'
import { ssim } from '@shared/evaluation/ssim'
import { addGaussian, pictureNames, readGrey } from '../helpers/grey-images'
import { TagwrightError } from '@shared/base/errors'
import { findOutside } from '../helpers/find-outside'
import type { Campaign } from './campaign'

/** Mean PSNR in dB that is published for BM3D, from the README of the test data; for Set12 it names none. */
const published: Record<string, Record<string, number>> = { bsd68: { 15: 31.07, 25: 28.57, 50: 25.62 } }

/**
 * Classical denoisers on whole test sets: `npm run campaign -- bm3d [--sets set12,bsd68] [--sigmas 15,25,50]
 * [--methods bm3d,nlm,bilateral]`.
 */
export const campaign: Campaign = {
  title: 'Classical denoisers: mean PSNR and SSIM of the grey test sets',
  seed: 0,
  recipe: { noise: 'white Gaussian, unclipped', output: 'neither rounded nor clipped', range: 255 },
  async run({ root, args, seed, log, record }) {
    const option = (name: string, otherwise: string): string[] => {
      const at = args.indexOf(`--${name}`)
      return (at < 0 ? otherwise : args[at + 1]).split(',')
    }
    const data = findOutside('data', root)
    if (!('path' in data)) throw new TagwrightError('not-found', `The test sets are not here: ${data.reason}.`)
    const figures: Record<string, unknown> = {}
    for (const set of option('sets', 'set12,bsd68')) {
      const folder = join(data.path, 'denoise', set)
      for (const sigma of option('sigmas', '25,15,50').map(Number)) {
        for (const method of option('methods', 'bm3d,nlm,bilateral')) {
          const begun = performance.now()
          const scores: { psnr: number; ssim: number }[] = []
          for (const name of pictureNames(folder)) {
            const clean = await readGrey(folder, name)
            const noisy = addGaussian(clean, sigma, seed, set, name, sigma)
            const result = denoisers.get(method).denoise(noisy, { sigma, range: 255 })
            scores.push({ psnr: psnr(clean, result, 255), ssim: ssim(clean, result, 255) })
            log(`${set} sigma ${sigma} ${method} ${name}: ${scores.at(-1)!.psnr.toFixed(2)} dB`)
          }
          const mean = (key: 'psnr' | 'ssim') => scores.reduce((sum, score) => sum + score[key], 0) / scores.length
          figures[`${set} ${sigma} ${method}`] = {
            psnr: Number(mean('psnr').toFixed(3)),
            ssim: Number(mean('ssim').toFixed(4)),
            ...(method === 'bm3d' && { published: published[set]?.[sigma] ?? null }),
            images: scores.length,
            secondsPerImage: Number(((performance.now() - begun) / 1000 / scores.length).toFixed(2)),
          }
          record(figures)
        }
      }
    }
    return figures
  },
}
