/** Short training on a trunk that stays as it is: what it begins from, and its recipe. */
import { resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { publishedWeights } from '@shared/catalog/start-weights'
import type { RecipeInput } from '@shared/domain/recipe'
import type { TaskId } from '@shared/domain/task'
import type { JobDeps } from './job-deps'

/** The smallest published detector; others are chosen by name. */
export const smallestWeights = 'yolox-nano'

/**
 * The file of weights by path or by name; null given: of the smallest published detector.
 * @throws `no-weights` when there is none.
 */
export async function findStartFile(deps: Pick<JobDeps, 'weights'>, given: string | null, elsewhere: string) {
  const name = given ?? smallestWeights
  const isFile = /\.(onnx|ckpt)$/i.test(name)
  const file = isFile ? resolve(name) : ((await deps.weights?.find(name).catch(() => null)) ?? null)
  if (file === null)
    throw new TagwrightError(
      'no-weights',
      given === null
        ? `There is nothing to begin from: ${elsewhere}YOLOX-Nano is not on this machine. Download the start weights in the train view (tagwright weights get ${smallestWeights}), or name a file.`
        : `There are no start weights "${given}": no file and no kept weights have that name. List them: tagwright weights list`,
      { weights: name },
    )
  return { name, file, model: publishedWeights.get(name)?.model ?? null }
}

/** The parts of a model that see the images, which stay as they are. */
export const frozenPart = (isImported: boolean): string[] => (isImported ? ['trunk'] : ['backbone.backbone'])

/** What both kinds of short training share: images as they are or mirrored, so that features are few. */
export const frozenRecipe = (
  task: TaskId,
  model: NonNullable<RecipeInput['model']>,
  size: number,
  freeze: string[],
): RecipeInput => ({
  task,
  model,
  input: { size },
  freeze,
  augment: [{ id: 'flip' }],
  loss: { closeEpochs: 0 },
  features: { variants: 2 },
})
