import { benchTrain, type TrainFigures } from '../bench/train'
import type { Campaign } from './campaign'

/** Images per second of whole training steps, beside the PyTorch mirror: what `npm run bench:train` prints. */
export const campaign: Campaign = {
  title: 'Training throughput: YOLOX, whole steps, beside PyTorch eager',
  seed: 0,
  recipe: { models: ['yolox-nano', 'yolox-tiny', 'yolox-s'], size: 320, batch: 8, classes: 80, rounds: 9, steps: 3 },
  async run({ root, args, log, record }) {
    const models: Record<string, TrainFigures> = {}
    const report = await benchTrain({ root, args: ['--rounds', '9', ...args] }, log, (model, figures) => {
      models[model] = figures
      record({ models })
    })
    return { ...report }
  },
}
