import type { Thresholds } from '@shared/contract/inference'
import type { Detection } from '@shared/domain/detection'
import type { EvalLoader, LetterboxedSample } from '../data/types'
import { detectorSigmas, toDetections, type Detector } from './detector'

/** Detections of every readable image of a loader, in its order, with the model's class indexes as labels. */
export async function* runDetector(
  detector: Detector,
  loader: EvalLoader,
  thresholds: Thresholds,
  signal?: AbortSignal,
): AsyncGenerator<{ sample: LetterboxedSample; detections: Detection[] }, void, void> {
  const { suppressed } = detector.spec.output
  const sigmas = detectorSigmas(detector.spec)
  for await (const batch of loader.batches()) {
    signal?.throwIfAborted()
    const found = await detector.run(batch.images, batch.shape, batch.samples.length, thresholds.conf)
    const { samples } = batch
    batch.release()
    for (const [i, sample] of samples.entries())
      yield { sample, detections: toDetections(found[i], sample, thresholds, suppressed, sigmas) }
    // Running a model blocks the thread: heartbeats and an abort get their turn here.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
