/** The recipe's schema as a form: what is allowed comes from the schema, what it means from the table below. */
import { z } from 'zod'
import type { RecipeField } from '../contract/training'
import { recipeSchema } from '../domain/recipe'
import type { TaskId } from '../domain/task'
import type { Registry } from '../base/registry'
import { augments } from './augments'
import { models } from './models'
import { optimizers } from './optimizers'
import { restorationLosses } from './restoration-losses'
import { schedules } from './schedules'
import { tasks } from './tasks'

interface Meaning {
  title: string
  help: string
  group: string
  unit?: string
  /** Shown before the form is unfolded. */
  basic?: true
  /** Only read while another key has one of these values. */
  when?: Record<string, string[]>
}

const gaussian = { 'noise.id': ['auto', 'gaussian'] }
const camera = { 'noise.id': ['auto', 'poisson-gaussian'] }
const made = { 'noise.id': ['auto', 'gaussian', 'poisson-gaussian'] }
const steps = { 'schedule.id': ['step'] }

/** In the order of the form. A key of the schema that is not here is shown by its name, in the group of its section. */
const meanings: Record<string, Meaning> = {
  'model.id': { title: 'Model', help: 'Larger models find more and take longer.', group: 'model', basic: true },
  'model.weights': {
    title: 'Start from',
    help: 'A checkpoint, an ONNX file or a run of this project; empty starts from random weights.',
    group: 'model',
    basic: true,
  },
  'model.params': { title: 'Model parameters', help: 'Settings of the chosen model.', group: 'model' },
  'model.surgery': {
    title: 'Surgery',
    help: 'Blocks put after stages of the model: [{"id": "eca", "after": "dark4"}]. They start as if they were not there.',
    group: 'model',
  },
  freeze: {
    title: 'Frozen layers',
    help: 'Parameters whose name starts with one of these are not trained, e.g. backbone; backbone@3 holds for three epochs.',
    group: 'model',
  },
  'features.cache': {
    title: 'Keep features of frozen layers',
    help: 'What frozen layers make of an image is kept on disk, which makes later epochs much faster.',
    group: 'model',
  },
  'features.variants': {
    title: 'Kept variants',
    help: 'Augmented variants of each image that are kept and take turns.',
    group: 'model',
  },
  'input.size': {
    title: 'Image size',
    help: 'Side of the square that images are fitted into. Small objects need a large one.',
    group: 'model',
    unit: 'px',
    basic: true,
  },
  'input.multiScale': {
    title: 'Vary the size',
    help: 'The side is drawn anew each epoch, up to this many steps of 32 px smaller or larger; 0 keeps it.',
    group: 'augment',
    unit: '× 32 px',
  },
  'data.trainSplits': { title: 'Train on', help: 'Splits whose images are learned from.', group: 'data', basic: true },
  'data.evalSplit': {
    title: 'Evaluate on',
    help: 'Split that scores are measured on after each epoch; its images are never learned from.',
    group: 'data',
    basic: true,
  },
  'data.evalEvery': {
    title: 'Evaluate every',
    help: 'Epochs between evaluations; auto: so many that no more images are evaluated than learned from.',
    group: 'data',
    unit: 'epochs',
  },
  'data.slice': {
    title: 'Train on slices',
    help: 'Images are cut into overlapping squares of this side for training, so that small objects are seen large; evaluation stays on whole images. Empty: whole images.',
    group: 'data',
    unit: 'px',
  },
  'data.crops': {
    title: 'Crops an image',
    help: 'Denoising: crops of each image in an epoch; auto: as many as make 400 an epoch.',
    group: 'data',
  },
  'noise.id': {
    title: 'Noise',
    help: 'Denoising: pairs of the project, or noise that is made; auto: pairs where there are some, else poisson-gaussian for camera files and gaussian for all others.',
    group: 'noise',
  },
  'noise.sigma': {
    title: 'Sigma',
    help: 'Gaussian noise: standard deviation on the scale 0 to 255; [low, high] draws one for each crop.',
    group: 'noise',
    when: gaussian,
  },
  'noise.gain': {
    title: 'Gain',
    help: 'Poisson-Gaussian noise: variance per unit of signal on the scale 0 to 1; [low, high] draws one for each crop.',
    group: 'noise',
    when: camera,
  },
  'noise.read': {
    title: 'Read noise',
    help: 'Poisson-Gaussian noise: standard deviation that the signal does not change, on the scale 0 to 255.',
    group: 'noise',
    when: camera,
  },
  'noise.quality': {
    title: 'JPEG quality',
    help: 'JPEG noise: 1 to 100; [low, high] draws one for each crop.',
    group: 'noise',
    when: { 'noise.id': ['jpeg'] },
  },
  'noise.clip': {
    title: 'Cut off',
    help: 'Noisy values outside 0 to 255 are cut off, as in files of 8 bits.',
    group: 'noise',
    when: made,
  },
  'noise.levels': {
    title: 'Levels to evaluate at',
    help: 'Sigmas, gains or qualities; auto: what is trained on.',
    group: 'noise',
    when: { 'noise.id': ['auto', 'gaussian', 'poisson-gaussian', 'jpeg'] },
  },
  epochs: { title: 'Epochs', help: 'How often all images are seen.', group: 'length', basic: true },
  patience: {
    title: 'Patience',
    help: 'Ends the run when the score has not risen for so long; 0 never does.',
    group: 'length',
    unit: 'epochs',
  },
  'batch.size': {
    title: 'Batch',
    help: 'Images of one step. Larger ones are faster where the memory allows.',
    group: 'length',
    unit: 'images',
    basic: true,
  },
  'batch.accumulate': {
    title: 'Accumulate',
    help: 'Steps whose gradients are added before the weights change: a large batch in little memory.',
    group: 'length',
    unit: 'steps',
  },
  augment: {
    title: 'Augmentation',
    help: 'Random changes to training images, in this order. auto: what suits the model.',
    group: 'augment',
  },
  'optimizer.id': { title: 'Optimizer', help: 'How gradients change the weights.', group: 'optimizer' },
  'optimizer.lr': {
    title: 'Learning rate',
    help: 'Size of the steps at their peak. Lower it when the loss explodes.',
    group: 'optimizer',
  },
  'optimizer.momentum': { title: 'Momentum', help: 'Share of the former direction that is kept.', group: 'optimizer' },
  'optimizer.beta2': { title: 'Beta 2', help: 'Memory of the squared gradients (Adam, AdamW).', group: 'optimizer' },
  'optimizer.weightDecay': { title: 'Weight decay', help: 'Pull of the weights towards zero.', group: 'optimizer' },
  'optimizer.clip': {
    title: 'Gradient limit',
    help: 'Longest gradient that is used as it is; longer ones are shortened. 0 is off.',
    group: 'optimizer',
  },
  'optimizer.groups': {
    title: 'Rates by layer',
    help: 'Factors of the learning rate for parameters whose name starts with a prefix; the first match counts.',
    group: 'optimizer',
  },
  'optimizer.layerDecay': {
    title: 'Layer-wise decay',
    help: 'Each layer learns this much slower than the one after it; 1 is off. For start weights, e.g. 0.8.',
    group: 'optimizer',
  },
  'optimizer.switchAt': {
    title: 'Switch to SGD',
    help: 'Share of the run after which SGD takes over from Adam; empty: never.',
    group: 'optimizer',
  },
  'optimizer.switchLr': {
    title: 'Rate after the switch',
    help: 'Peak learning rate of SGD after the switch.',
    group: 'optimizer',
  },
  'schedule.id': { title: 'Schedule', help: 'How the learning rate falls over the run.', group: 'schedule' },
  'schedule.warmup': {
    title: 'Warm-up',
    help: 'The learning rate rises from zero for so long.',
    group: 'schedule',
    unit: 'epochs',
  },
  'schedule.final': { title: 'Final rate', help: 'Last learning rate, as a share of the peak.', group: 'schedule' },
  'schedule.milestones': {
    title: 'Milestones',
    help: 'Step schedule only: shares of the run at which the rate falls.',
    group: 'schedule',
    when: steps,
  },
  'schedule.gamma': { title: 'Step factor', help: 'Step schedule only: what the rate is multiplied by.', group: 'schedule', when: steps }, // prettier-ignore
  'averages.ema.decay': {
    title: 'Average',
    help: 'Weights are averaged over time; the average is what is evaluated and exported. 0 is off.',
    group: 'optimizer',
  },
  'averages.ema.tau': {
    title: 'Average ramp',
    help: 'Steps over which the average becomes slow.',
    group: 'optimizer',
    unit: 'steps',
  },
  'averages.swa.start': {
    title: 'Stochastic average from',
    help: 'Share of the run after which the weights of each epoch are averaged too, e.g. 0.75; empty: off. All averages are compared at the end.',
    group: 'schedule',
  },
  'averages.swa.lr': {
    title: 'Rate while averaging',
    help: 'Learning rate of the stochastic average, as a share of the peak.',
    group: 'schedule',
  },
  'averages.swa.cycle': {
    title: 'Cycle while averaging',
    help: 'The rate falls over so many epochs, again and again; 0 keeps it constant.',
    group: 'schedule',
    unit: 'epochs',
  },
  'loss.iou': { title: 'Box loss', help: 'What the distance of boxes is measured by.', group: 'loss' },
  'loss.smoothing': {
    title: 'Label smoothing',
    help: 'Classification: share of the target that is spread over all classes.',
    group: 'loss',
  },
  'loss.terms': {
    title: 'Distance of images',
    help: `Denoising: [{"id": "l1"}, {"id": "fourier", "weight": 0.1}]; ${restorationLosses.ids.join(', ')}. auto: charbonnier.`,
    group: 'loss',
  },
  'loss.oks': {
    title: 'Similarity of points',
    help: "Poses: coco is the exponent of COCO's evaluation, yolo-pose that of YOLO-pose's code, twice as large.",
    group: 'loss',
  },
  'loss.points': {
    title: 'Weight of points',
    help: 'Poses: weight of the similarity of points (OKS); boxes have 5.',
    group: 'loss',
  },
  'loss.pointL1': {
    title: 'Weight of distances',
    help: "Poses: weight of the points' distances, in roots of the box's area. Keeps far points learning; 0 is off.",
    group: 'loss',
  },
  'loss.visibility': {
    title: 'Weight of visibility',
    help: 'Poses: weight of telling labelled points from those that are not there.',
    group: 'loss',
  },
  'loss.keypoints': {
    title: 'Weight of points in KAPAO',
    help: 'Poses, KAPAO models: weight of the distance of points, in strides; boxes have 5.',
    group: 'loss',
  },
  'loss.closeEpochs': {
    title: 'Closing epochs',
    help: 'Last epochs without mosaic and mixup, on images as they are.',
    group: 'loss',
    unit: 'epochs',
  },
  provider: { title: 'Device', help: 'What computes. auto measures and takes the fastest.', group: 'machine', basic: true }, // prettier-ignore
  seed: { title: 'Seed', help: 'The same seed draws the same random numbers.', group: 'machine' },
}

