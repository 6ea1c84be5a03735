/** The worker's `predict`: detections as events, one per image. */
import type { z } from 'zod'
import { thresholdsOf } from '@shared/contract/inference'
import { type workerContract } from '@shared/contract/worker'
import type { WorkerReport } from '../report'
import { detectFiles } from './detect-files'
import { mapDetections } from './map-detections'
import { openDetector } from './open-detector'

type Predict = (typeof workerContract)['methods']['predict']

export async function predict(
  input: z.output<Predict['input']>,
  report: Pick<WorkerReport, 'progress' | 'log' | 'classes' | 'detections'>,
  signal: AbortSignal | undefined,
): Promise<z.input<Predict['output']>> {
  const started = performance.now()
  const { images, slice, provider, labels, classMap, model } = input
  const thresholds = thresholdsOf(input)
  report.progress('opening the model', 0, null)
  const batch = slice ? 8 : Math.min(8, Math.max(1, images.length))
  const { detector, mapping } = await openDetector({ model, labels, classMap, batch, provider })
  const failed: { id: number; file: string; message: string }[] = []
  let [read, detections] = [0, 0]
  try {
    if (mapping.dropped.length > 0) report.log('warning', droppedText(mapping.dropped))
    report.classes([...mapping.labels])
    const results = detectFiles(detector, {
      files: images.map(({ file }) => file),
      thresholds,
      slice,
      onFailed(position, message) {
        failed.push({ id: images[position].id, file: images[position].file, message })
        report.log('warning', message)
      },
      signal,
    })
    for await (const { position, width, height, detections: found } of results) {
      const mapped = mapDetections(found, mapping)
      report.detections({ image: images[position].id, width, height, detections: mapped })
      read++
      detections += mapped.length
      report.progress('predicting', read + failed.length, images.length)
    }
  } finally {
    await detector.close()
  }
  return {
    images: read,
    detections,
    failed,
    labels: [...mapping.labels],
    seconds: (performance.now() - started) / 1000,
    thresholds,
  }
}

export const droppedText = (dropped: readonly string[]): string =>
  `${dropped.length === 1 ? 'One class of the model has' : `${dropped.length} classes of the model have`} no label in the project and ${dropped.length === 1 ? 'is' : 'are'} left out: ${dropped.slice(0, 10).join(', ')}${dropped.length > 10 ? '...' : ''}.`
