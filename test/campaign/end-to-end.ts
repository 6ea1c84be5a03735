import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { readOption } from '../bench/context'
import { benchTrain } from '../bench/train'
import { findOutside } from '../helpers/find-outside'
import { runCli } from '../helpers/run-cli'
import type { Campaign } from './campaign'

interface Turn {
  /** Images a second of steps on one batch that stays the same. */
  bench: number
  /** Of a run on real images, from its second epoch: reading, augmentation and targets included, evaluation not. */
  run: number
  /** Share of the run's time that steps waited for images, 0..1. */
  dataWait: number
}

/** What real images cost beside the training step: the benchmark and a run on BCCD take turns. */
export const campaign: Campaign = {
  title: 'Training end to end: a run on real images beside the same steps on one batch',
  seed: 0,
  recipe: {
    model: 'yolox-nano',
    data: 'BCCD train (205 images)',
    size: 320,
    batch: 8,
    epochs: 3,
    rest: 'all values auto',
  },
  async run({ root, args, seed, log, record }) {
    const data = findOutside('data', root)
    if (!('path' in data)) throw new TagwrightError('not-found', `BCCD is not here: ${data.reason}.`)
    const rounds = Number(readOption(args, 'rounds', '3'))
    const folder = mkdtempSync(join(tmpdir(), 'tagwright-end-to-end-'))
    const project = join(folder, 'project')
    const cli = async (...words: string[]) => {
      const { code, stdout, stderr } = await runCli([...words, '--json'])
      if (code !== 0) throw new TagwrightError('failed', `tagwright ${words[0]} ended with ${code}: ${stdout}${stderr}`)
      return JSON.parse(stdout)
    }
    const turns: Turn[] = []
    try {
      await cli('init', project)
      await cli('import', project, join(data.path, 'detect/bccd'))
      for (let round = 0; round < rounds; round++) {
        const steps = ['--models', 'yolox-nano', '--classes', '3', '--rounds', '5', '--no-mirror']
        const { models } = await benchTrain({ root, args: steps }, () => {})
        const trained = await cli('train', project, '--epochs', '3', '--seed', `${seed}`)
        const { imagesPerSecond: run, dataWait } = trained
        turns.push({ bench: models['yolox-nano'].imagesPerSecond, run, dataWait })
        log(`${turns.at(-1)!.bench.toFixed(1)} and ${run.toFixed(1)} images a second`)
        record({ turns })
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    const ratios = turns.map(({ bench, run }) => run / bench).sort((a, b) => a - b)
    return { turns, ratio: ratios[ratios.length >> 1] }
  },
}
