/** Fixtures of the Create ML format. */
import type { FormatExample } from '../../format'

const size = { width: 640, height: 480 }
export const createmlExamples: FormatExample<Record<string, never>>[] = [
  {
    name: 'boxes, a class of the image, an image without objects, fields of others',
    dataset: () => ({
      sizes: { 'quay.jpg': size, 'fog.jpg': size },
      chunk: {
        labels: ['buoy', 'boat', 'sunny'].map((name) => ({ key: name, name })),
        samples: [
          { key: 'quay.jpg', path: 'quay.jpg', split: 'train', reviewed: true, extra: { createml: { camera: 'x' } } },
          { key: 'fog.jpg', path: 'fog.jpg', split: 'val' },
        ],
        annotations: [
          { sample: 'quay.jpg', label: 'boat', shape: { kind: 'box', box: [10.5, 20.25, 100, 200] }, extra: { createml: { confidence: 0.5 }, attributes: { color: 'red' } } }, // prettier-ignore
          { sample: 'quay.jpg', label: 'buoy', shape: { kind: 'box', box: [0, 0, 640, 480] } },
          { sample: 'quay.jpg', label: 'sunny', shape: { kind: 'tag' } },
        ],
      },
    }),
  },
]
