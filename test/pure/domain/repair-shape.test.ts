import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clipShape, padPose } from '@shared/domain/repair-shape'
import { ringArea } from '@shared/domain/geometry'

describe('clipping', () => {
  it('cuts boxes and leaves nothing of what lies outside', () => {
    expect(clipShape({ kind: 'box', box: [-5, 2, 20, 90] }, 10, 80)).toEqual({ kind: 'box', box: [0, 2, 10, 80] })
    expect(clipShape({ kind: 'box', box: [12, 2, 20, 90] }, 10, 80)).toBeNull()
  })

  it('cuts polygons along the border', () => {
    const triangle: [number, number][] = [
      [-10, 0],
      [10, 0],
      [0, 10],
    ]
    const cut = clipShape({ kind: 'polygon', rings: [triangle] }, 20, 20)
    expect(cut).toEqual({
      kind: 'polygon',
      rings: [
        [
          [0, 0],
          [10, 0],
          [0, 10],
        ],
      ],
    })
    expect(clipShape({ kind: 'polygon', rings: [triangle.map(([x, y]) => [x - 50, y])] }, 20, 20)).toBeNull()
  })

  it('keeps the area that is inside, and nothing beyond', () => {
    const coordinate = fc.double({ min: -50, max: 150, noNaN: true })
    fc.assert(
      fc.property(coordinate, coordinate, fc.double({ min: 1, max: 80, noNaN: true }), (x, y, w) => {
        const ring: [number, number][] = [
          [x, y],
          [x + w, y],
          [x + w, y + w],
          [x, y + w],
        ]
        const cut = clipShape({ kind: 'polygon', rings: [ring] }, 100, 60)
        const side = (at: number, end: number) => Math.max(0, Math.min(at + w, end) - Math.max(at, 0))
        const expected = side(x, 100) * side(y, 60)
        const rings = cut?.kind === 'polygon' ? cut.rings : []
        expect(rings.reduce((sum, part) => sum + Math.abs(ringArea(part)), 0)).toBeCloseTo(expected, 6)
        for (const [px, py] of rings.flat()) {
          expect(px >= 0 && px <= 100 && py >= 0 && py <= 60).toBe(true)
        }
      }),
    )
  })

  it('takes away keypoints outside the image and cuts the stated box', () => {
    const pose = { kind: 'keypoints' as const, box: [-2, 0, 30, 10] as [number, number, number, number] }
    const keypoints: [number, number, 0 | 1 | 2][] = [
      [5, 5, 2],
      [30, 5, 1],
      [0, 0, 0],
    ]
    expect(clipShape({ ...pose, keypoints }, 20, 20)).toEqual({
      kind: 'keypoints',
      box: [0, 0, 20, 10],
      keypoints: [
        [5, 5, 2],
        [0, 0, 0],
        [0, 0, 0],
      ],
    })
  })
})

it('padding brings a pose to the length of its skeleton', () => {
  const skeleton = { names: ['a', 'b'], edges: [], flip: [], sigmas: [] }
  const pose = (n: number) => ({
    kind: 'keypoints' as const,
    keypoints: Array.from({ length: n }, (): [number, number, 0 | 1 | 2] => [1, 2, 2]),
  })
  expect(padPose(pose(1), skeleton).keypoints).toEqual([
    [1, 2, 2],
    [0, 0, 0],
  ])
  expect(padPose(pose(3), skeleton).keypoints).toHaveLength(2)
})
