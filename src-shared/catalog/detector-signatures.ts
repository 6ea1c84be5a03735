/**
 * What a detector file's input wants and what its output means: from the metadata that this product writes, else from a
 * table of signatures (names of metadata keys and shapes as the exporters of YOLOX and Ultralytics document them).
 */
import { z } from 'zod'
import { TagwrightError } from '../base/errors'
import { parsePythonLiteral } from '../base/python-literal'
import { type ModelInput, modelInputSchema, yoloxInput } from '../domain/model-input'
import { type Skeleton, skeletonSchema } from '../domain/skeleton'
import type { OnnxInfo, OnnxValue } from '../engine/onnx/decode-info'

export const outputFormats = [
  /** [N, A, 5 + C]: cx, cy, w, h in input pixels, objectness, class probabilities. */
  'centre-objectness-classes',
  /** The same, then x, y and visibility of each point. */
  'centre-objectness-classes-points',
  /** Of a detector: the same for the cells of the strides 8, 16, 32, not decoded yet: YOLOX's export. */
  'yolox-grid',
  /** [N, 4 + C, A]: cx, cy, w, h in input pixels, class probabilities, and points where there are some. */
  'centre-classes-columns',
  /** [N, max, 6]: x1, y1, x2, y2, score, class; suppressed. */
  'corners-score-class',
  /** [N, max, 6 + 3 K]: the same, then x, y and visibility of each point. */
  'corners-score-class-points',
  /** [n, 7]: image, class, score, x1, y1, x2, y2; suppressed. */
  'listed',
] as const
export type OutputFormat = (typeof outputFormats)[number]

export interface DetectorSpec {
  input: {
    name: string
    type: 'float32' | 'float16' | 'uint8'
    layout: 'nchw' | 'nhwc'
    /** Images per run. */
    batch: number
    width: number
    height: number
  }
  pixels: ModelInput
  output: { name: string; format: OutputFormat; suppressed: boolean }
  /** null when neither shapes nor metadata tell. */
  classes: number | null
  /** Class names in output order, when the file tells them. */
  names: string[] | null
  /** Of poses. */
  points: PointSpec | null
}

/** The points that a model tells of each object. */
export interface PointSpec {
  count: number
  /** Numbers of each: x, y, and with 3 a confidence. */
  size: 2 | 3
  /** By class, as far as the model knows them. */
  skeletons: readonly (Skeleton | null)[]
}

/** YOLOv5 and later: RGB divided by 255, border split. */
const centredInput: ModelInput = modelInputSchema.parse({})

export interface SpecOptions {
  /** Overrides what the file says about its pixels. */
  pixels?: ModelInput
  /** Images per run where the file leaves it open; default 8. */
  batch?: number
  /** How the file is called in messages. */
  file: string
}

/** @throws `unknown-model` when it is no known detector, `input-needed` when only its pixels are unknown. */
export function describeDetector(info: OnnxInfo, options: SpecOptions): DetectorSpec {
  const { metadata } = info
  const task = metadata.get('task')
  if (task && task !== 'detect' && task !== 'pose') {
    throw unknown(options.file, `it says that its task is "${task.slice(0, 40)}", and detectors are read here`)
  }
  const input = pictureInput(info, options)
  const names = readNames(metadata.get('names'))
  const points = task === 'pose' ? readPoints(metadata) : null
  if (task === 'pose' && !points) throw unknown(options.file, 'it says that it tells poses, but not of how many points')
  const output = ownOutput(info, points) ?? signature(info, input, names, points)
  if (!output) {
    const seen = info.outputs.slice(0, 4).map((value) => `"${value.name.slice(0, 60)}" ${shapeText(value.shape)}`)
    throw unknown(
      options.file,
      `its outputs (${seen.join(', ')}) are none of YOLOX [N, A, 5 + classes], YOLOv5 [N, A, 5 + classes], YOLOv8 [N, 4 + classes, A], or suppressed rows [N, max, 6]`,
    )
  }
  const { format, pixels, classes, name } = output
  const declared = options.pixels ?? readInput(metadata.get('input')) ?? pixels
  if (!declared) {
    throw new TagwrightError(
      'input-needed',
      `${options.file} does not say how its pixels must look. Tell it with --input (order, range, alignment), for example --input RGB,1,center.`,
      { file: options.file },
    )
  }
  return {
    input,
    pixels: declared,
    output: { name, format, suppressed: /^(corners-score|listed)/.test(format) },
    classes: classes ?? names?.length ?? null,
    names: names && (classes === null || classes === names.length) ? names : null,
    points,
  }
}

