/** Augmented training batches as pictures: what a recipe makes of the images, before or after a run. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { modelOf } from '@shared/catalog/models'
import { tasks } from '@shared/catalog/tasks'
import type { workerContract } from '@shared/contract/worker'
import { parseRecipe } from '@shared/domain/recipe'
import { batchPicture } from '../data/batch-picture'
import { createLoader } from '../data/loader'
import { readSnapshot } from '../data/read-snapshot'
import { writeAtomic } from '../files/write-atomic'
import type { WorkerReport } from '../report'
import { workerTasks } from '../tasks'
import type { RunData } from '../tasks/worker-task'
import { resolveRecipe } from './resolve-recipe'

type Preview = (typeof workerContract)['methods']['preview']

export async function previewBatches(
  input: z.output<Preview['input']>,
  { report, signal }: { report: Pick<WorkerReport, 'progress' | 'log'>; signal: AbortSignal },
): Promise<z.input<Preview['output']>> {
  const { snapshot, out, batches, batch } = input
  const given = parseRecipe(input.recipe)
  const { header, samples } = await readSnapshot(snapshot)
  // Before the first training divides them, any image may be one that is learned from.
  const isUndivided = samples.every(({ split }) => split === null)
  const train = samples
    .filter(({ split }) => isUndivided || (split !== null && given.data.trainSplits.includes(split)))
    .flatMap((sample) => tasks.get(given.task).prepare(sample) ?? [])
  const { data } = workerTasks[given.task]
  if (data && train.length > 0) return previewPlanes(data)
  if (train.length === 0)
    throw new TagwrightError(
      'no-samples',
      `No images are in the splits ${given.data.trainSplits.join(', ')}. Assign splits or choose others.`,
    )
  // Nothing is computed: any provider resolves the same augmentation.
  const recipe = resolveRecipe(given, train.length, 'cpu')
  const { input: pixels } = modelOf(recipe.model)
  const count = Math.min(batch, train.length)
  const loader = createLoader({
    samples: train,
    batch: count,
    size: recipe.input.size,
    seed: recipe.seed,
    epochs: Math.max(recipe.epochs, batches),
    closeEpochs: 0,
    augment: recipe.augment,
    maxGt: [16, 64, 256],
    points: tasks.get(recipe.task).points?.(header.labels),
    input: pixels,
    pack: { layout: 'nhwc', type: 'uint8' },
    threads: 0,
    prefetch: 1,
    onBadSample: ({ name, message }) => report.log('warning', `${name}: ${message}`),
    signal,
  })
  await mkdir(out, { recursive: true })
  const names = header.labels.map(({ name }) => name)
  const edges = header.labels.map(({ skeleton }) => skeleton?.edges ?? [])
  const images: z.input<Preview['output']>['images'] = []
  try {
    for await (const made of loader.batches()) {
      const { jpeg, width, height } = await batchPicture(made, { order: pixels.order, names, edges })
      made.release()
      const file = join(out, `train_batch${images.length}.jpg`)
      await writeAtomic(file, [jpeg])
      images.push({ file, width, height })
      report.progress('drawing', images.length, batches)
      if (images.length === batches) break
    }
  } finally {
    await loader.close()
  }
  return { images }

  /** Tasks with batches of their own draw these. */
  async function previewPlanes(own: RunData): Promise<z.input<Preview['output']>> {
    const made = await own.complete(given, train, [])
    const recipe = resolveRecipe(made.recipe, made.train.length, 'cpu')
    const size = Math.min(batch, made.train.length)
    const plan = {
      header,
      train: made.train,
      val: [],
      recipe: { ...recipe, batch: { ...recipe.batch, size } },
      notes: [],
    }
    await mkdir(out, { recursive: true })
    const host = { report: report as WorkerReport, signal, threadFile: null, loaderThreads: 0 }
    return { images: await own.preview(plan, host, { out, batches }) }
  }
}
