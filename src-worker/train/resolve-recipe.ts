/** Fills in the 'auto' values of a recipe: what fits the model, the number of images and this machine. */
import { TagwrightError } from '@shared/base/errors'
import { augments, type AugmentSpec } from '@shared/catalog/augments'
import { checkRecipe } from '@shared/catalog/check-recipe'
import { modelOf, models } from '@shared/catalog/models'
import { optimizers } from '@shared/catalog/optimizers'
import { tasks } from '@shared/catalog/tasks'
import { runLength } from '@shared/catalog/small-data'
import { parseRecipe, type Recipe } from '@shared/domain/recipe'
import type { ConcreteProvider } from '../runtime/session'

export interface ResolvedRecipe extends Omit<
  Recipe,
  'augment' | 'data' | 'loss' | 'optimizer' | 'schedule' | 'averages' | 'epochs' | 'batch' | 'provider'
> {
  augment: AugmentSpec[]
  data: Omit<Recipe['data'], 'evalEvery'> & { evalEvery: number }
  loss: Omit<Recipe['loss'], 'closeEpochs'> & { closeEpochs: number }
  optimizer: Omit<Recipe['optimizer'], 'id' | 'lr' | 'weightDecay' | 'switchLr'> & {
    id: string
    lr: number
    weightDecay: number
    switchLr: number
  }
  schedule: Omit<Recipe['schedule'], 'warmup'> & { warmup: number }
  averages: Omit<Recipe['averages'], 'ema'> & { ema: { decay: number; tau: number } }
  epochs: number
  batch: { size: number; accumulate: number }
  provider: ConcreteProvider
}

const NOMINAL_BATCH = 8

/**
 * @param images number of training images.
 * @param provider what 'auto' means on this machine.
 * @param evaluated number of images that scores are measured on.
 */
export function resolveRecipe(
  given: Recipe,
  images: number,
  provider: ConcreteProvider,
  evaluated = 0,
): ResolvedRecipe {
  const recipe = parseRecipe(given)
  checkRecipe(recipe)
  const size = recipe.batch.size === 'auto' ? Math.max(1, Math.min(NOMINAL_BATCH, images)) : recipe.batch.size
  const stepsPerEpoch = Math.max(1, Math.floor(images / size / recipe.batch.accumulate))
  const model = models.get(recipe.model.id)
  const task = tasks.get(recipe.task)
  // A file's own stride is known when it is read.
  const { stride } = model.needsFile ? model : modelOf(recipe.model)
  if (recipe.input.size % stride !== 0) throw doesNotFit(recipe.input.size, stride, model.title)
  const isStarted = recipe.model.weights !== null || model.needsFile === true
  const epochs = recipe.epochs === 'auto' ? runLength(images, stepsPerEpoch, isStarted, task).epochs : recipe.epochs
  const closeEpochs = Math.min(
    epochs,
    recipe.loss.closeEpochs === 'auto' ? Math.round(epochs / 10) : recipe.loss.closeEpochs,
  )
  const effective = (size * recipe.batch.accumulate) / NOMINAL_BATCH
  const { optimizer } = recipe
  const id = optimizer.id === 'auto' ? 'adamw' : optimizer.id
  const { auto } = optimizers.get(id)
  // What is trained already moves slowly under a head that is not.
  const head = isStarted && optimizer.groups.length === 0 ? task.newHead : undefined
  const groups = head ? [{ prefix: head.prefix, lr: head.rate }] : optimizer.groups
  const modelRate = isStarted ? model.learningRate : (model.scratchRate ?? model.learningRate)
  const peak = ({ lr, batch }: typeof auto) =>
    (lr === 'model' ? modelRate : lr) * (batch === 'root' ? Math.sqrt(effective) : effective)
  const isAlone = head?.alone?.trunks.some((name) => recipe.freeze.includes(name)) === true
  const lr =
    optimizer.lr === 'auto' ? (peak(auto) / (head?.rate ?? 1)) * (isAlone ? head!.alone!.rate : 1) : optimizer.lr
  const ownDecay = auto.weightDecay === 'task' ? (task.weightDecay ?? 0.05) : auto.weightDecay
  const weightDecay = optimizer.weightDecay === 'auto' ? ownDecay : optimizer.weightDecay
  const warmup = recipe.schedule.warmup === 'auto' ? Math.min(3, epochs / 10) : recipe.schedule.warmup
  const { ema } = recipe.averages
  // The average must forget the random start well before the run ends.
  const tau = ema.tau === 'auto' ? Math.min(2000, Math.max(20, (epochs * stepsPerEpoch) / 20)) : ema.tau
  const decay = ema.decay === 'auto' ? Math.min(0.9998, 1 - 20 / Math.max(40, epochs * stepsPerEpoch)) : ema.decay
  const augment = recipe.augment === 'auto' ? task.augments(recipe.model.id) : (recipe.augment as AugmentSpec[])
  for (const { id: name } of augment) {
    const { joins } = augments.get(name)
    const isClass = task.truth === 'class'
    if (!joins || (joins === 'classes') === isClass) continue
    const why = isClass
      ? 'joins the objects of several images into one picture, and classes belong to whole images. Use cutmix or mixup-classes instead, or take it'
      : 'mixes the classes of whole images, and this task learns objects. Use mosaic instead, or take it'
    throw new TagwrightError('bad-recipe', `The augmentation "${name}" ${why} out of the recipe's augment list.`, {
      augment: name,
      task: recipe.task,
    })
  }
  return {
    ...recipe,
    augment,
    loss: { ...recipe.loss, closeEpochs },
    data: {
      ...recipe.data,
      evalEvery:
        recipe.data.evalEvery === 'auto'
          ? Math.min(epochs, Math.max(1, Math.round(evaluated / Math.max(1, images))))
          : recipe.data.evalEvery,
    },
    optimizer: {
      ...optimizer,
      groups,
      id,
      lr,
      weightDecay,
      switchLr: optimizer.switchLr === 'auto' ? peak(optimizers.get('sgd').auto) : optimizer.switchLr,
    },
    schedule: { ...recipe.schedule, warmup },
    averages: { ...recipe.averages, ema: { decay, tau } },
    epochs,
    batch: { ...recipe.batch, size },
    provider: recipe.provider === 'auto' ? provider : recipe.provider,
  }
}

function doesNotFit(size: number, stride: number, title: string): TagwrightError {
  const below = Math.max(stride, Math.floor(size / stride) * stride)
  const wanted = below < size ? `${below} or ${below + stride}` : `${below}`
  return new TagwrightError(
    'bad-recipe',
    `Recipe key "input.size": ${title} takes sides that are multiples of ${stride}, and ${size} is none. Choose ${wanted}.`,
    { key: 'input.size', size, stride },
  )
}