const unknown = (file: string, reason: string, kind = 'detector'): TagwrightError =>
  new TagwrightError('unknown-model', `${file} cannot be used as a ${kind}: ${reason}. Use a ${kind}'s ONNX file.`, {
    file,
    reason,
  })

const shapeText = (shape: OnnxValue['shape']): string => `[${shape?.map((d) => d ?? '?').join(', ') ?? 'no shape'}]`

/** The side of an input whose size is open and stated nowhere: what YOLO exporters use. */
const DEFAULT_SIDE = 640
const LARGEST_SIDE = 4096

/**
 * The picture that a file takes. @param options.kind what the file is used as, for messages; @param options.grey takes
 * pictures of one channel too. @throws `unknown-model`.
 */
export function pictureInput(
  { inputs, metadata }: OnnxInfo,
  { file, batch = 8, kind = 'detector', grey = false }: SpecOptions & { kind?: string; grey?: boolean },
): DetectorSpec['input'] {
  const seen = inputs.slice(0, 4).map((value) => `"${value.name.slice(0, 60)}" ${value.type} ${shapeText(value.shape)}`)
  const [value] = inputs
  const { shape, type } = value ?? {}
  if (inputs.length !== 1 || shape?.length !== 4 || (type !== 'float32' && type !== 'float16' && type !== 'uint8')) {
    throw unknown(file, `it wants ${seen.join(', ') || 'no input'} where one picture [N, 3, H, W] is expected`, kind)
  }
  const layout = shape[1] === 3 || shape[3] !== 3 ? 'nchw' : 'nhwc'
  const at = layout === 'nchw' ? [1, 2, 3] : [3, 1, 2]
  const [channels, ...sides] = at.map((axis) => shape[axis])
  if (typeof channels === 'number' && channels !== 3 && !(grey && channels === 1))
    throw unknown(file, `its pictures have ${channels} channels`, kind)
  const stated = readNumbers(metadata.get('imgsz'))
  const [height, width] = sides.map((side, i) => (typeof side === 'number' ? side : (stated?.[i] ?? DEFAULT_SIDE)))
  for (const side of [height, width]) {
    if (!Number.isInteger(side) || side < 1 || side > LARGEST_SIDE) {
      throw unknown(file, `its pictures are ${width} x ${height} pixels; up to ${LARGEST_SIDE} are possible`, kind)
    }
  }
  const images = typeof shape[0] === 'number' ? shape[0] : batch
  if (images > 1024) throw unknown(file, `it takes ${images} pictures at once`, kind)
  return { name: value.name, type, layout, batch: images, width, height }
}

interface Output {
  name: string
  format: OutputFormat
  /** null: not told by the shape. */
  classes: number | null
  pixels: ModelInput | null
}

/** What this product writes: `output` names the format. */
function ownOutput({ metadata, outputs }: OnnxInfo, points: PointSpec | null): Output | null {
  const stated = metadata.get('output')
  const format = outputFormats.find((known) => known === stated)
  const [value] = outputs
  if (!format || !value) return null
  const last = value.shape?.at(-1)
  const fromShape = format.startsWith('centre-objectness-classes') || format === 'yolox-grid'
  const others = 5 + (points ? points.count * points.size : 0)
  const classes = fromShape && typeof last === 'number' ? last - others : null
  return { name: value.name, format, classes, pixels: null }
}

