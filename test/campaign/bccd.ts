import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { readOption } from '../bench/context'
import { findOutside } from '../helpers/find-outside'
import { runCli } from '../helpers/run-cli'
import type { Campaign } from './campaign'

/** The published defaults of YOLOX-nano as the reference run used them on this data: docs of the data folder. */
const reference = [
  ...['--size', '320', '--batch', '8', '--epochs', '40'],
  ...['--set', 'optimizer.id=sgd', 'optimizer.lr=0.00125', 'optimizer.weightDecay=0.0005', 'schedule.warmup=3'],
  ...['--set', 'averages.ema.decay=0.9998', 'averages.ema.tau=2000', 'loss.closeEpochs=4'],
]

interface Scores {
  seed: number
  AP: number
  AP50: number
  seconds: number
  imagesPerSecond: number
}

/** Blood cells (BCCD) from random weights on train + val, scored once on test: this program's default and the reference. */
export const campaign: Campaign = {
  title: 'BCCD from scratch: AP on test',
  seed: 0,
  recipe: {
    model: 'yolox-nano',
    data: 'BCCD train + val (292 images), test (72)',
    reference,
    default: 'all values auto',
  },
  async run({ root, args, log, record }) {
    const data = findOutside('data', root)
    if (!('path' in data)) throw new TagwrightError('not-found', `BCCD is not here: ${data.reason}.`)
    const seeds = readOption(args, 'seeds', '0,1,2').split(',').map(Number)
    const kinds = readOption(args, 'recipes', 'default,reference').split(',')
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-bccd-'))
    const project = join(folder, 'project')
    const cli = async (...words: string[]) => {
      const { code, stdout, stderr } = await runCli([...words, '--json'])
      if (code !== 0) throw new TagwrightError('failed', `tagwright ${words[0]} ended with ${code}: ${stdout}${stderr}`)
      return JSON.parse(stdout)
    }
    const figures: Record<string, { runs: Scores[]; meanAP: number; meanAP50: number }> = {}
    try {
      await cli('init', project)
      await cli('import', project, join(data.path, 'detect/bccd'))
      // Seeds outside: a campaign that is cut short has measured both recipes.
      for (const seed of seeds) {
        for (const kind of kinds) {
          log(`${kind}, seed ${seed}`)
          const options = kind === 'reference' ? reference : []
          const trained = await cli('train', project, '--train-splits', 'train,val', '--seed', `${seed}`, ...options)
          const { coco } = await cli('eval', project, '--run', trained.run, '--split', 'test')
          const { seconds, imagesPerSecond } = trained
          const runs = [
            ...(figures[kind]?.runs ?? []),
            { seed, AP: coco.AP, AP50: coco.AP50, seconds, imagesPerSecond },
          ]
          const mean = (key: 'AP' | 'AP50') => runs.reduce((sum, run) => sum + run[key], 0) / runs.length
          figures[kind] = { runs, meanAP: mean('AP'), meanAP50: mean('AP50') }
          record(figures)
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return figures
  },
}
