/** eval, eval-coco, predict, export, export-data. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { truthOf } from '@shared/catalog/tasks'
import { denoisers } from '@shared/catalog/denoisers'
import type { ModelSource, PredictedImage, PredictResult, RunExportReport } from '@shared/contract/runs'
import type { Evaluation } from '@shared/contract/evaluation'
import { halfLoss, keepsAccuracy, type ExportReport } from '@shared/contract/worker'
import { evalThresholds, predictThresholds, type sliceSchema } from '@shared/contract/inference'
import { pointConfidence } from '@shared/domain/found-points'
import { modelInputSchema, type ModelInput } from '@shared/domain/model-input'
import { providerSchema } from '@shared/domain/recipe'
import { splitSchema } from '@shared/domain/split'
import { iouTypes, type IouType } from '@shared/evaluation/coco-params'
import { evalCocoFiles } from '@shared/evaluation/eval-coco-files'
import { formatEvaluation } from '@shared/evaluation/format-evaluation'
import { withoutProject, withProject, type Api, type CliContext } from './context'
import { defineCommand, integer, listOf, number, oneOf } from './define-command'
import { exportDataCommand } from './export-data-command'
import { followJob } from './follow-job'
import { listImages } from '../../media/list-images'
import { bytes, plural, score } from './text'

export const modelCommands = (cli: CliContext): Command[] => [
  evaluate(cli),
  evalCoco(cli),
  predict(cli),
  exportOnnx(cli),
  exportDataCommand(cli),
]

interface ModelOptions {
  run?: string
  checkpoint: 'best' | 'last'
  model?: string
  input?: string
}
interface InferenceOptions {
  conf?: number
  iou?: number
  oks?: number
  maxDet?: number
  slice?: number | 'auto'
  sliceOverlap?: number
  sliceMerge?: 'greedy-nmm' | 'nmm' | 'nms'
  sliceMetric?: 'ios' | 'iou'
  sliceThreshold?: number
  sliceWhole: boolean
  classMap?: string
  provider: 'auto'
}

const withModel = (command: Command): Command =>
  command
    .option('--run <run>', 'a run: id, name, or latest')
    .option('--checkpoint <which>', 'of the run: best or last', oneOf('best', 'last'), 'best')
    .option('--model <file.onnx>', 'any ONNX detector')
    .option('--input <declaration>', 'input of a foreign file, e.g. RGB,1,center or BGR,255,topleft')

const withInference = (command: Command, { conf, iou, maxDet }: typeof evalThresholds): Command =>
  command
    .option('--conf <score>', `confidence threshold (default ${conf})`, number(0, 1))
    .option('--iou <iou>', `IoU threshold of the suppression (default ${iou})`, number(0, 1))
    .option(
      '--oks <similarity>',
      'poses: suppress by the similarity of points from here on, not by --iou',
      number(0, 1),
    )
    .option('--max-det <n>', `detections an image at most (default ${maxDet})`, integer(1))
    .option(
      '--slice <px>',
      'look at overlapping squares of this size too, for small objects; auto: from the objects of the project',
      (text: string) => (text === 'auto' ? text : integer(32)(text)),
    )
    .option('--slice-overlap <share>', 'of neighbouring squares (default 0.2)', number(0, 0.9))
    .option(
      '--slice-merge <how>',
      'greedy-nmm (default), nmm or nms; below confidence 0.1 always nms by iou',
      oneOf('greedy-nmm', 'nmm', 'nms'),
    )
    .option('--slice-metric <metric>', 'ios: over the smaller box (default), or iou', oneOf('ios', 'iou'))
    .option('--slice-threshold <value>', 'boxes of squares are one object from here on (default 0.5)', number(0, 1))
    .option('--no-slice-whole', 'only the squares, not the whole image beside them')
    .option('--class-map <map>', 'classes of the file to labels: "person=worker,2=car", or a JSON file')
    .option('--provider <id>', providerSchema.options.join(', '), oneOf(...providerSchema.options), 'auto')

const evaluate = (cli: CliContext) =>
  withInference(
    withModel(
      defineCommand(
        'eval <project> (--run <run> | --model <file> | --predictions <file>) [options]',
        'Evaluate on a split, with the COCO table.',
        [
          'eval harbour --run latest',
          'eval harbour --model exports/harbour.onnx --split val',
          'eval harbour --predictions predictions.json --json',
        ],
      ),
    )
      .argument('<project>', 'project folder')
      .option('--predictions <file>', 'a file in COCO result format with the ids of this project')
      .option('--split <split>', 'train, val, test, or all', oneOf(...splitSchema.options, 'all'), 'test')
      .option('--levels <list>', 'denoisers: noise levels, comma between, e.g. 15,25,50', listOf(number(0, 1e6)))
      .option(
        '--methods <list>',
        `denoisers: measure beside it: ${denoisers.ids.join(', ')}`,
        listOf(oneOf(...(denoisers.ids as [string]))),
      ),
    evalThresholds,
  ).action(async (folder: string, options: EvalOptions, command: Command) => {
    const source: ModelSource | { kind: 'predictions'; file: string } = options.predictions
      ? { kind: 'predictions', file: resolve(options.predictions) }
      : modelSource(options, 'eval')
    if (options.predictions && (options.run || options.model)) throw oneModel('eval')
    const result = await withProject(cli, folder, (api) =>
      evaluateAndFollow(cli, api, {
        source,
        split: options.split === 'all' ? null : options.split,
        ...(options.levels ? { levels: options.levels } : {}),
        ...(options.methods ? { methods: options.methods } : {}),
        ...inference(options),
      }),
    )
    cli.answer(command, evaluationDocument(result), () => formatEvaluation(result))
  })
interface EvalOptions extends ModelOptions, InferenceOptions {
  predictions?: string
  levels?: number[]
  methods?: string[]
  split: 'train' | 'val' | 'test' | 'all'
}

export async function evaluateAndFollow(
  cli: CliContext,
  api: Api,
  input: Parameters<Api['runs']['evaluate']>[0],
): Promise<Evaluation> {
  const result = await followJob<Evaluation>(cli, api, () => api.runs.evaluate(input))
  for (const { message } of result.warnings) cli.note(`Warning: ${message}`)
  return result
}

const evaluationDocument = ({
  coco,
  stats,
  perClass,
  images,
  seconds,
  thresholds,
  classification,
  restoration,
  report,
}: Evaluation) =>
  restoration
    ? { restoration, images, seconds }
    : classification
      ? { classification, perClass, images, seconds }
      : { coco, stats, perClass, images, seconds, thresholds, ...(report ? { report } : {}) }

const evalCoco = (cli: CliContext) =>
  defineCommand(
    'eval-coco --gt <file> --dt <file> [options]',
    'Evaluate two COCO files as pycocotools does; needs no project.',
    [
      'eval-coco --gt instances_val.json --dt detections.json',
      'eval-coco --gt person_keypoints.json --dt poses.json --iou-type keypoints --json',
    ],
  )
    .requiredOption('--gt <file>', 'ground truth')
    .requiredOption('--dt <file>', 'detections in COCO result format')
    .option('--iou-type <type>', iouTypes.join(', '), oneOf(...iouTypes), 'bbox')
    .action((options: { gt: string; dt: string; iouType: IouType }, command: Command) => {
      const started = performance.now()
      const result = evalCocoFiles(readText(options.gt), readText(options.dt), options.iouType)
      const { coco, stats, perClass, images, warnings } = result
      for (const { message } of warnings) cli.note(`Warning: ${message}`)
      const seconds = (performance.now() - started) / 1000
      cli.answer(command, { coco, stats, perClass, images, seconds, thresholds: null }, () => result.table)
    })

const predict = (cli: CliContext) =>
  withInference(
    withModel(
      defineCommand(
        'predict (<image...> | --project <project>) (--run <run> | --model <file>) [options]',
        'Detect objects in images.',
        [
          'predict photo.jpg --model harbour.onnx --draw out',
          'predict photos --model harbour.onnx --out predictions.json',
          'predict --project harbour --split test --run latest --out predictions.json',
          'predict photo.jpg --project harbour --run r2 --conf 0.4',
        ],
      ),
    )
      .argument('[images...]', 'image files, or folders with image files')
      .option('--project <project>', 'project folder: its images when none are named, and its runs')
      .option(
        '--split <split>',
        'of the project: train, val, test, or all (default)',
        oneOf(...splitSchema.options, 'all'),
        'all',
      ) // prettier-ignore
      .option('--out <file.json>', 'write all detections in COCO result format')
      .option('--draw <folder>', 'write the images with boxes drawn'),
    predictThresholds,
  ).action(async (given: string[], options: PredictOptions, command: Command) => {
    const source = modelSource(options, 'predict')
    if (given.length === 0 && !options.project) {
      throw new TagwrightError('usage', 'predict was given no image. Name images, or a project with --project.')
    }
    if (source.kind === 'run' && !options.project) {
      throw new TagwrightError(
        'usage',
        'A run belongs to a project. Name it with --project, or use --model <file.onnx>.',
      )
    }
    const files = given.flatMap(listImages)
    const work = async (api: Api) => {
      const images: PredictedImage[] = []
      let job: number | null = null
      const early: { job: number; image: PredictedImage }[] = []
      const stop = api.runs.on('predicted', (event) => {
        if (job === null) early.push(event)
        else if (event.job === job) images.push(event.image)
      })
      try {
        const result = await followJob<PredictResult>(cli, api, async () => {
          const started = await api.runs.predict({
            source,
            images: files.length > 0 ? { files } : { split: options.split === 'all' ? null : options.split },
            out: options.out ? resolve(options.out) : null,
            draw: options.draw ? resolve(options.draw) : null,
            ...inference(options),
          })
          job = started.job
          images.push(...early.filter((event) => event.job === job).map((event) => event.image))
          return started
        })
        return { ...result, images }
      } finally {
        stop()
      }
    }
    const result = options.project ? await withProject(cli, options.project, work) : await withoutProject(cli, work)
    const { images, failed, labels, seconds, thresholds, out, draw } = result
    const isClass = truthOf(result.task) === 'class'
    cli.answer(command, { images, failed, labels, seconds, thresholds, out, draw }, () => {
      const shown = images.slice(0, 20)
      return [
        ...shown.flatMap(({ file, detections }) => [
          `${file}: ${isClass ? (detections[0]?.name ?? '-') : plural(detections.length, 'object')}`,
          ...detections.map(
            (d) =>
              `  ${d.score.toFixed(3)}  ${d.name.padEnd(16)} ${isClass ? '' : d.box.map((v) => v.toFixed(1)).join(' ')}${d.keypoints ? `  ${d.keypoints.filter(([, , sure]) => sure >= pointConfidence).length} of ${d.keypoints.length} points` : ''}`,
          ),
        ]),
        ...(images.length > shown.length
          ? [`... ${images.length - shown.length} more images; --json or --out give all.`]
          : []),
        isClass
          ? `${plural(images.length, 'image')}, ${seconds.toFixed(1)} s (further classes from ${thresholds.conf} on).`
          : `${plural(result.detections, 'object')} in ${plural(images.length, 'image')}, ${seconds.toFixed(1)} s (confidence ${thresholds.conf}, IoU ${thresholds.iou}).`,
        ...(out ? [`Written: ${out}`] : []),
        ...(draw ? [`Drawn: ${draw}`] : []),
      ]
    })
    if (failed.length > 0 && images.length === 0) {
      process.exitCode = 1
    }
  })
interface PredictOptions extends ModelOptions, InferenceOptions {
  project?: string
  split: 'train' | 'val' | 'test' | 'all'
  out?: string
  draw?: string
}

const exportOnnx = (cli: CliContext) =>
  defineCommand('export <project> --run <run> --out <file.onnx> [options]', 'Export a run as an ONNX file.', [
    'export harbour --run latest --out harbour.onnx',
    'export harbour --run r2 --out harbour-nms.onnx --nms --dynamic',
    'export harbour --run latest --out harbour.onnx --licence CC-BY-4.0 --bundle',
  ])
    .argument('<project>', 'project folder')
    .requiredOption('--run <run>', 'id, name, or latest')
    .requiredOption('--out <file.onnx>', 'file to write')
    .option('--checkpoint <which>', 'best or last', oneOf('best', 'last'), 'best')
    .option('--nms', 'with the suppression inside: output [N, max, 6]', false)
    .option('--dynamic', 'batch size is free', false)
    .option('--half', '16-bit weights and arithmetic; inputs and outputs stay 32-bit', false)
    .option('--licence <name>', 'of the weights, written into the file and the card')
    .option('--conf <score>', `with --nms: confidence threshold (default ${predictThresholds.conf})`, number(0, 1))
    .option('--iou <iou>', `with --nms: IoU threshold (default ${predictThresholds.iou})`, number(0, 1))
    .option('--max-det <n>', `with --nms: detections at most (default ${predictThresholds.maxDet})`, integer(1))
    .option('--bundle', 'write a zip beside the file too: model, card, programs for Node and Python', false)
    .action(async (folder: string, options: ExportOptions, command: Command) => {
      const { run, checkpoint, nms, dynamic, half, bundle, licence = null, conf, iou, maxDet } = options
      const thresholds = Object.entries({ conf, iou, maxDet }).filter(([, value]) => value !== undefined)
      if (thresholds.length > 0 && !nms) {
        throw new TagwrightError('usage', '--conf, --iou and --max-det are built into files with --nms only. Add it.')
      }
      const report = await withProject(cli, folder, (api) =>
        followJob<RunExportReport>(cli, api, () =>
          api.runs.export({
            run,
            checkpoint,
            out: resolve(options.out),
            nms,
            dynamic,
            half,
            licence,
            bundle,
            ...Object.fromEntries(thresholds),
          }),
        ),
      )
      cli.answer(command, report, () => [...exportText(report), ...(report.bundle ? [`Bundle: ${report.bundle}`] : [])])
    })
interface ExportOptions {
  run: string
  out: string
  checkpoint: 'best' | 'last'
  nms: boolean
  dynamic: boolean
  half: boolean
  bundle: boolean
  licence?: string
  conf?: number
  iou?: number
  maxDet?: number
}

export function exportText({ file, bytes: size, opset, input, output, parity, half }: ExportReport): string[] {
  const kept = keepsAccuracy(half)
  const verdict = kept !== null ? '.' : parity.ok ? ': equal.' : ': NOT equal.'
  const [name, loss] = [output.length === 2 ? 'top-1' : 'AP', halfLoss.toFixed(2)]
  return [
    `Exported ${file} (${bytes(size)}, opset ${opset}, input ${input.join('x')}, output ${output.join('x')}).`,
    `Parity on ${plural(parity.images, 'image')}: ${output.length === 3 ? `boxes within ${parity.maxBoxError.toPrecision(2)} px, ` : ''}${output.length === 4 ? 'values' : 'scores'} within ${parity.maxScoreError.toPrecision(2)}${verdict}`,
    ...(half
      ? [
          kept === null
            ? 'Half precision: no image of the evaluation split says what it costs.'
            : `Half precision: ${name} ${score(half.apFull)} becomes ${score(half.apHalf)}${kept ? `: nothing is lost beyond ${loss}.` : `, a loss of more than ${loss}. Export without --half where that counts.`}`,
        ]
      : []),
  ]
}

function modelSource({ run, checkpoint, model, input }: ModelOptions, command: string): ModelSource {
  if ((run === undefined) === (model === undefined)) throw oneModel(command)
  if (run !== undefined) return { kind: 'run', run, checkpoint }
  return { kind: 'onnx', file: resolve(model!), ...(input ? { input: parseInput(input) } : {}) }
}

const oneModel = (command: string) =>
  new TagwrightError(
    'usage',
    `${command} needs exactly one of ${command === 'eval' ? '--run, --model and --predictions' : '--run and --model'}.`,
  )

/** `RGB,1,center`: order, range, align. */
function parseInput(text: string): ModelInput {
  const [order, range, align, ...rest] = text.split(',').map((part) => part.trim())
  const input = modelInputSchema.safeParse({ order, range: Number(range), align })
  if (input.success && rest.length === 0) return input.data
  throw new TagwrightError(
    'usage',
    `--input was given "${text}". Write order,range,align: RGB or BGR, 1 or 255, topleft or center.`,
  )
}

