/** Fixtures of the COCO format. */
import type { FormatExample } from '../../format'

export const cocoExamples: FormatExample<Record<string, never>>[] = [
  {
    name: 'boxes, polygons, masks, keypoints, sparse ids, unknown fields',
    dataset: () => ({
      sizes: { 'images/port/quay.jpg': { width: 640, height: 480 }, 'images/fog.jpg': { width: 4, height: 3 } },
      chunk: {
        extra: { coco: { info: { year: 2026 }, licenses: [{ id: 1, name: 'CC0' }] } },
        labels: [
          { key: 'buoy', name: 'buoy', cocoId: 7, extra: { coco: { supercategory: 'mark' } } },
          {
            key: 'boat',
            name: 'boat',
            cocoId: 90,
            skeleton: {
              names: ['bow', 'stern', 'mast'],
              edges: [
                [0, 1],
                [1, 2],
              ],
              flip: [1, 0, 2],
              sigmas: [0.1, 0.1, 0.05],
            },
          },
        ],
        samples: [
          {
            key: '12',
            path: 'port/quay.jpg',
            width: 640,
            height: 480,
            split: 'train',
            cocoImageId: 12,
            reviewed: true,
            extra: { coco: { license: 1 } },
          },
          { key: '3', path: 'fog.jpg', width: 4, height: 3, split: 'val', cocoImageId: 3 },
        ],
        annotations: [
          {
            sample: '12',
            label: 'buoy',
            shape: { kind: 'box', box: [473.07, 395.93, 511.72, 424.6] },
            area: 1108,
            flags: { occluded: true },
            extra: { coco: { id: 5, score: 0.5 }, attributes: { color: 'red', height: 2.5, lit: true } },
          },
          {
            sample: '12',
            label: 'boat',
            shape: {
              kind: 'polygon',
              rings: [
                [
                  [1, 1],
                  [9.5, 1],
                  [9.5, 7.25],
                ],
                [
                  [20, 20],
                  [30, 20],
                  [30, 30],
                  [20, 30],
                ],
              ],
              box: [1, 1, 30.5, 30],
            },
            area: 120.5,
            extra: { coco: { id: 6 } },
          },
          {
            sample: '12',
            label: 'boat',
            shape: {
              kind: 'keypoints',
              keypoints: [
                [10, 20, 2],
                [30, 20, 1],
                [0, 0, 0],
              ],
              box: [5, 5, 40, 40],
            },
            area: 700,
            extra: { coco: { id: 2, segmentation: [[5, 5, 40, 5, 40, 40]] } },
          },
          {
            sample: '3',
            label: 'buoy',
            shape: { kind: 'mask', mask: { size: [3, 4], counts: [3, 2, 7] } },
            area: 2,
            flags: { crowd: true },
            extra: { coco: { id: 900 } },
          },
          {
            sample: '3',
            label: 'buoy',
            shape: { kind: 'mask', mask: { size: [3, 4], counts: [0, 4, 8] } },
            area: 4,
            extra: { coco: { id: 901, rle: 'compressed' } },
          },
        ],
      },
    }),
  },
  {
    name: 'category and image id 0',
    dataset: () => ({
      sizes: { 'images/quay.jpg': { width: 640, height: 480 } },
      chunk: {
        labels: [{ key: 'dock', name: 'dock', cocoId: 0 }],
        samples: [{ key: '0', path: 'quay.jpg', width: 640, height: 480, cocoImageId: 0 }],
        annotations: [
          {
            sample: '0',
            label: 'dock',
            shape: { kind: 'box', box: [0, 0, 640, 480] },
            area: 307200,
            extra: { coco: { id: 1 } },
          },
        ],
      },
    }),
  },
]
