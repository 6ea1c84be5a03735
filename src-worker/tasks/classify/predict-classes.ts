/** The worker's `predict` for classifiers: the likeliest classes of each image, told as boxes around the whole of it. */
import type { z } from 'zod'
import type { workerContract } from '@shared/contract/worker'
import { rankLabels } from '@shared/evaluation/evaluate-classes'
import { pictureBatches } from '../../predict/picture-batches'
import { droppedText } from '../../predict/predict'
import type { WorkerTask } from '../worker-task'
import { openClassifier } from './open-classifier'

type Output = z.input<(typeof workerContract)['methods']['predict']['output']>

/** Classes of an image at most. */
const MOST = 5

/** The best class of every image, and others that reach the confidence. */
export const predictClasses: WorkerTask['predict'] = async (input, report, signal): Promise<Output> => {
  const started = performance.now()
  const { images, conf, iou, maxDet, provider, labels, classMap, model } = input
  report.progress('opening the model', 0, null)
  const batch = Math.min(8, Math.max(1, images.length))
  const classifier = await openClassifier({ model, labels, classMap, batch, provider })
  const { mapping, width, height, pixels, pack } = classifier
  const failed: Output['failed'] = []
  let [read, told] = [0, 0]
  try {
    if (mapping.dropped.length > 0) report.log('warning', droppedText(mapping.dropped))
    report.classes([...mapping.labels])
    const batches = pictureBatches({
      files: images.map(({ file }) => file),
      batch: classifier.batch,
      width,
      height,
      input: pixels,
      pack,
      slice: null,
      onFailed(position, message) {
        failed.push({ id: images[position].id, file: images[position].file, message })
        report.log('warning', message)
      },
      signal,
    })
    for await (const { images: tensor, shape, slices } of batches) {
      const rows = await classifier.run(tensor, shape, slices.length)
      for (const [i, { position, image }] of slices.entries()) {
        const best = rankLabels(rows[i]).slice(0, Math.min(MOST, maxDet))
        const detections = best
          .filter((label, place) => place === 0 || rows[i][label] >= conf)
          .map((label) => {
            const box: [number, number, number, number] = [0, 0, image.width, image.height]
            return { label, score: rows[i][label], box }
          })
        report.detections({ image: images[position].id, ...image, detections })
        read++
        told += detections.length
        report.progress('predicting', read + failed.length, images.length)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    await classifier.close()
  }
  return {
    task: 'classify',
    images: read,
    detections: told,
    failed,
    labels: [...mapping.labels],
    seconds: (performance.now() - started) / 1000,
    thresholds: { conf, iou, maxDet },
  }
}
