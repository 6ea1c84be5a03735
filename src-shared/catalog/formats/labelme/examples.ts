/** Fixtures of the labelme format. */
import type { FormatExample } from '../../format'
import { circleRing } from './shapes'

const size = { width: 640, height: 480 }
const circle: [number, number][] = [
  [100, 100],
  [130, 140],
]

export const labelmeExamples: FormatExample<{ label: string }>[] = [
  {
    name: 'every shape, flags, groups, hidden points, fields of other programs',
    dataset: () => ({
      sizes: { 'quay.jpg': size, 'fog.jpg': { width: 7, height: 5 } },
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
          {
            key: 'quay.jpg',
            path: 'quay.jpg',
            ...size,
            split: 'train',
            reviewed: true,
            extra: {
              labelme: {
                camera: { make: 'x' },
                flags: { rainy: false },
              },
            },
          },
          { key: 'fog.jpg', path: 'fog.jpg', width: 7, height: 5, split: 'val' },
        ],
        annotations: [
          { sample: 'quay.jpg', label: 'sunny', shape: { kind: 'tag' } },
          {
            sample: 'quay.jpg',
            label: 'boat',
            shape: { kind: 'box', box: [10.5, 20.25, 100, 200] },
            flags: { difficult: true, truncated: true },
            extra: { labelme: { description: 'two masts', score: 0.5, flags: { wet: false }, group_id: 7 }, attributes: { color: 'red' } }, // prettier-ignore
          },
          { sample: 'quay.jpg', label: 'boat', shape: { kind: 'polygon', rings: [[[1, 2], [30, 2], [30, 40.5]]] } }, // prettier-ignore
          { sample: 'quay.jpg', label: 'boat', shape: { kind: 'polygon', rings: [[[1, 2], [30, 2], [30, 40]], [[50, 60], [70, 60], [70, 80]]] } }, // prettier-ignore
          {
            sample: 'quay.jpg',
            label: 'boat',
            shape: { kind: 'polygon', rings: [circleRing(circle)] },
            extra: { labelme: { shape_type: 'circle', points: circle } },
          },
          { sample: 'quay.jpg', label: 'boat', shape: { kind: 'rotated-box', rotatedBox: [320, 256, 100, 40, 0] } },
          {
            sample: 'quay.jpg',
            label: 'person',
            shape: { kind: 'keypoints', keypoints: [[20, 30, 2], [0, 0, 0], [25, 35, 1]], box: [10, 20, 60, 90] },
          }, // prettier-ignore
          { sample: 'quay.jpg', label: 'person', shape: { kind: 'keypoints', keypoints: [[0, 0, 0], [0, 0, 0], [0, 0, 0]], box: [10, 20, 60, 91] } }, // prettier-ignore
          { sample: 'quay.jpg', label: 'person', shape: { kind: 'keypoints', keypoints: [[220, 30, 2], [240, 30, 2], [0, 0, 0]] } }, // prettier-ignore
          { sample: 'quay.jpg', label: 'mark', shape: { kind: 'keypoints', keypoints: [[320, 240, 1]] } },
          {
            sample: 'fog.jpg',
            label: 'boat',
            shape: { kind: 'mask', mask: { size: [5, 7], counts: [6, 2, 3, 3, 21] } },
          },
        ],
      },
    }),
  },
]
