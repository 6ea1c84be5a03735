import { describe, expect, it } from 'vitest'
import { findSwappedSides } from '@shared/domain/swapped-sides'
import type { Keypoint } from '@shared/domain/geometry'

/** COCO's 17 points. */
const coco = {
  // prettier-ignore
  names: [
    'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder', 'left_elbow',
    'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle',
    'right_ankle',
  ],
  // prettier-ignore
  edges: [
    [15, 13], [13, 11], [16, 14], [14, 12], [11, 12], [5, 11], [6, 12], [5, 6], [5, 7], [6, 8], [7, 9], [8, 10], [1, 2],
    [0, 1], [0, 2], [1, 3], [2, 4], [3, 5], [4, 6],
  ] as [number, number][],
  flip: [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15],
  sigmas: [],
}
/** A person seen from the front: left is at greater x. */
// prettier-ignore
const standing: Keypoint[] = [
  [50, 10, 2], [54, 7, 2], [46, 7, 2], [58, 9, 2], [42, 9, 2], [70, 30, 2], [30, 30, 2], [75, 55, 2], [25, 55, 2],
  [76, 78, 2], [24, 78, 2], [62, 80, 2], [38, 80, 2], [63, 115, 2], [37, 115, 2], [63, 150, 2], [37, 150, 2],
]
const swapped = (...pairs: number[]) => {
  const points = [...standing]
  for (const i of pairs) {
    points[i] = standing[coco.flip[i]]
    points[coco.flip[i]] = standing[i]
  }
  return points
}

describe('swapped sides', () => {
  it('are not seen in a right pose, nor in one that is turned or mirrored as a whole', () => {
    expect(findSwappedSides(standing, coco)).toBeNull()
    expect(findSwappedSides(swapped(1, 3, 5, 7, 9, 11, 13, 15), coco)).toBeNull()
    const sideways = standing.map(([x, y, v]): Keypoint => [50 + (x - 50) * 0.1, y, v])
    expect(findSwappedSides(sideways, coco)).toBeNull()
  })

  it('are found at the limb where they begin, and the smaller part is exchanged', () => {
    expect(findSwappedSides(swapped(13, 15), coco)).toEqual({
      limbs: ['left_hip'],
      swap: [
        [15, 16],
        [13, 14],
      ],
    })
    expect(findSwappedSides(swapped(9), coco)).toEqual({ limbs: ['left_wrist'], swap: [[9, 10]] })
  })

  it('need both sides labelled, and a skeleton with pairs', () => {
    const hidden = swapped(9).map((point, i): Keypoint => (i === 10 ? [0, 0, 0] : point))
    expect(findSwappedSides(hidden, coco)).toBeNull()
    expect(findSwappedSides(swapped(9), { ...coco, flip: [] })).toBeNull()
    expect(findSwappedSides(swapped(9), { ...coco, edges: [] })).toBeNull()
  })

  it('are reported without a repair when as much speaks for one side as for the other', () => {
    const square = {
      names: ['a', 'b', 'c', 'd'],
      edges: [[0, 2]] as [number, number][],
      flip: [1, 0, 3, 2],
      sigmas: [],
    }
    const points: Keypoint[] = [
      [0, 0, 2],
      [10, 0, 2],
      [10, 5, 2],
      [0, 5, 2],
    ]
    expect(findSwappedSides(points, square)).toEqual({ limbs: ['c'], swap: [] })
  })
})
