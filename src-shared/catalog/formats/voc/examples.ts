/** Fixtures of the Pascal VOC format. */
import type { FormatExample } from '../../format'

export const vocExamples: FormatExample<{ origin: 'labelimg' | 'official' }>[] = [
  {
    name: 'boxes with flags, kept elements, a reviewed image and one without objects',
    dataset: () => ({
      sizes: { 'JPEGImages/quay.jpg': { width: 640, height: 480 }, 'JPEGImages/fog.jpg': { width: 320, height: 240 } },
      chunk: {
        labels: [
          { key: 'buoy', name: 'buoy' },
          { key: 'sail & mast', name: 'sail & mast' },
          { key: 'dock', name: 'dock' },
        ],
        samples: [
          {
            key: 'JPEGImages/quay.jpg',
            path: 'JPEGImages/quay.jpg',
            width: 640,
            height: 480,
            split: 'train',
            reviewed: true,
            extra: { voc: { depth: 1, other: [{ name: 'weather', attributes: { wind: '3' }, children: ['clear'] }] } },
          },
          { key: 'JPEGImages/fog.jpg', path: 'JPEGImages/fog.jpg', width: 320, height: 240, split: 'val' },
        ],
        annotations: [
          {
            sample: 'JPEGImages/quay.jpg',
            label: 'sail & mast',
            shape: { kind: 'box', box: [10, 20, 110.25, 220.5] },
            flags: { difficult: true },
          },
          {
            sample: 'JPEGImages/quay.jpg',
            label: 'buoy',
            shape: { kind: 'box', box: [0, 0, 640, 480] },
            flags: { truncated: true, occluded: true },
            extra: {
              voc: { pose: 'Left', other: [{ name: 'part', children: [{ name: 'name', children: ['lamp'] }] }] },
            },
          },
        ],
      },
    }),
  },
  {
    name: 'official origin: the whole image is 1..W',
    options: { origin: 'official' },
    dataset: () => ({
      sizes: { 'JPEGImages/quay.jpg': { width: 640, height: 480 } },
      chunk: {
        labels: [{ key: 'dock', name: 'dock' }],
        samples: [{ key: 'JPEGImages/quay.jpg', path: 'JPEGImages/quay.jpg', width: 640, height: 480 }],
        annotations: [{ sample: 'JPEGImages/quay.jpg', label: 'dock', shape: { kind: 'box', box: [0, 0, 640, 480] } }],
      },
    }),
  },
  {
    name: 'rotated boxes as roLabelImg writes them',
    dataset: () => ({
      sizes: { 'JPEGImages/quay.jpg': { width: 640, height: 480 } },
      chunk: {
        labels: [{ key: 'dock', name: 'dock' }],
        samples: [{ key: 'JPEGImages/quay.jpg', path: 'JPEGImages/quay.jpg', width: 640, height: 480 }],
        annotations: [
          {
            sample: 'JPEGImages/quay.jpg',
            label: 'dock',
            shape: { kind: 'rotated-box', rotatedBox: [300, 200, 120, 40, 37.5] },
          },
        ],
      },
    }),
  },
]
