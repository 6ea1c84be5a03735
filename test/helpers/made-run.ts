/** A run's folder without training: random weights as a checkpoint, and a snapshot over small made pictures. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { rng } from '@shared/base/rng'
import { describeModel } from '@shared/catalog/detector'
import { models } from '@shared/catalog/models'
import { noFlags } from '@shared/domain/annotation'
import { yoloxInput } from '@shared/domain/model-input'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { writeCheckpoint } from '../../src-worker/train/checkpoint'
import { writeSnapshotFile } from './coco-snapshot'
import { randomWeights } from './random-weights'

export interface MadeRun {
  runDir: string
  samples: SnapshotSample[]
  labels: { name: string; cocoId: number; color: string }[]
  tensors: Map<string, Float32Array>
}

export async function makeRun(
  dir: string,
  { images = 6, size = 128, names = ['buoy', "ship's cat", 'Möwe'] } = {},
): Promise<MadeRun> {
  const runDir = join(dir, 'r1')
  mkdirSync(runDir, { recursive: true })
  const model = models.get('yolox-nano')
  const labels = names.map((name, i) => ({ name, cocoId: 10 * i + 3, color: `#00000${i}` }))
  const tensors = randomWeights(model, names.length, 5)
  const { params, nn } = describeModel(model, names.length)
  await writeCheckpoint(join(runDir, 'best.ckpt'), {
    meta: {
      step: 40,
      epoch: 4,
      rng: {},
      recipeHash: 'abc',
      bestScore: 0.3,
      task: 'detect',
      model: 'yolox-nano',
      modelParams: {},
      labels,
      input: yoloxInput,
      size: [size, size],
      emaUpdates: 40,
      loop: {},
    },
    param: tensors,
    ema: tensors,
    bn: new Map(),
    optim: new Map(),
    shapes: new Map([...params, ...nn.stats.values()].map(({ name, shape }) => [name, shape])),
  })
  const random = rng('made-run')
  const samples: SnapshotSample[] = []
  for (let i = 0; i < images; i++) {
    const [width, height] = [random.int(90, 240), random.int(90, 240)]
    const file = join(dir, `picture ${i}.png`)
    const raw = Buffer.from(Array.from({ length: (width >> 3) * (height >> 3) * 3 }, () => random.int(0, 255)))
    await sharp(raw, { raw: { width: width >> 3, height: height >> 3, channels: 3 } })
      .resize(width, height, { fit: 'fill' })
      .png()
      .toFile(file)
    samples.push({
      id: i + 1,
      file,
      name: `picture ${i}.png`,
      width,
      height,
      split: i % 2 ? 'val' : 'train',
      cocoImageId: 100 + i,
      annotations: [
        {
          id: i + 1,
          label: i % names.length,
          shape: { kind: 'box', box: [10, 10, 60, 70] },
          flags: noFlags,
          area: 3000,
        },
      ],
    })
  }
  const header = { version: 1 as const, task: 'detect', labels, samples: samples.length }
  writeSnapshotFile(join(runDir, 'snapshot.jsonl.gz'), header, samples)
  return { runDir, samples, labels, tensors }
}
