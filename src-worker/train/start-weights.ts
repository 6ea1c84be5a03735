/** Start weights of a run: from a checkpoint of this product by name and shape, or from any ONNX file that fits the model. */
import { readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { shellWord } from '@shared/base/shell-word'
import { describeModel } from '@shared/catalog/detector'
import { describeDetector } from '@shared/catalog/detector-signatures'
import { models } from '@shared/catalog/models'
import type { ModelDef } from '@shared/catalog/models/define'
import { readOnnxWeights, structureShare } from '@shared/catalog/onnx-weights'
import { cocoClasses } from '@shared/domain/coco-classes'
import { yoloxInput } from '@shared/domain/model-input'
import { importedModels } from '@shared/domain/task'
import { size } from '@shared/engine/graph'
import { type OnnxModel, type ReadExternal, decodeOnnx } from '@shared/engine/onnx/decode'
import type { Program } from '@shared/engine/step'
import { inspectOnnx } from '../predict/onnx-detector'
import { type CalibrateOptions, calibrateNorms } from './calibrate'
import { readCheckpoint } from './checkpoint'
import type { Tensors } from './stepper'

export interface StartReport {
  file: string
  /** Tensors of the model that got the file's numbers. */
  loaded: string[]
  /** Tensors that the file lacks and that start from numbers of another layer of it, see `ModelDef.borrows`. */
  borrowed: string[]
  /** Tensors with random numbers: the file has none for them, or another shape. */
  initialised: string[]
  /** Labels whose rows of the class layers were taken over by name. */
  classes: string[]
  /** What the file has and the model does not. */
  ignored: string[]
  /** Batch norms that were put back in. */
  norms: number
}

export interface StartOptions extends Omit<CalibrateOptions, 'classes' | 'norms'> {
  program: Program
  initial: Tensors
  /** The project's labels in output order. */
  labels: readonly string[]
}

interface Source {
  tensors: Tensors
  shapes: ReadonlyMap<string, readonly number[]>
  /** Class names in output order; null when unknown. */
  names: readonly string[] | null
  ignored: string[]
  norms: number
}

/**
 * @returns `initial` with all that fits put in.
 * @throws `bad-checkpoint`, `bad-model`, `missing-external-data`, `not-found`, `weights-do-not-fit`.
 */
export async function startWeights(
  file: string,
  options: StartOptions,
): Promise<{ tensors: Tensors; report: StartReport }> {
  const { program, initial, labels } = options
  const source = file.endsWith('.ckpt') ? await fromCheckpoint(file) : await fromOnnx(file, options)
  const tensors = new Map(initial)
  const report: StartReport = {
    file,
    loaded: [],
    borrowed: [],
    initialised: [],
    classes: [],
    ignored: [...source.ignored],
    norms: source.norms,
  }
  const rows = matchLabels(source.names, labels)
  report.classes = labels.filter((_, i) => rows.has(i))
  const perClass = classTensors(options.model, options.params)
  const known = new Set<string>()
  const lender = (name: string) => {
    const part = Object.keys(options.model.borrows ?? {}).find((beginning) => name.startsWith(beginning))
    return part === undefined ? name : options.model.borrows![part] + name.slice(part.length)
  }
  for (const { name, shape } of [...program.params, ...program.stats]) {
    known.add(name)
    const data = source.tensors.get(name)
    const theirs = source.shapes.get(name)
    const same = data && theirs?.join() === shape.join()
    const lent = source.shapes.get(lender(name))?.join() === shape.join() ? source.tensors.get(lender(name)) : undefined
    if (data && theirs && perClass.has(name) && rows.size > 0 && theirs.slice(1).join() === shape.slice(1).join()) {
      tensors.set(name, takeRows(initial.get(name)!, data, rows, size(shape.slice(1))))
      report.loaded.push(name)
    } else if (same) {
      tensors.set(name, data)
      report.loaded.push(name)
    } else if (lent) {
      tensors.set(name, lent.slice())
      report.borrowed.push(name)
    } else report.initialised.push(name)
  }
  for (const name of source.tensors.keys()) if (!known.has(name)) report.ignored.push(name)
  if (report.loaded.length === 0)
    throw new TagwrightError(
      'weights-do-not-fit',
      `No tensor of ${file} fits ${options.model.title}. Choose the model that the file was made with.`,
      { file, model: options.model.title },
    )
  return { tensors, report }
}

/** One sentence for the log. */
export function describeStart({ file, loaded, borrowed, initialised, ignored, norms, classes }: StartReport): string {
  const some = (names: readonly string[]) =>
    names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ')
  return [
    `Start weights from ${file}: ${loaded.length} tensors loaded`,
    ...(norms ? [`${norms} batch norms put back in with the statistics of the training images`] : []),
    ...(classes.length ? [`class layers kept for ${some(classes)}`] : []),
    ...(borrowed.length ? [`${borrowed.length} begin as others of the file (${some(borrowed)})`] : []),
    initialised.length ? `${initialised.length} initialised anew (${some(initialised)})` : 'none initialised anew',
    ignored.length ? `${ignored.length} of the file ignored (${some(ignored)})` : 'nothing of the file ignored',
  ]
    .join('; ')
    .concat('.')
}

async function fromCheckpoint(file: string): Promise<Source> {
  const { meta, shapes, param, bn, ema } = await readCheckpoint(file)
  return {
    tensors: new Map([...param, ...bn, ...ema]),
    shapes,
    names: meta.labels.map(({ name }) => name),
    ignored: [],
    norms: 0,
  }
}

async function fromOnnx(file: string, options: StartOptions): Promise<Source> {
  const model = await readOnnx(file)
  const head = describeHead(model, file)
  const classes = head.classes ?? options.labels.length
  const found = readFitting(model, file, options.model, options.params, classes)
  const { tensors, shapes, folded, ignored } = found
  const { params: specs, nn } = describeModel(options.model, classes, options.params)
  // A calibration pass needs the whole model; what the file lacks keeps its random numbers and is not reported.
  const whole = new Map(tensors)
  for (const { name, shape } of [...specs, ...nn.stats.values()])
    if (!whole.has(name)) whole.set(name, fitting(options.initial.get(name), size(shape)))
  await calibrateNorms(whole, { ...options, classes, norms: folded })
  for (const name of tensors.keys()) tensors.set(name, whole.get(name)!)
  return { tensors, shapes, names: head.names, ignored, norms: folded.length }
}

const fitting = (data: Float32Array | undefined, length: number): Float32Array =>
  data?.length === length ? data : new Float32Array(length)

/** The file, its weights beside it included. @throws `not-found`, `bad-model`, `missing-external-data`. */
export async function readOnnx(file: string): Promise<OnnxModel> {
  await inspectOnnx(file)
  const beside: ReadExternal = (location, offset, length) => {
    const bytes = readFileSync(join(dirname(file), location))
    const end = length === null ? bytes.length : offset + length
    return end > bytes.length ? null : bytes.subarray(offset, end)
  }
  return decodeOnnx(await readFile(file), beside)
}

/** Number and names of the classes, as far as the file tells. */
function describeHead({ info }: OnnxModel, file: string): { classes: number | null; names: readonly string[] | null } {
  try {
    // How pixels look is the model's business here, not the file's.
    const { classes, names } = describeDetector(info, { file, pixels: yoloxInput })
    return { classes, names: names ?? (classes === cocoClasses.length ? cocoClasses : null) }
  } catch {
    return { classes: null, names: null }
  }
}

/** @throws `weights-do-not-fit` naming the model that would fit, when there is one. */
function readFitting(
  file: OnnxModel,
  path: string,
  model: ModelDef,
  params: Record<string, unknown>,
  classes: number,
): ReturnType<typeof readOnnxWeights> {
  const better = () =>
    models
      .entries()
      .find(
        ([, other]) =>
          other !== model &&
          other !== model.base &&
          other.task === model.task &&
          !other.needsFile &&
          structureShare(file, other, classes) === 1,
      )
  try {
    const found = readOnnxWeights(file, model, { classes, params })
    if (found.missing.length <= found.shapes.size / 20) return found
    const other = better()
    if (!other) return found
  } catch (error) {
    if (!better()) throw model.task in importedModels ? asModel(error, path) : error
  }
  const [id, { title }] = better()!
  throw new TagwrightError(
    'weights-do-not-fit',
    `${path} holds the weights of ${title}, and the run trains ${model.title}. Choose --model ${id}.`,
    { file: path, model: id },
  )
}

/** A file that fits no model of the catalog can still be one itself. */
function asModel(error: unknown, path: string): unknown {
  if (!(error instanceof TagwrightError) || error.code !== 'weights-do-not-fit') return error
  const { code, message, details } = error
  return new TagwrightError(
    code,
    `${message.replace(/ Choose [^.]*\.$/, '')} To put a new head on the network of the file itself, name it as the model: --model ${shellWord(path)}`,
    details,
  )
}

/** Row of the file by row of the project, for labels of the same name. */
function matchLabels(names: readonly string[] | null, labels: readonly string[]): Map<number, number> {
  const fold = (text: string) => text.trim().toLowerCase()
  const rows = new Map((names ?? []).map((name, row) => [fold(name), row]))
  return new Map(labels.flatMap((label, i) => (rows.has(fold(label)) ? [[i, rows.get(fold(label))!] as const] : [])))
}

function takeRows(initial: Float32Array, data: Float32Array, rows: Map<number, number>, width: number): Float32Array {
  const out = initial.slice()
  for (const [to, from] of rows) out.set(data.subarray(from * width, (from + 1) * width), to * width)
  return out
}

/** Tensors with one row a class: those whose shape changes with the number of classes. */
function classTensors(model: ModelDef, params: Record<string, unknown>): Set<string> {
  const shapes = (classes: number) =>
    new Map(describeModel(model, classes, params).params.map(({ name, shape }) => [name, shape.join()]))
  const [a, b] = [shapes(11), shapes(12)]
  return new Set([...a.keys()].filter((name) => a.get(name) !== b.get(name)))
}