/** Keys whose values are the files of a folder. */
const catalogs: Record<string, Registry<{ title: string }>> = {
  'model.id': models,
  'optimizer.id': optimizers,
  'schedule.id': schedules,
}

/** Keys that are no choice of a person. */
const hidden = new Set(['schema', 'task'])

interface Json {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Json[]
  properties?: Record<string, Json>
  items?: Json
  default?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  multipleOf?: number
}

const isUnder = (key: string, beginnings: readonly string[]) =>
  beginnings.some((one) => key === one || key.startsWith(`${one}.`))

/** Of the models of a task those with which it reads a key; null: every task reads it. */
function readWith(key: string, task: TaskId): string[] | null {
  const readers = models
    .entries()
    .filter(([, model]) => isUnder(key, [...tasks.get(model.task).keys, ...(model.keys ?? [])]))
  if (readers.length === 0) return null
  return readers.flatMap(([id, model]) => (model.task === task ? [id] : []))
}

/**
 * In the order of the form.
 * @param task only what it reads; absent: every key of the schema.
 */
export function recipeForm(task?: TaskId): RecipeField[] {
  const fields = allFields()
  if (!task) return fields
  const own = models.entries().flatMap(([id, model]) => (model.task === task ? [id] : []))
  return fields.flatMap((field) => {
    const readers = readWith(field.key, task)
    if (readers === null || readers.length === own.length) return [field]
    return readers.length === 0 ? [] : [{ ...field, when: { ...field.when, 'model.id': readers } }]
  })
}

