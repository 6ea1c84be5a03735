/** Evaluates weights on samples: what the training loop asks after each epoch. */
import type { Thresholds } from '@shared/contract/inference'
import type { Detection } from '@shared/domain/detection'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { evaluateCoco, type CocoEvaluation } from '@shared/evaluation/evaluate-coco'
import { snapshotDetections, snapshotTruth } from '@shared/evaluation/from-snapshot'
import { createEvalLoader } from '../data/loader'
import type { BadSample, EvalLoader } from '../data/types'
import type { Detector } from './detector'
import { runDetector } from './run-detector'
import { openTrainedDetector, type TrainedDetectorOptions } from './trained-detector'

export interface EvaluateWeightsOptions extends Omit<TrainedDetectorOptions, 'batch' | 'names'> {
  samples: readonly SnapshotSample[]
  header: SnapshotHeader
  thresholds: Thresholds
  /** Images per run of the model; default 8. */
  batch?: number
  /** Decoding threads and their file, as for the training loader; default none. */
  loaderThreads?: number
  threadFile?: string | null
  /**
   * A loader to use again, so that images are decoded once in a run: made by {@link createEvaluationLoader} for the same
   * samples, size and batch. It is not closed here.
   */
  loader?: EvalLoader
  /** What detects, where it is not the weights as they are; it is closed here. */
  detector?: Detector
  onBadSample?: (bad: BadSample) => void
  signal?: AbortSignal
}

/** Letterboxed float images as the inference graph takes them. */
export const createEvaluationLoader = ({
  model: { input },
  samples,
  size: [height, width],
  batch = 8,
  loaderThreads = 0,
  threadFile,
  onBadSample,
}: Pick<
  EvaluateWeightsOptions,
  'model' | 'samples' | 'size' | 'batch' | 'loaderThreads' | 'threadFile' | 'onBadSample'
>): EvalLoader => {
  const [mean, std] = [input.mean, input.std].map(([a, b, c]): [number, number, number] => [a, b, c])
  return createEvalLoader({
    samples,
    batch,
    width,
    height,
    input: { ...input, mean, std },
    pack: { layout: 'nchw', type: 'float32' },
    threads: threadFile ? loaderThreads : 0,
    ...(threadFile ? { threadFile } : {}),
    ...(onBadSample ? { onBadSample } : {}),
  })
}

/**
 * @returns COCO's numbers and the detections by sample id, labels as in the header.
 * @throws `no-samples`, and what opening and running a model throws; the signal's reason.
 */
export async function evaluateWeights(
  options: EvaluateWeightsOptions,
): Promise<{ evaluation: CocoEvaluation; detections: Map<number, Detection[]> }> {
  const { samples, header } = options
  const detections = await detectWithWeights(options)
  const evaluation = evaluateCoco({
    gt: snapshotTruth(header, samples),
    dt: snapshotDetections(header, samples, detections),
    iouType: 'bbox',
  })
  return { evaluation, detections }
}

/** Detections by sample id, labels as in the header. Throws as {@link evaluateWeights}. */
export async function detectWithWeights(options: EvaluateWeightsOptions): Promise<Map<number, Detection[]>> {
  const { thresholds, signal, batch = 8 } = options
  const loader = options.loader ?? createEvaluationLoader(options)
  const found = new Map<number, Detection[]>()
  try {
    const detector = options.detector ?? (await openTrainedDetector({ ...options, batch }))
    try {
      for await (const { sample, detections } of runDetector(detector, loader, thresholds, signal)) {
        found.set(sample.sampleId, detections)
      }
    } finally {
      await detector.close()
    }
  } finally {
    if (!options.loader) await loader.close()
  }
  return found
}
