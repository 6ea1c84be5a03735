import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import type { Keypoint } from '@shared/domain/geometry'
import { turnFreely } from '@shared/domain/pose-directions'

/** An animal of four points, of some size, somewhere, a bit bent. */
function poses(
  count: number,
  angleOf: (random: () => number) => number,
  mirrored: (i: number) => boolean = () => false,
) {
  const draw = rng(7, 'poses')
  const random = () => draw.uniform(0, 1)
  return Array.from({ length: count }, (_, i): Keypoint[] => {
    const [angle, size] = [angleOf(random), 20 + 60 * random()]
    const [x0, y0] = [600 * random(), 400 * random()]
    const shape = [[-1, 0], [0.7, -0.4], [0.7, 0.4], [1.2, 0.1]] // prettier-ignore
    return shape.map(([px, py]) => {
      const x = (mirrored(i) ? -px : px) + 0.2 * random()
      const y = py + 0.2 * random()
      const [c, s] = [Math.cos(angle), Math.sin(angle)]
      return [x0 + size * (c * x - s * y), y0 + size * (s * x + c * y), 2]
    })
  })
}

describe('The directions of poses', () => {
  it('are every one of animals seen from above', () => {
    expect(turnFreely(poses(40, (random) => 2 * Math.PI * random()))).toBe(true)
  })
  it('are one of people who stand', () => {
    expect(turnFreely(poses(40, (random) => random() - 0.5))).toBe(false)
  })
  it('are two of animals seen from the side', () => {
    expect(
      turnFreely(
        poses(
          40,
          (random) => 0.6 * random() - 0.3,
          (i) => i % 2 === 0,
        ),
      ),
    ).toBe(false)
    expect(turnFreely(poses(40, (random) => (random() < 0.5 ? 0 : Math.PI)))).toBe(false)
  })
  it('are not known from a few, nor from points that are not there', () => {
    const few = poses(10, (random) => 2 * Math.PI * random())
    expect(turnFreely(few)).toBe(false)
    expect(turnFreely([])).toBe(false)
    expect(turnFreely(poses(40, () => 0).map((pose) => pose.map(([x, y]): Keypoint => [x, y, 0])))).toBe(false)
    expect(turnFreely(Array.from({ length: 40 }, (): Keypoint[] => [[5, 5, 2], [5, 5, 2]]))).toBe(false) // prettier-ignore
  })
  it('are told by the points that two poses share', () => {
    const all = poses(60, (random) => 2 * Math.PI * random())
    const partly = all.map((pose, i) => pose.map(([x, y, v], k): Keypoint => (k === i % 4 ? [0, 0, 0] : [x, y, v])))
    expect(turnFreely(partly)).toBe(true)
  })
})