function signature(
  info: OnnxInfo,
  { width, height }: DetectorSpec['input'],
  names: string[] | null,
  points: PointSpec | null,
): Output | null {
  const extra = points ? points.count * points.size : 0
  const cells = [8, 16, 32].reduce((sum, s) => sum + Math.floor(width / s) * Math.floor(height / s), 0)
  // Ultralytics writes these four keys into every file.
  const centred = ['stride', 'task', 'imgsz', 'names'].every((key) => info.metadata.has(key))
  for (const { name, shape } of info.outputs) {
    if (shape?.length === 2 && shape[1] === 7 && /batchno_classid_score/.test(name))
      return { name, format: 'listed', classes: null, pixels: yoloxInput }
    if (shape?.length !== 3) continue
    const [, rows, columns] = shape
    // Of poses, the columns of YOLOv8 and later are known.
    if (points) {
      if (columns === cells && typeof rows === 'number' && rows > 4 + extra)
        return { name, format: 'centre-classes-columns', classes: rows - 4 - extra, pixels: centredInput }
      continue
    }
    if (columns === 6 && rows !== cells && rows !== 3 * cells && (typeof rows !== 'number' || rows <= 1000))
      return { name, format: 'corners-score-class', classes: null, pixels: centred ? centredInput : null }
    if (rows === cells && typeof columns === 'number' && columns >= 6) {
      // Exp turns logarithms of sizes into sizes: without it the output is not decoded.
      const format = info.ops.has('Exp') ? 'centre-objectness-classes' : 'yolox-grid'
      return { name, format, classes: columns - 5, pixels: yoloxInput }
    }
    if (rows === 3 * cells && typeof columns === 'number' && columns >= 6)
      return { name, format: 'centre-objectness-classes', classes: columns - 5, pixels: centredInput }
    const open = typeof columns !== 'number' && names !== null && rows === 4 + names.length
    if ((columns === cells || open) && typeof rows === 'number' && rows >= 5)
      return { name, format: 'centre-classes-columns', classes: rows - 4, pixels: centredInput }
  }
  return null
}

/** `kpt_shape` as Ultralytics writes it, and this product's own `skeletons`; null when the file does not tell. */
function readPoints(metadata: OnnxInfo['metadata']): PointSpec | null {
  const shape = readNumbers(metadata.get('kpt_shape'))
  const [count, size] = shape ?? []
  if (!count || !Number.isInteger(count) || count < 1 || (size !== 2 && size !== 3)) return null
  let skeletons: (Skeleton | null)[] = []
  try {
    const stated = z.array(skeletonSchema.nullable()).safeParse(JSON.parse(metadata.get('skeletons') ?? '[]'))
    skeletons = stated.data ?? []
  } catch {
    // As if it were not there.
  }
  return { count, size, skeletons }
}

/** `{0: 'person', ...}` or a list; null when it is neither, or has gaps. */
export function readNames(text: string | undefined): string[] | null {
  const value = literal(text)
  const list =
    value instanceof Map ? Array.from({ length: value.size }, (_, i) => value.get(i) ?? value.get(`${i}`)) : value
  if (!Array.isArray(list) || list.length === 0) return null
  const names = list.map((name) => (typeof name === 'string' ? name : ''))
  return names.includes('') ? null : names
}

function readNumbers(text: string | undefined): number[] | null {
  const value = literal(text)
  const list = typeof value === 'number' ? [value, value] : value
  return Array.isArray(list) && list.every((v) => typeof v === 'number') ? list : null
}

export function readInput(text: string | undefined): ModelInput | null {
  try {
    return modelInputSchema.safeParse(JSON.parse(text ?? 'null')).data ?? null
  } catch {
    return null
  }
}

/** Metadata of foreign files is a hint: what cannot be read is as if it were not there. */
function literal(text: string | undefined) {
  try {
    return text === undefined ? null : parsePythonLiteral(text)
  } catch {
    return null
  }
}
