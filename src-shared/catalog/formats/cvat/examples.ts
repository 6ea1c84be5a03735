/** Fixtures of the CVAT format. */
import type { FormatExample } from '../../format'
import { ringOf } from './shapes'

const size = { width: 640, height: 480 }
const ellipse = { cx: '100', cy: '120.5', rx: '30', ry: '10', rotation: '15' }

export const cvatExamples: FormatExample<Record<string, never>>[] = [
  {
    name: 'every shape, attributes, skeletons, tags, fields of the element',
    dataset: () => ({
      sizes: { 'quay & co.jpg': size, 'fog.jpg': { width: 7, height: 5 } },
      chunk: {
        labels: [
          { key: 'boat', name: 'boat <small>' },
          {
            key: 'person',
            name: 'person',
            skeleton: { names: ['left_eye', 'right_eye', 'no"se'], edges: [[0, 2], [1, 2]], flip: [1, 0, 2], sigmas: [0.1, 0.1, 0.2], layout: [[0, 0], [1, 0.25], [0.5, 1]] }, // prettier-ignore
          },
          {
            key: 'corner',
            name: 'corner',
            skeleton: { names: ['point 1', 'point 2'], edges: [], flip: [], sigmas: [] },
          },
          { key: 'sunny', name: 'sunny' },
        ],
        samples: [
          { key: 'q', path: 'quay & co.jpg', ...size, split: 'train', extra: { cvat: { task_id: '4' } } },
          { key: 'f', path: 'fog.jpg', width: 7, height: 5, split: 'val' },
        ],
        annotations: [
          { sample: 'q', label: 'sunny', shape: { kind: 'tag' } },
          {
            sample: 'q',
            label: 'boat',
            shape: { kind: 'box', box: [10.5, 20.25, 100, 200] },
            flags: { difficult: true, occluded: true },
            extra: {
              attributes: { color: 'red & "blue"', masts: 2, wet: false },
              cvat: { z_order: '3', group_id: '2' },
            },
          },
          { sample: 'q', label: 'boat', shape: { kind: 'rotated-box', rotatedBox: [320, 240, 100, 40, 30.5] } },
          { sample: 'q', label: 'boat', shape: { kind: 'polygon', rings: [[[1, 2], [30, 2], [30, 40.5]]] } }, // prettier-ignore
          {
            sample: 'q',
            label: 'boat',
            shape: { kind: 'polygon', rings: [ringOf(ellipse)] },
            extra: { cvat: ellipse },
          },
          { sample: 'q', label: 'person', shape: { kind: 'keypoints', keypoints: [[20, 30, 2], [0, 0, 0], [25, 35, 1]] } }, // prettier-ignore
          { sample: 'q', label: 'corner', shape: { kind: 'keypoints', keypoints: [[20, 30, 2], [25, 35, 2]] }, extra: { cvat: { points: true } } }, // prettier-ignore
          { sample: 'f', label: 'boat', shape: { kind: 'mask', mask: { size: [5, 7], counts: [6, 2, 3, 3, 21] } } },
        ],
      },
    }),
  },
]