function allFields(): RecipeField[] {
  const defaults = recipeSchema.parse({}) as Record<string, unknown>
  const fields = leaves(toJson(recipeSchema), '', defaults).filter(({ key }) => !hidden.has(key))
  const rank = (key: string) => Object.keys(meanings).indexOf(key) + 1 || Infinity
  return fields
    .map((field) => {
      const { title = field.key, help = '', group = field.key.split('.')[0], unit = null, basic, when = null } = meanings[field.key] ?? {} // prettier-ignore
      const choices =
        catalogs[field.key]?.entries().map(([value, one]) => ({ value, title: one.title })) ?? field.choices
      return {
        ...field,
        ...(choices && field.kind === 'text' ? { kind: 'choice' as const } : {}),
        choices,
        title,
        help,
        group,
        unit,
        advanced: !basic,
        when,
      }
    })
    .sort((a, b) => rank(a.key) - rank(b.key) || (a.key < b.key ? -1 : 1))
}

/** Entries of the recipe's `augment` list with their parameters. */
export const augmentForms = (): { id: string; title: string; fields: RecipeField[] }[] =>
  augments.entries().map(([id, { title, params }]) => ({
    id,
    title,
    fields: leaves(toJson(params), '', params.parse({}) as Record<string, unknown>),
  }))

