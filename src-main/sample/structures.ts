/** What stands or floats in the harbour besides boats: lighthouse, buoy, railbar, dock. */
import type { Point } from '@shared/domain/geometry'
import { times, type Color } from './painter'
import type { Pen } from './pen'

export const structureClasses = ['lighthouse', 'buoy', 'railbar', 'dock'] as const
export type StructureClass = (typeof structureClasses)[number]

const white: Color = [0.94, 0.93, 0.9]

export const drawStructure: Record<StructureClass, (pen: Pen) => void> = {
  /** Unit = height. */
  lighthouse(pen) {
    const stripe: Color = pen.rng.chance(0.7) ? [0.78, 0.13, 0.1] : [0.12, 0.16, 0.3]
    const wide = (y: number) => 0.13 - 0.055 * y
    const bands = 6
    for (let i = 0; i < bands; i++) {
      const y1 = (i / bands) * 0.76
      const y2 = ((i + 1) / bands) * 0.76
      pen.poly(
        [
          [-wide(y1), y1],
          [wide(y1), y1],
          [wide(y2), y2],
          [-wide(y2), y2],
        ],
        i % 2 ? white : stripe,
        0.2,
      )
    }
    for (const y of [0.2, 0.46]) pen.rect(-0.016, y, 0.016, y + 0.06, [0.15, 0.17, 0.2], 0.1)
    // The shaded side.
    pen.poly(
      [
        [wide(0) * 0.45, 0],
        [wide(0), 0],
        [wide(0.76), 0.76],
        [wide(0.76) * 0.45, 0.76],
      ].map(([x, y]): Point => [x, y]),
      times(stripe, 0.72),
      0.2,
    )
    for (let i = 1; i < bands; i += 2) {
      const y1 = (i / bands) * 0.76
      const y2 = ((i + 1) / bands) * 0.76
      pen.poly(
        [
          [wide(y1) * 0.45, y1],
          [wide(y1), y1],
          [wide(y2), y2],
          [wide(y2) * 0.45, y2],
        ],
        times(white, 0.78),
        0.2,
      )
    }
    pen.rect(-0.125, 0.755, 0.125, 0.785, [0.2, 0.2, 0.22])
    pen.rect(-0.06, 0.785, 0.06, 0.89, [0.75, 0.85, 0.85], 0.1)
    pen.line([0, 0.785], [0, 0.89], 0.012, [0.2, 0.2, 0.22], 0.8)
    pen.poly(
      [
        [-0.085, 0.885],
        [0.085, 0.885],
        [0.02, 0.97],
        [-0.02, 0.97],
      ],
      stripe,
    )
    pen.line([0, 0.96], [0, 1.03], 0.014, [0.2, 0.2, 0.22])
    pen.light([0, 0.84], 0.07, [1, 0.92, 0.6])
  },

  /** Unit = height. */
  buoy(pen) {
    const color: Color = [[0.86, 0.1, 0.08] as const, [0.05, 0.5, 0.2] as const, [0.95, 0.75, 0.05] as const][
      pen.rng.int(0, 2)
    ]
    pen.line([-0.13, 0.2], [-0.05, 0.72], 0.05, times(color, 0.85))
    pen.line([0.13, 0.2], [0.05, 0.72], 0.05, times(color, 0.85))
    pen.line([-0.1, 0.45], [0.1, 0.45], 0.05, times(color, 0.7))
    pen.poly(
      [
        [-0.11, 0.7],
        [0.11, 0.7],
        [0, 0.98],
      ],
      color,
      0.15,
    )
    pen.poly(
      [
        [-0.34, 0.02],
        [-0.28, 0.28],
        [0.28, 0.28],
        [0.34, 0.02],
        [0.2, -0.03],
        [-0.2, -0.03],
      ],
      color,
      0.2,
    )
    pen.poly(
      [
        [-0.325, 0.1],
        [0.325, 0.1],
        [0.305, 0.18],
        [-0.305, 0.18],
      ],
      white,
      0.1,
    )
    pen.light([0, 0.86], 0.07, color)
  },

  /** A quay railing. Unit = length. */
  railbar(pen) {
    const metal: Color = [[0.92, 0.92, 0.88] as const, [0.88, 0.7, 0.1] as const, [0.25, 0.4, 0.5] as const][
      pen.rng.int(0, 2)
    ]
    const tall = pen.rng.uniform(0.2, 0.26)
    const posts = pen.rng.int(6, 8)
    for (const level of [0.38, 0.69]) pen.line([-0.5, tall * level], [0.5, tall * level], 0.014, times(metal, 0.9), 1.3)
    for (let i = 0; i < posts; i++) {
      const x = -0.49 + (0.98 * i) / (posts - 1)
      pen.line([x, -0.005], [x, tall], 0.022, metal, 1.6)
      pen.rect(x - 0.022, -0.01, x + 0.022, 0.012, times(metal, 0.6))
    }
    pen.line([-0.51, tall], [0.51, tall], 0.026, metal, 1.8)
  },

  /** A wooden pier on piles with a crane, from the side. Unit = length. */
  dock(pen) {
    const wood: Color = [0.5, 0.37, 0.24]
    const dark = times(wood, 0.55)
    const deck = pen.rng.uniform(0.13, 0.16)
    const piles = 8
    for (let i = 0; i < piles; i++) {
      const x = -0.47 + (0.94 * i) / (piles - 1)
      pen.line([x, -0.015], [x, deck + 0.035], 0.026, i % 2 ? dark : times(wood, 0.7))
      if (i) pen.line([x - 0.94 / (piles - 1), 0.02], [x, deck - 0.03], 0.008, dark, 0.9)
    }
    const planks = 12
    for (let i = 0; i < planks; i++) {
      const x = -0.5 + i / planks
      pen.rect(x, deck - 0.045, x + 1 / planks, deck, times(wood, pen.rng.uniform(0.85, 1.2)), 0.6)
    }
    pen.rect(-0.5, deck - 0.06, 0.5, deck - 0.042, dark)
    for (let i = 0; i < 3; i++) {
      const x = pen.rng.uniform(-0.4, 0.05)
      pen.rect(x, deck, x + 0.06, deck + 0.05, [0.6, 0.45, 0.25], 0.5)
    }
    const crane: Color = [0.9, 0.68, 0.08]
    pen.rect(0.16, deck, 0.26, deck + 0.09, crane)
    pen.line([0.21, deck + 0.05], [0.21, deck + 0.3], 0.024, crane)
    pen.line([0.21, deck + 0.29], [0.46, deck + 0.36], 0.016, crane)
    pen.line([0.455, deck + 0.36], [0.455, deck + 0.17], 0.006, [0.15, 0.15, 0.15], 0.8)
    pen.light([0.21, deck + 0.3], 0.02, [1, 0.8, 0.5])
  },
}
