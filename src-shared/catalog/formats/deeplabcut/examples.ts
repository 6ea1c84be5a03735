/** Fixtures of the DeepLabCut format. */
import type { FormatExample } from '../../format'
import type { Shape } from '../../../domain/annotation'
import type { Skeleton } from '../../../domain/skeleton'

type Options = { label: string; index: 'auto' | 'path' | 'columns' }

const size = { width: 640, height: 480 }
const mouse: Skeleton = {
  names: ['snout', 'leftear', 'rightear', 'tail, base'],
  edges: [
    [0, 1],
    [0, 2],
  ],
  flip: [0, 2, 1, 3],
  sigmas: [0.05, 0.025, 0.025, 0.1],
}
const pose = (dx: number): Shape => ({
  kind: 'keypoints',
  keypoints: [
    [21.521 + dx, 265.428, 2],
    [0, 0, 0],
    [19.984 + dx, 250.05599999999998, 2],
    [87.11 + dx, 152.69799999999998, 2],
  ],
})
const samples = ['cage/img0000.png', 'cage/img 2.png', 'field/img0000.png'].map((path) => ({ key: path, path }))
const sizes = Object.fromEntries(samples.map(({ path }) => [path, size]))

export const deepLabCutExamples: FormatExample<Options>[] = [
  {
    name: 'one animal, missing points, a class without poses, keys of the configuration',
    dataset: () => ({
      sizes,
      chunk: {
        extra: { deeplabcut: { scorer: 'Ada', index: 'path', config: { Task: 'cage', pcutoff: 0.6 } } },
        labels: [
          { key: 'mouse', name: 'mouse', skeleton: mouse },
          { key: 'cup', name: 'cup' },
        ],
        samples,
        annotations: [samples[0], samples[2]].map(({ key }, i) => ({
          sample: key,
          label: 'mouse',
          shape: pose(100 * i),
        })),
      },
    }),
  },
  {
    name: 'several animals of two kinds, with the confidence of a prediction',
    dataset: () => ({
      sizes,
      chunk: {
        extra: { deeplabcut: { scorer: 'Ada', index: 'columns' } },
        labels: [
          { key: 'mouse', name: 'mouse', skeleton: mouse },
          { key: 'cup', name: 'cup', skeleton: { names: ['rim'], edges: [], flip: [], sigmas: [] } },
        ],
        samples,
        annotations: [
          {
            sample: samples[0].key,
            label: 'mouse',
            shape: pose(0),
            extra: { attributes: { individual: 'grey' }, deeplabcut: { likelihood: [0.9, null, 1, 0.25] } },
          },
          {
            sample: samples[0].key,
            label: 'mouse',
            shape: pose(200),
            extra: { attributes: { individual: 'white' }, deeplabcut: { likelihood: [null, null, 1, null] } },
          },
          {
            sample: samples[0].key,
            label: 'cup',
            shape: { kind: 'keypoints', keypoints: [[5, 6, 2]] },
            extra: { attributes: { individual: 'single' }, deeplabcut: { likelihood: [1] } },
          },
          {
            sample: samples[2].key,
            label: 'mouse',
            shape: pose(50),
            extra: { attributes: { individual: 'white' }, deeplabcut: { likelihood: [1, null, 1, 1] } },
          },
        ],
      },
    }),
  },
]