const toJson = (schema: z.ZodType): Json => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json

function leaves(schema: Json, path: string, value: unknown): RecipeField[] {
  if (schema.properties && Object.keys(schema.properties).length > 0) {
    return Object.entries(schema.properties).flatMap(([key, inner]) =>
      leaves(inner, path ? `${path}.${key}` : key, (value as Record<string, unknown> | undefined)?.[key]),
    )
  }
  return [field(path, schema, value)]
}

function field(key: string, schema: Json, value: unknown): RecipeField {
  const variants = (schema.anyOf ?? [schema])
    .flatMap((one) => one.anyOf ?? [one])
    .flatMap((one) => (Array.isArray(one.type) ? one.type.map((type) => ({ ...one, type })) : [one]))
  const isAuto = (one: Json) => one.const === 'auto'
  const rest = variants.filter((one) => !isAuto(one) && one.type !== 'null')
  const main = rest[0] ?? {}
  // 'auto' may also be one choice among others; then it stays there.
  const auto = variants.some(isAuto) || (Array.isArray(main.enum) && main.enum.includes('auto'))
  const plain: RecipeField = {
    key,
    title: key,
    help: '',
    group: key.split('.')[0],
    kind: 'json',
    unit: null,
    default: value ?? null,
    auto,
    nullable: variants.some((one) => one.type === 'null'),
    min: main.minimum ?? main.exclusiveMinimum ?? null,
    max: main.maximum === Number.MAX_SAFE_INTEGER ? null : (main.maximum ?? null),
    step: main.multipleOf ?? null,
    choices: null,
    advanced: true,
    when: null,
  }
  const choices = (values: unknown[]) => values.map((one) => ({ value: String(one), title: String(one) }))
  if (rest.length > 1) return plain
  if (main.enum) return { ...plain, kind: 'choice', choices: choices(main.enum) }
  if (main.type === 'integer' || main.type === 'number' || main.type === 'boolean') return { ...plain, kind: main.type }
  if (main.type === 'string') return { ...plain, kind: 'text' }
  if (main.type === 'array' && main.items?.enum) return { ...plain, kind: 'choices', choices: choices(main.items.enum) }
  if (main.type === 'array' && main.items?.type === 'string') return { ...plain, kind: 'list' }
  return plain
}
