import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { readOption } from '../bench/context'
import { findOutside } from '../helpers/find-outside'
import { runCli } from '../helpers/run-cli'
import type { Campaign } from './campaign'

const SIGMA = 25
/** PSNR in dB at sigma 25 as published (README of the data). */
const published = {
  set12: { noisy: 20.18, DnCNN: 30.44 },
  bsd68: { BM3D: 28.57, TNRD: 28.92, DnCNN: 29.23, DRUNet: 29.48 },
}

/**
 * The networks that are trained unless options say otherwise. In half an hour of two cores a smaller DnCNN than the
 * published one (depth 17, width 64) sees enough crops; the NAFNet takes a similar time a crop, and is used with local
 * windows of one and a half crops (arXiv:2112.04491).
 */
const models: Record<string, { id: string; params: Record<string, unknown> }> = {
  dncnn: { id: 'dncnn', params: { depth: 12, width: 48 } },
  'dncnn-published': { id: 'dncnn', params: { depth: 17, width: 64 } },
  nafnet: { id: 'nafnet', params: { width: 24, encoder: [2, 2, 2], middle: 2, decoder: [2, 2, 2], window: 96 } },
}
/** Share of the time that is planned: evaluation and starting take the rest. */
const PLANNED = 0.93

interface Result {
  model: string
  params: Record<string, unknown>
  epochs: number
  crops: number
  /** Of training, without the trial. */
  seconds: number
  cropsPerSecond: number
  set12: { PSNR: number; SSIM: number }
  bsd68: { PSNR: number; SSIM: number }
}

/** Grey images with Gaussian noise: `npm run campaign -- denoise [--minutes 30] [--models dncnn,nafnet] [--params {...}]`. */
export const campaign: Campaign = {
  title: 'Denoising at sigma 25: PSNR on Set12 and BSD68',
  seed: 0,
  recipe: { data: 'train400 (400 grey images), evaluated on Set12 while training', sigma: SIGMA, clip: false, models, published }, // prettier-ignore
  async run({ root, args, seed, log, record }) {
    const data = findOutside('data', root)
    if (!('path' in data)) throw new TagwrightError('not-found', `The images are not here: ${data.reason}.`)
    const minutes = Number(readOption(args, 'minutes', '30'))
    const wanted = readOption(args, 'models', 'dncnn,nafnet').split(',')
    const given = readOption(args, 'params', '')
    const extra = readOption(args, 'set', '').split(' ').filter(Boolean)
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-denoise-'))
    const project = join(folder, 'project')
    const cli = async (...words: string[]) => {
      const { code, stdout, stderr } = await runCli([...words, '--json'])
      if (code !== 0) throw new TagwrightError('failed', `tagwright ${words[0]} ended with ${code}: ${stdout}${stderr}`)
      return JSON.parse(stdout)
    }
    const figures: Record<string, unknown> = { minutes, published }
    try {
      await cli('init', project, '--task', 'denoise')
      const sets = [['train400', 'train'], ['set12', 'val'], ['bsd68', 'test']] as const // prettier-ignore
      for (const [name, split] of sets)
        await cli('import', project, join(data.path, 'denoise', name), '--format', 'images', '--split', split)
      for (const name of wanted) {
        const chosen = models[name]
        if (!chosen) throw new TagwrightError('usage', `There is no model "${name}". Known: ${Object.keys(models).join(', ')}.`) // prettier-ignore
        const params = given ? JSON.parse(given) : chosen.params
        const options = ['--model', chosen.id, '--seed', `${seed}`, '--provider', 'cpu']
        const set = [`model.params=${JSON.stringify(params)}`, `noise.id=gaussian`, `noise.sigma=${SIGMA}`, ...extra]
        const train = (runName: string, epochs: number, more: string[]) =>
          cli('train', project, ...options, '--epochs', `${epochs}`, '--name', runName, '--set', ...set, ...more)
        log(`${name}: how fast?`)
        const trial = await train(`${name}-trial`, 1, [])
        const epochs = Math.max(1, Math.floor((minutes * 60 * PLANNED * trial.imagesPerSecond) / 400))
        log(`${name}: ${trial.imagesPerSecond.toFixed(1)} crops a second, so ${epochs} epochs of 400 crops`)
        const every = Math.max(1, Math.round(epochs / 20))
        const trained = await train(name, epochs, [`data.evalEvery=${every}`])
        const score = async (split: string) => {
          const { restoration } = await cli(
            'eval',
            project,
            '--run',
            trained.run,
            '--split',
            split,
            '--levels',
            `${SIGMA}`,
          )
          const [, { psnr, ssim }] = restoration.levels[0].scores
          return { noisy: restoration.levels[0].scores[0].psnr, PSNR: psnr, SSIM: ssim }
        }
        const results = readFileSync(join(project, 'runs', trained.run, 'recipe.json'), 'utf8')
        const result: Result & { recipe: unknown } = {
          model: chosen.id,
          params,
          epochs,
          crops: 400 * epochs,
          seconds: trained.seconds,
          cropsPerSecond: trained.imagesPerSecond,
          set12: await score('val'),
          bsd68: await score('test'),
          recipe: JSON.parse(results),
        }
        log(`${name}: Set12 ${result.set12.PSNR.toFixed(2)} dB, BSD68 ${result.bsd68.PSNR.toFixed(2)} dB (BM3D ${published.bsd68.BM3D}) after ${(trained.seconds / 60).toFixed(1)} min`) // prettier-ignore
        figures[name] = result
        record(figures)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return figures
  },
}
