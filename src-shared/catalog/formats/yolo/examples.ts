/** Fixtures of the YOLO format: values that nine decimals hold exactly. */
import type { FormatExample } from '../../format'
import type { Shape } from '../../../domain/annotation'
import type { Skeleton } from '../../../domain/skeleton'

const size = { width: 640, height: 512 }
const path = 'images/train/quay.jpg'
const example = (
  name: string,
  shapes: Shape[],
  options?: { task: 'obb' },
  skeletons: readonly Skeleton[] = [],
): FormatExample<{ task: 'auto' | 'detect' | 'segment' | 'pose' | 'obb' }> => ({
  name,
  ...(options ? { options } : {}),
  dataset: () => ({
    sizes: { [path]: size, 'images/val/fog.jpg': size },
    chunk: {
      labels: ['buoy', 'no', 'sail: "mast"'].map((label, index) => ({
        key: String(index),
        name: label,
        ...(skeletons.length > 0 ? { skeleton: skeletons[index % skeletons.length] } : {}),
      })),
      samples: [
        { key: path, path, ...size, split: 'train' },
        { key: 'images/val/fog.jpg', path: 'images/val/fog.jpg', split: 'val' },
      ],
      annotations: shapes.map((shape, index) => ({ sample: path, label: String(2 - (index % 3)), shape })),
    },
  }),
})

export const yoloExamples = [
  example('boxes, an image without objects, class order', [
    { kind: 'box', box: [0, 0, 640, 512] },
    { kind: 'box', box: [10, 16, 20, 64] },
  ]),
  example('polygons', [
    {
      kind: 'polygon',
      rings: [
        [
          [10, 16],
          [20, 16],
          [20, 64],
        ],
      ],
    },
    {
      kind: 'polygon',
      rings: [
        [
          [0, 0],
          [640, 0],
          [640, 512],
          [320, 256],
          [0, 512],
        ],
      ],
    },
  ]),
  example(
    'poses with flip pairs',
    [
      {
        kind: 'keypoints',
        keypoints: [
          [20, 32, 2],
          [40, 32, 1],
          [0, 0, 0],
        ],
        box: [10, 16, 60, 64],
      },
      {
        kind: 'keypoints',
        keypoints: [
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ],
        box: [10, 16, 20, 64],
      },
    ],
    undefined,
    [{ names: ['bow', 'stern', 'mast'], edges: [], flip: [1, 0, 2], sigmas: [] }],
  ),
  example(
    'poses of different skeletons, with edges and sigmas',
    [
      { kind: 'keypoints', keypoints: [[20, 32, 2], [40, 32, 1], [0, 0, 0]], box: [10, 16, 60, 64] }, // prettier-ignore
      {
        kind: 'keypoints',
        keypoints: [
          [20, 32, 2],
          [40, 32, 2],
        ],
        box: [10, 16, 60, 64],
      },
      { kind: 'keypoints', keypoints: [[20, 32, 2], [40, 32, 2], [30, 48, 2]], box: [10, 16, 60, 64] }, // prettier-ignore
    ],
    undefined,
    [
      { names: ['bow', 'stern', 'mast'], edges: [[0, 2]], flip: [1, 0, 2], sigmas: [0.1, 0.1, 0.25] }, // prettier-ignore
      { names: ['left', 'right'], edges: [], flip: [], sigmas: [] },
      { names: ['a', 'b', 'c'], edges: [[0, 1], [1, 2]], flip: [0, 2, 1], sigmas: [] }, // prettier-ignore
    ],
  ),
  example('rotated boxes', [{ kind: 'rotated-box', rotatedBox: [320, 256, 100, 40, 0] }], { task: 'obb' }),
]
