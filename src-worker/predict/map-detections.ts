import type { z } from 'zod'
import type { detectionSchema } from '@shared/contract/inference'
import type { ClassMapping } from '@shared/domain/class-map'
import type { Detection } from '@shared/domain/detection'

/** Detections with the project's labels, as they go over the wire; classes without a label are left out. */
export const mapDetections = (
  found: readonly Detection[],
  mapping: Pick<ClassMapping, 'labelOf'>,
): z.input<typeof detectionSchema>[] =>
  found
    .map(({ label, score, box, keypoints }) => ({
      label: mapping.labelOf(label),
      score,
      box: [...box] as [number, number, number, number],
      ...(keypoints ? { keypoints: keypoints.map((point) => [...point] as [number, number, number]) } : {}),
    }))
    .filter(({ label }) => label >= 0)
