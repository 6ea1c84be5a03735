/** Detections on image files, whole or in slices. */
import type { ConcreteSlice, Thresholds } from '@shared/contract/inference'
import type { Detection } from '@shared/domain/detection'
import { mergeDetections, mergeOptionsFor } from '@shared/evaluation/merge-detections'
import { detectorSigmas, toDetections, type Detector } from './detector'
import { pictureBatches } from './picture-batches'

export interface DetectFilesOptions {
  /** Paths, or files that are in memory already. */
  files: readonly (string | Uint8Array)[]
  thresholds: Thresholds
  slice: ConcreteSlice | null
  onFailed(position: number, message: string): void
  signal: AbortSignal | undefined
}

export interface DetectedFile {
  /** Position in `files`. */
  position: number
  /** Upright size in px. */
  width: number
  height: number
  /** Labels are the model's class indexes; best first. */
  detections: Detection[]
}

/** In the order of the files, without those that cannot be read. Detections of slices are merged per class. */
export async function* detectFiles(
  detector: Detector,
  options: DetectFilesOptions,
): AsyncGenerator<DetectedFile, void, void> {
  const { files, thresholds, slice, onFailed, signal } = options
  const { spec, pack } = detector
  const { batch, width, height } = spec.input
  const sigmas = detectorSigmas(spec)
  let found: Detection[] = []
  let parts = 0
  const batches = pictureBatches({
    files,
    batch,
    width,
    height,
    input: spec.pixels,
    pack,
    slice,
    onFailed,
    signal,
  })
  for await (const { images, shape, slices } of batches) {
    const candidates = await detector.run(images, shape, slices.length, thresholds.conf)
    for (const [i, part] of slices.entries()) {
      const { suppressed } = spec.output
      const here = toDetections(candidates[i], part, thresholds, suppressed, sigmas)
      const { x, y } = part.slice
      for (const { box, keypoints, ...rest } of here)
        found.push({
          ...rest,
          box: [box[0] + x, box[1] + y, box[2] + x, box[3] + y],
          ...(keypoints ? { keypoints: keypoints.map(([px, py, sure]) => [px + x, py + y, sure] as const) } : {}),
        })
      parts++
      if (!part.last) continue
      const detections = parts > 1 && slice ? merge(found, slice, thresholds) : found
      yield { position: part.position, ...part.image, detections }
      found = []
      parts = 0
    }
    // Running a model blocks the thread: heartbeats and an abort get their turn here.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const merge = (found: readonly Detection[], slice: ConcreteSlice, { conf, maxDet }: Thresholds): Detection[] =>
  mergeDetections(found, mergeOptionsFor(slice, conf), maxDet)
