/** The worker's `evaluate`: predicts on one split of a snapshot and scores it as pycocotools does. */
import type { z } from 'zod'
import { thresholdsOf } from '@shared/contract/inference'
import { type workerContract } from '@shared/contract/worker'
import type { Detection } from '@shared/domain/detection'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { snapshotDetections, snapshotTruth } from '@shared/evaluation/from-snapshot'
import { createEvalLoader } from '../data/loader'
import { readSnapshot } from '../data/read-snapshot'
import type { WorkerReport } from '../report'
import { detectFiles } from './detect-files'
import type { Detector } from './detector'
import { openDetector } from './open-detector'
import { droppedText } from './predict'
import { runDetector } from './run-detector'
import { writeDetail } from './write-detail'
import { writePlots } from './write-plots'
import { writePredictions } from './write-predictions'

type Evaluate = (typeof workerContract)['methods']['evaluate']
type Details = 'analysis' | 'objects'
type Input = Omit<z.output<Evaluate['input']>, Details> & Partial<Pick<z.output<Evaluate['input']>, Details>>

export interface EvaluateHost {
  report: Pick<WorkerReport, 'progress' | 'log'>
  signal?: AbortSignal | undefined
  /** Built file of the decoding threads and their number; null decodes in place. */
  threadFile: string | null
  loaderThreads: number
}

/** What is known when the model has looked at every image. */
export interface Found {
  header: SnapshotHeader
  samples: readonly SnapshotSample[]
  /** By sample id, labels as in the header. */
  found: ReadonlyMap<number, readonly Detection[]>
}
export type Scores = Pick<
  z.input<Evaluate['output']>,
  'iouType' | 'coco' | 'stats' | 'perClass' | 'images' | 'warnings' | 'report'
>

/** Where details are written that were asked for. */
type ScoreFiles = Pick<Input, 'analysis' | 'objects' | 'plots'>

/** How a task scores what a detector found. */
export interface EvaluateParts {
  prepare?(sample: SnapshotSample): SnapshotSample | null
  score(input: ScoreFiles, made: Found): Promise<Scores>
}

export async function evaluate(
  input: Input,
  host: EvaluateHost,
  { prepare, score }: EvaluateParts = { score: scoreBoxes },
): Promise<z.input<Evaluate['output']>> {
  const { report } = host
  const started = performance.now()
  const { split } = input
  report.progress('opening the model', 0, null)
  const { header, samples: all } = await readSnapshot(input.snapshot, split ? [split] : undefined)
  const samples = prepare ? all.flatMap((sample) => prepare(sample) ?? []) : all
  const labels = input.labels ?? header.labels
  const { detector, mapping } = await openDetector({ ...input, labels, batch: 8 })
  const found = new Map<number, Detection[]>()
  const warnings: { code: string; message: string }[] = []
  try {
    if (mapping.dropped.length > 0) {
      const message = droppedText(mapping.dropped)
      report.log('warning', message)
      warnings.push({ code: 'classes-dropped', message })
    }
    if (detector.spec.output.suppressed) {
      const message =
        'The file suppresses boxes itself, with thresholds of its own: weaker ones are missing in these numbers. A file without suppression (export without --nms) gives those of the run.'
      report.log('warning', message)
      warnings.push({ code: 'suppressed-inside', message })
    }
    let done = 0
    for await (const [sample, detections] of detectSamples(detector, samples, input, onBad, host)) {
      const mapped = detections.map((one) => ({ ...one, label: mapping.labelOf(one.label) }))
      found.set(
        sample,
        mapped.filter(({ label }) => label >= 0),
      )
      report.progress('predicting', ++done, samples.length)
    }
  } finally {
    await detector.close()
  }
  report.progress('evaluating', 0, null)
  if (input.predictions) await writePredictions(input.predictions, samples, found, header.labels)
  const scores = await score(input, { header, samples, found })
  return {
    ...scores,
    seconds: (performance.now() - started) / 1000,
    thresholds: thresholdsOf(input),
    warnings: [...scores.warnings, ...warnings],
  }

  function onBad(message: string): void {
    report.log('warning', message)
    warnings.push({ code: 'image-unreadable', message })
  }
}

/** COCO's numbers of boxes; writes the files of details that were asked for. */
export async function scoreBoxes(input: ScoreFiles, { header, samples, found }: Found): Promise<Scores> {
  const gt = snapshotTruth(header, samples)
  const dt = snapshotDetections(header, samples, found)
  const evaluation = evaluateCoco({ gt, dt, iouType: 'bbox' })
  await writeDetail(input, { header, samples, gt, dt, evaluation })
  if (input.plots) await writePlots(input.plots, { gt, dt, evaluation })
  const { coco, stats, perClass, images, warnings } = evaluation
  return { iouType: 'bbox', coco, stats, perClass: perClass as Scores['perClass'], images, warnings }
}

/** Detections by sample id, the model's class indexes as labels. */
async function* detectSamples(
  detector: Detector,
  samples: readonly SnapshotSample[],
  input: Input,
  onBad: (message: string) => void,
  { signal, threadFile, loaderThreads }: EvaluateHost,
): AsyncGenerator<[sample: number, detections: Detection[]], void, void> {
  const { slice } = input
  const thresholds = thresholdsOf(input)
  if (slice) {
    const files = samples.map(({ file }) => file)
    const onFailed = (_: number, message: string) => onBad(message)
    const results = detectFiles(detector, { files, thresholds, slice, onFailed, signal })
    for await (const { position, detections } of results) yield [samples[position].id, detections]
    return
  }
  const { batch, width, height } = detector.spec.input
  const loader = createEvalLoader({
    samples,
    batch,
    width,
    height,
    input: detector.spec.pixels,
    pack: detector.pack,
    threads: threadFile ? loaderThreads : 0,
    ...(threadFile ? { threadFile } : {}),
    // Each image is used once.
    cacheBytes: 64 << 20,
    onBadSample: ({ message }) => onBad(message),
    ...(signal ? { signal } : {}),
  })
  try {
    for await (const { sample, detections } of runDetector(detector, loader, thresholds, signal))
      yield [sample.sampleId, detections]
  } finally {
    await loader.close()
  }
}
