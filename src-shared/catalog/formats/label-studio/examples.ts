/** Fixtures of the Label Studio format: sizes of which percent are exact. */
import type { FormatExample } from '../../format'
import { ellipseRing } from '../common/point-sets'

const size = { width: 400, height: 200 }
const ellipse = { x: 50, y: 50, radiusX: 12.5, radiusY: 25, rotation: 0 }

export const labelStudioExamples: FormatExample<{ label: string }>[] = [
  {
    name: 'every shape, a pose, choices, several rings, fields of the task',
    dataset: () => ({
      sizes: { 'quay 1.jpg': size, 'fog.jpg': size },
      chunk: {
        labels: [
          { key: 'boat', name: 'boat' },
          {
            key: 'person',
            name: 'person',
            skeleton: { names: ['left_eye', 'right_eye', 'nose'], edges: [[0, 2]], flip: [1, 0, 2], sigmas: [0.1, 0.1, 0.2] }, // prettier-ignore
          },
          { key: 'mark', name: 'mark', skeleton: { names: ['mark'], edges: [], flip: [], sigmas: [] } },
          { key: 'sunny', name: 'sunny' },
        ],
        samples: [
          { key: 'q', path: 'quay 1.jpg', ...size, split: 'train', reviewed: true, extra: { labelStudio: { data: { camera: 'x' }, total_annotations: 1 } } }, // prettier-ignore
          { key: 'f', path: 'fog.jpg', split: 'val' },
        ],
        annotations: [
          { sample: 'q', label: 'boat', shape: { kind: 'box', box: [100, 20, 200, 120] }, flags: { difficult: true }, extra: { labelStudio: { score: 0.5, meta: { text: ['two masts'] } }, attributes: { color: 'red' } } }, // prettier-ignore
          { sample: 'q', label: 'boat', shape: { kind: 'polygon', rings: [[[0, 0], [400, 0], [400, 200]]] } }, // prettier-ignore
          { sample: 'q', label: 'boat', shape: { kind: 'polygon', rings: [[[0, 0], [40, 0], [40, 20]], [[100, 20], [200, 20], [200, 100]]] } }, // prettier-ignore
          { sample: 'q', label: 'boat', shape: { kind: 'polygon', rings: [ellipseRing(200, 100, 50, 50)] }, extra: { labelStudio: { ellipse: { ...ellipse, ellipselabels: ['boat'] } } } }, // prettier-ignore
          { sample: 'q', label: 'boat', shape: { kind: 'rotated-box', rotatedBox: [200, 100, 100, 40, 180] } },
          { sample: 'q', label: 'person', shape: { kind: 'keypoints', keypoints: [[20, 30, 2], [0, 0, 0], [24, 36, 1]], box: [8, 20, 60, 90] } }, // prettier-ignore
          { sample: 'q', label: 'person', shape: { kind: 'keypoints', keypoints: [[0, 0, 0], [0, 0, 0], [0, 0, 0]], box: [8, 20, 60, 80] } }, // prettier-ignore
          { sample: 'q', label: 'person', shape: { kind: 'keypoints', keypoints: [[220, 30, 2], [240, 30, 2], [0, 0, 0]] } }, // prettier-ignore
          { sample: 'q', label: 'mark', shape: { kind: 'keypoints', keypoints: [[320, 140, 1]] } },
          { sample: 'q', label: 'sunny', shape: { kind: 'tag' } },
          { sample: 'q', label: 'boat', shape: { kind: 'mask', mask: { size: [200, 400], counts: [401, 3, 197, 1, 79398] } } }, // prettier-ignore
        ],
      },
    }),
  },
]
