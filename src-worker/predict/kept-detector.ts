/** The worker's `openDetector` and `detect`: one detector that stays open for one encoded picture after another. */
import type { z } from 'zod'
import { TagwrightError } from '@shared/base/errors'
import { thresholdsOf } from '@shared/contract/inference'
import { type workerContract } from '@shared/contract/worker'
import { detectFiles } from './detect-files'
import { mapDetections } from './map-detections'
import { openDetector } from './open-detector'

type Methods = (typeof workerContract)['methods']
let kept: Awaited<ReturnType<typeof openDetector>> | null = null

export async function keepDetector(
  input: z.output<Methods['openDetector']['input']>,
): Promise<z.input<Methods['openDetector']['output']>> {
  const before = kept
  kept = null
  await before?.detector.close()
  kept = await openDetector({ ...input, batch: 1 })
  const { detector, mapping } = kept
  const { width, height } = detector.spec.input
  const skeletons: z.input<Methods['openDetector']['output']>['skeletons'] = mapping.labels.map(() => null)
  detector.spec.points?.skeletons.forEach((skeleton, c) => {
    const label = mapping.labelOf(c)
    if (label >= 0 && skeleton) skeletons[label] = { names: [...skeleton.names], edges: [...skeleton.edges] }
  })
  return { labels: [...mapping.labels], dropped: [...mapping.dropped], skeletons, input: { width, height } }
}

/** @throws `not-found` before a detector was opened, `image-unreadable`. */
export async function detectPicture(
  { image, ...input }: z.output<Methods['detect']['input']>,
  signal: AbortSignal | undefined,
): Promise<z.input<Methods['detect']['output']>> {
  if (!kept) throw new TagwrightError('not-found', 'No detector is open. Open one first.')
  const { detector, mapping } = kept
  const started = performance.now()
  const results = detectFiles(detector, {
    files: [image],
    thresholds: thresholdsOf(input),
    slice: null,
    onFailed(_, message) {
      throw new TagwrightError('image-unreadable', message)
    },
    signal,
  })
  for await (const { width, height, detections } of results) {
    return {
      width,
      height,
      detections: mapDetections(detections, mapping),
      seconds: (performance.now() - started) / 1000,
    }
  }
  throw new TagwrightError('image-unreadable', 'The picture holds no image. Send a JPEG, PNG or WebP file.')
}
