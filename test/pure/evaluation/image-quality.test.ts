import { describe, expect, test } from 'vitest'
import { makePlanarImage, type PlanarImage } from '@shared/domain/planar-image'
import { psnr } from '@shared/evaluation/psnr'
import { ssim } from '@shared/evaluation/ssim'

/** Values that any language can make again; see `expected`. */
function pattern(width: number, height: number, channels: number, k: number): PlanarImage {
  const image = makePlanarImage(width, height, channels)
  let i = 0
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        image.data[i++] = (x * x * (3 + k) + y * y * 5 + x * y * (7 + c) + c * 31 + k * 17) % 251
  return image
}

const blend = (a: PlanarImage, b: PlanarImage): PlanarImage => ({
  ...a,
  data: a.data.map((value, i) => value * 0.75 + b.data[i] * 0.25),
})

const scale = (a: PlanarImage, factor: number): PlanarImage => ({ ...a, data: a.data.map((v) => v * factor) })

/**
 * Computed with NumPy 2.4 and scipy.signal.convolve2d(mode='valid') from the paper's formulas, the window as an 11x11
 * matrix; range 255.
 */
const expected = {
  blend: { ssim: 0.915238865269628, psnr: 20.354569881989036 },
  other: { ssim: -0.06867322366532264, psnr: 8.31337005542979 },
  corner: 0.9271028307864395,
}

describe('PSNR and SSIM', () => {
  const a = pattern(23, 17, 3, 0)
  const b = pattern(23, 17, 3, 1)
  const mixed = blend(a, b)

  test('agree with NumPy and SciPy', () => {
    expect(psnr(a, mixed, 255)).toBeCloseTo(expected.blend.psnr, 10)
    expect(psnr(a, b, 255)).toBeCloseTo(expected.other.psnr, 10)
    expect(ssim(a, mixed, 255)).toBeCloseTo(expected.blend.ssim, 12)
    expect(ssim(a, b, 255)).toBeCloseTo(expected.other.ssim, 12)
  })

  test('one position of the window: an 11x11 picture', () => {
    const corner = pattern(11, 11, 1, 0)
    const cornerMixed = blend(corner, pattern(11, 11, 1, 1))
    expect(ssim(corner, cornerMixed, 255)).toBeCloseTo(expected.corner, 12)
  })

  test('do not depend on the scale of the values when the range follows', () => {
    const [a1, b1] = [scale(a, 1 / 255), scale(b, 1 / 255)]
    expect(psnr(a1, b1, 1)).toBeCloseTo(psnr(a, b, 255), 4)
    expect(ssim(a1, b1, 1)).toBeCloseTo(ssim(a, b, 255), 5)
  })

  test('equal pictures', () => {
    expect(psnr(a, a, 255)).toBe(Infinity)
    expect(ssim(a, a, 255)).toBeCloseTo(1, 12)
  })

  test('an even error of one tenth of the range is 20 dB, and neither rounded nor clipped', () => {
    const white = makePlanarImage(12, 12, 1)
    white.data.fill(1)
    const beyond = { ...white, data: white.data.map(() => 1.1) }
    expect(psnr(white, beyond, 1)).toBeCloseTo(20, 5)
    expect(psnr(white, { ...white, data: white.data.map(() => 1.0001) }, 1)).toBeCloseTo(80, 1)
  })

  test('constant pictures: only the luminance term of SSIM is left', () => {
    const [p, q] = [makePlanarImage(16, 16, 1), makePlanarImage(16, 16, 1)]
    p.data.fill(100)
    q.data.fill(110)
    const c1 = (0.01 * 255) ** 2
    expect(ssim(p, q, 255)).toBeCloseTo((2 * 100 * 110 + c1) / (100 ** 2 + 110 ** 2 + c1), 12)
  })

  test('refuse what cannot be compared', () => {
    expect(() => psnr(a, pattern(17, 23, 3, 0), 255)).toThrow(/different sizes \(23x17x3 and 17x23x3\)/)
    expect(() => ssim(pattern(10, 40, 1, 0), pattern(10, 40, 1, 1), 255)).toThrow(/11x11 pixels and the picture has 10x40/) // prettier-ignore
  })
})