/** Only what was given; the contract knows the defaults. */
function inference(options: InferenceOptions) {
  const { conf, iou, maxDet, oks, classMap, provider } = options
  return {
    ...(conf === undefined ? {} : { conf }),
    ...(iou === undefined ? {} : { iou }),
    ...(maxDet === undefined ? {} : { maxDet }),
    ...(oks === undefined ? {} : { oks }),
    slice: sliceOptions(options),
    classMap: classMap === undefined ? null : parseClassMap(classMap),
    provider,
  }
}

function sliceOptions(options: InferenceOptions): z.input<typeof sliceSchema> | null {
  const { slice, sliceOverlap, sliceMerge, sliceMetric, sliceThreshold, sliceWhole } = options
  const others = { overlap: sliceOverlap, merge: sliceMerge, metric: sliceMetric, threshold: sliceThreshold }
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined))
  if (slice !== undefined) return { size: slice, whole: sliceWhole, ...given }
  if (Object.keys(given).length === 0 && sliceWhole) return null
  throw new TagwrightError('usage', 'Options of slices were given without --slice. Add --slice auto or a size in px.')
}

function parseClassMap(text: string): Record<string, string> {
  if (text.includes('=')) {
    const pairs = text.split(',').map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 1)
        throw new TagwrightError('usage', `--class-map was given "${pair}". Write class=label, comma between.`)
      return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
    })
    return Object.fromEntries(pairs) as Record<string, string>
  }
  let map: unknown
  try {
    map = JSON.parse(readText(text))
  } catch (cause) {
    if (cause instanceof TagwrightError) throw cause
    throw new TagwrightError('usage', `${resolve(text)} is not JSON. Write {"class": "label"}.`, {}, { cause })
  }
  const isMap =
    map !== null && typeof map === 'object' && Object.values(map).every((value) => typeof value === 'string')
  if (!isMap)
    throw new TagwrightError('usage', `${resolve(text)} is not a map of classes to labels. Write {"class": "label"}.`)
  return map as Record<string, string>
}

function readText(path: string): string {
  const file = resolve(path)
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    throw new TagwrightError(
      'not-found',
      `${file} cannot be read (${reason}). Check the path.`,
      { file, reason },
      { cause },
    )
  }
}
