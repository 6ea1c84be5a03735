import type { CocoResult, Detection } from '@shared/domain/detection'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { inEvaluationOrder } from '@shared/evaluation/from-snapshot'
import { writeAtomic } from '../files/write-atomic'

/** Writes predictions.json: COCO's result format with the project's image and category ids, one row a line. */
export async function writePredictions(
  file: string,
  samples: readonly SnapshotSample[],
  found: ReadonlyMap<number, readonly Detection[]>,
  labels: readonly { cocoId: number }[],
): Promise<void> {
  await writeAtomic(file, lines())

  function* lines(): Generator<string> {
    let text = '['
    let rows = 0
    for (const { id, cocoImageId } of inEvaluationOrder(samples)) {
      for (const { label, score, box, keypoints } of found.get(id) ?? []) {
        const row: CocoResult = {
          image_id: cocoImageId,
          category_id: labels[label].cocoId,
          bbox: [box[0], box[1], box[2] - box[0], box[3] - box[1]],
          score,
          ...(keypoints ? { keypoints: keypoints.flat() } : {}),
        }
        text += `${rows++ === 0 ? '' : ','}\n${JSON.stringify(row)}`
      }
      if (text.length < 1 << 20) continue
      yield text
      text = ''
    }
    yield `${text}\n]\n`
  }
}
