/** The boats of the harbour, side on. Each returns its keypoints: bow, stern, mast-top, bridge, waterline. */
import type { Point } from '@shared/domain/geometry'
import { mix, times, type Color } from './painter'
import type { Pen } from './pen'

export const boatKeypoints = ['bow', 'stern', 'mast-top', 'bridge', 'waterline'] as const
export type BoatPoints = Record<(typeof boatKeypoints)[number], Point>

export const vesselClasses = [
  'sailboat',
  'cargoship',
  'navalvessels',
  'passengership',
  'submarine',
  'fishingboat',
] as const
export type VesselClass = (typeof vesselClasses)[number]

const white: Color = [0.93, 0.94, 0.93]
const cream: Color = [0.9, 0.86, 0.74]
const glass: Color = [0.13, 0.18, 0.24]
const lamp: Color = [1, 0.85, 0.5]

export const drawVessel: Record<VesselClass, (pen: Pen) => BoatPoints> = {
  sailboat(pen) {
    const { rng } = pen
    const hull = pick<Color>(pen, [
      [0.93, 0.93, 0.92],
      [0.12, 0.2, 0.42],
      [0.55, 0.12, 0.12],
    ])
    const sail = pick<Color>(pen, [
      [0.96, 0.95, 0.9],
      [0.96, 0.95, 0.9],
      [0.86, 0.35, 0.2],
      [0.95, 0.8, 0.3],
    ])
    const tall = rng.uniform(1.15, 1.4)
    const mast = 0.06
    pen.line([mast, 0.08], [mast, tall], 0.018, [0.35, 0.28, 0.2])
    // Mainsail with a bellied leech, jib before the mast.
    pen.poly(
      [
        [mast - 0.02, 0.2],
        [mast - 0.02, tall - 0.03],
        [-0.2, tall * 0.62],
        [-0.4, 0.24],
      ],
      sail,
      0.16,
    )
    pen.poly(
      [
        [mast + 0.03, 0.17],
        [mast + 0.03, tall * 0.84],
        [0.3, tall * 0.42],
        [0.47, 0.16],
      ],
      times(sail, 0.93),
      0.16,
    )
    for (const t of [0.35, 0.55, 0.75])
      pen.line([-0.4 + 0.3 * t, tall * t], [mast, tall * t + 0.02], 0.004, times(sail, 0.75), 0.6)
    pen.poly(
      [
        [-0.48, 0.13],
        [0.5, 0.16],
        [0.38, 0.0],
        [-0.4, -0.01],
      ],
      hull,
    )
    pen.poly(
      [
        [-0.47, 0.1],
        [0.47, 0.12],
        [0.45, 0.095],
        [-0.46, 0.075],
      ],
      pick<Color>(pen, [
        [0.75, 0.15, 0.12],
        [0.1, 0.3, 0.6],
        [0.8, 0.65, 0.2],
      ]),
    )
    pen.poly(
      [
        [-0.2, 0.13],
        [0.12, 0.14],
        [0.06, 0.2],
        [-0.16, 0.19],
      ],
      cream,
    )
    pen.light([mast, tall], 0.02, [1, 1, 0.9])
    return {
      bow: [0.5, 0.16],
      stern: [-0.48, 0.13],
      'mast-top': [mast, tall],
      bridge: [-0.05, 0.17],
      waterline: [0, 0],
    }
  },

  cargoship(pen) {
    const { rng } = pen
    const hull = pick<Color>(pen, [
      [0.45, 0.09, 0.08],
      [0.08, 0.13, 0.25],
      [0.1, 0.28, 0.2],
      [0.15, 0.15, 0.16],
    ])
    // Bridge block aft, funnel behind it, containers in front.
    pen.rect(-0.44, 0.1, -0.3, 0.33, white)
    for (let deck = 0; deck < 4; deck++) windows(pen, -0.43, -0.31, 0.16 + deck * 0.045, 0.018, 5)
    pen.rect(-0.46, 0.33, -0.28, 0.36, white)
    pen.rect(
      -0.48,
      0.14,
      -0.445,
      0.3,
      pick<Color>(pen, [
        [0.8, 0.3, 0.1],
        [0.1, 0.25, 0.5],
        [0.85, 0.75, 0.2],
      ]),
    )
    pen.line([-0.37, 0.36], [-0.37, 0.47], 0.008, [0.8, 0.8, 0.8])
    pen.line([-0.41, 0.42], [-0.33, 0.42], 0.005, [0.8, 0.8, 0.8], 0.8)
    const boxes: Color[] = [
      [0.75, 0.22, 0.12],
      [0.13, 0.35, 0.62],
      [0.2, 0.5, 0.3],
      [0.85, 0.6, 0.15],
      [0.6, 0.6, 0.58],
      [0.45, 0.2, 0.15],
    ]
    const columns = 9
    for (let i = 0; i < columns; i++) {
      const rows = i === columns - 1 ? 1 : rng.int(1, 3)
      for (let j = 0; j < rows; j++) {
        const x = -0.26 + i * 0.07
        const y = 0.1 + j * 0.058
        pen.rect(x, y, x + 0.066, y + 0.054, pick(pen, boxes), 0.5)
      }
    }
    pen.poly(
      [
        [-0.5, 0.13],
        [-0.46, 0.1],
        [0.38, 0.1],
        [0.44, 0.16],
        [0.5, 0.165],
        [0.45, 0],
        [-0.47, 0],
      ],
      hull,
      0.5,
    )
    pen.poly(
      [
        [-0.475, 0.022],
        [0.458, 0.022],
        [0.45, 0],
        [-0.47, 0],
      ],
      [0.5, 0.13, 0.1],
    )
    pen.line([0.43, 0.16], [0.43, 0.26], 0.008, [0.75, 0.75, 0.7])
    pen.light([-0.37, 0.47], 0.012, [1, 1, 0.9])
    pen.light([0.43, 0.26], 0.012, [1, 1, 0.9])
    return {
      bow: [0.5, 0.165],
      stern: [-0.5, 0.13],
      'mast-top': [-0.37, 0.47],
      bridge: [-0.37, 0.345],
      waterline: [0, 0],
    }
  },

  navalvessels(pen) {
    const grey = mix([0.46, 0.5, 0.54], [0.6, 0.63, 0.65], pen.rng.next())
    const dark = times(grey, 0.7)
    pen.line([-0.02, 0.2], [0.0, 0.46], 0.02, dark)
    pen.line([-0.07, 0.35], [0.07, 0.36], 0.008, dark)
    pen.line([-0.05, 0.41], [0.05, 0.41], 0.006, dark, 0.9)
    pen.poly(
      [
        [-0.3, 0.09],
        [-0.26, 0.17],
        [-0.14, 0.17],
        [-0.12, 0.09],
      ],
      times(grey, 0.92),
    )
    pen.poly(
      [
        [-0.12, 0.09],
        [-0.08, 0.24],
        [0.09, 0.25],
        [0.14, 0.17],
        [0.17, 0.09],
      ],
      grey,
    )
    pen.poly(
      [
        [0.095, 0.235],
        [0.12, 0.205],
        [-0.05, 0.205],
        [-0.055, 0.23],
      ],
      glass,
    )
    // Funnel, gun turret with barrel, hull number.
    pen.poly(
      [
        [-0.11, 0.2],
        [-0.1, 0.28],
        [-0.05, 0.28],
        [-0.06, 0.2],
      ],
      dark,
    )
    pen.poly(
      [
        [0.24, 0.095],
        [0.25, 0.14],
        [0.31, 0.14],
        [0.33, 0.095],
      ],
      grey,
    )
    pen.line([0.31, 0.125], [0.42, 0.155], 0.011, dark)
    pen.poly(
      [
        [-0.5, 0.085],
        [0.3, 0.095],
        [0.5, 0.135],
        [0.43, 0],
        [-0.48, 0],
      ],
      grey,
      0.3,
    )
    pen.poly(
      [
        [-0.49, 0.018],
        [0.437, 0.018],
        [0.43, 0],
        [-0.48, 0],
      ],
      [0.2, 0.2, 0.22],
    )
    for (let i = 0; i < 3; i++) pen.rect(0.33 + i * 0.028, 0.055, 0.35 + i * 0.028, 0.09, white, 0.1)
    pen.light([0, 0.46], 0.012, [1, 0.3, 0.2])
    windowLights(pen, -0.05, 0.08, 0.215, 3)
    return {
      bow: [0.5, 0.135],
      stern: [-0.5, 0.085],
      'mast-top': [0, 0.46],
      bridge: [0.04, 0.22],
      waterline: [0, 0],
    }
  },

  passengership(pen) {
    const band = pick<Color>(pen, [
      [0.1, 0.25, 0.55],
      [0.75, 0.12, 0.15],
      [0.05, 0.45, 0.45],
    ])
    const decks = 4
    for (let deck = decks - 1; deck >= 0; deck--) {
      const y = 0.12 + deck * 0.06
      pen.poly(
        [
          [-0.45 + deck * 0.03, y],
          [-0.44 + deck * 0.03, y + 0.06],
          [0.3 - deck * 0.05, y + 0.06],
          [0.34 - deck * 0.05, y],
        ],
        mix(white, [0.8, 0.83, 0.86], deck / 6),
        0.14,
      )
      windows(pen, -0.42 + deck * 0.03, 0.29 - deck * 0.05, y + 0.018, 0.026, 13 - deck)
    }
    pen.poly(
      [
        [-0.22, 0.36],
        [-0.25, 0.47],
        [-0.14, 0.46],
        [-0.1, 0.36],
      ],
      band,
    )
    pen.line([0.08, 0.36], [0.08, 0.48], 0.008, [0.85, 0.85, 0.85])
    pen.poly(
      [
        [-0.5, 0.13],
        [0.4, 0.13],
        [0.5, 0.16],
        [0.42, 0],
        [-0.47, 0],
      ],
      white,
      0.16,
    )
    pen.poly(
      [
        [-0.48, 0.045],
        [0.447, 0.045],
        [0.42, 0],
        [-0.47, 0],
      ],
      band,
    )
    windows(pen, -0.44, 0.38, 0.075, 0.018, 16)
    for (let i = 0; i < 4; i++) pen.ellipse(-0.3 + i * 0.12, 0.175, 0.035, 0.012, [0.9, 0.45, 0.12])
    pen.light([0.08, 0.48], 0.012, [1, 1, 0.9])
    return {
      bow: [0.5, 0.16],
      stern: [-0.5, 0.13],
      'mast-top': [0.08, 0.48],
      bridge: [0.12, 0.33],
      waterline: [0, 0],
    }
  },

  submarine(pen) {
    const hull = mix([0.09, 0.1, 0.12], [0.2, 0.22, 0.24], pen.rng.next())
    pen.line([0.1, 0.2], [0.1, 0.32], 0.012, times(hull, 1.3))
    pen.line([0.06, 0.2], [0.06, 0.27], 0.01, times(hull, 1.2))
    pen.poly(
      [
        [-0.03, 0.06],
        [0.0, 0.2],
        [0.15, 0.2],
        [0.19, 0.06],
      ],
      times(hull, 1.15),
    )
    pen.line([0.02, 0.14], [0.19, 0.14], 0.016, times(hull, 1.5))
    const back: Point[] = []
    for (let i = 0; i <= 12; i++) {
      const t = i / 12
      back.push([-0.5 + t, 0.075 * Math.sin(Math.PI * Math.min(1, 0.18 + t * 0.82)) ** 0.5])
    }
    pen.poly([...back, [0.5, 0], [-0.5, 0]], hull, 0.3)
    pen.poly(
      [
        [-0.48, 0.02],
        [-0.46, 0.14],
        [-0.42, 0.14],
        [-0.4, 0.02],
      ],
      hull,
    )
    // Wet light along the back.
    pen.line([-0.3, 0.066], [0.36, 0.06], 0.012, times(hull, 1.9), 0.8)
    pen.light([0.1, 0.32], 0.01, [1, 0.3, 0.2])
    return {
      bow: [0.49, 0.03],
      stern: [-0.49, 0.03],
      'mast-top': [0.1, 0.32],
      bridge: [0.08, 0.16],
      waterline: [0, 0],
    }
  },

  fishingboat(pen) {
    const hull = pick<Color>(pen, [
      [0.1, 0.35, 0.7],
      [0.1, 0.5, 0.35],
      [0.8, 0.2, 0.12],
      [0.15, 0.55, 0.7],
    ])
    const wood: Color = [0.5, 0.36, 0.2]
    // Mast with boom and gallows aft; nets hang between them.
    pen.line([-0.05, 0.2], [-0.05, 0.82], 0.024, wood)
    pen.line([-0.05, 0.45], [-0.4, 0.68], 0.016, wood)
    pen.line([-0.42, 0.2], [-0.4, 0.56], 0.02, [0.7, 0.7, 0.68])
    pen.line([-0.05, 0.8], [0.47, 0.33], 0.006, [0.3, 0.3, 0.3], 0.7)
    pen.line([-0.05, 0.8], [-0.42, 0.56], 0.006, [0.3, 0.3, 0.3], 0.7)
    pen.poly(
      [
        [-0.4, 0.22],
        [-0.36, 0.4],
        [-0.22, 0.3],
        [-0.16, 0.22],
      ],
      [0.25, 0.42, 0.34],
      0.9,
    )
    pen.rect(0.02, 0.2, 0.24, 0.48, white)
    pen.rect(0.0, 0.47, 0.27, 0.51, hull)
    windows(pen, 0.04, 0.23, 0.35, 0.08, 3)
    pen.poly(
      [
        [-0.5, 0.24],
        [-0.2, 0.2],
        [0.2, 0.23],
        [0.5, 0.36],
        [0.38, 0],
        [-0.43, 0],
      ],
      hull,
    )
    pen.poly(
      [
        [-0.5, 0.24],
        [-0.2, 0.2],
        [0.2, 0.23],
        [0.5, 0.36],
        [0.485, 0.32],
        [0.2, 0.185],
        [-0.2, 0.16],
        [-0.49, 0.2],
      ],
      white,
    )
    pen.poly(
      [
        [-0.445, 0.03],
        [0.392, 0.03],
        [0.38, 0],
        [-0.43, 0],
      ],
      [0.45, 0.1, 0.08],
    )
    pen.ellipse(-0.3, 0.235, 0.05, 0.04, [0.95, 0.55, 0.1])
    pen.light([-0.05, 0.82], 0.025, [1, 1, 0.8])
    return {
      bow: [0.5, 0.36],
      stern: [-0.5, 0.24],
      'mast-top': [-0.05, 0.82],
      bridge: [0.13, 0.39],
      waterline: [0, 0],
    }
  },
}

const pick = <T>(pen: Pen, items: readonly T[]): T => items[pen.rng.int(0, items.length - 1)]

/** A row of windows; some are lit at night. */
function windows(pen: Pen, x1: number, x2: number, y: number, height: number, count: number): void {
  const step = (x2 - x1) / count
  for (let i = 0; i < count; i++) {
    const x = x1 + i * step
    pen.rect(x + step * 0.2, y, x + step * 0.75, y + height, glass, 0.1)
    if (pen.rng.chance(0.6)) pen.light([x + step * 0.5, y + height / 2], height * 0.55, lamp)
  }
}

function windowLights(pen: Pen, x1: number, x2: number, y: number, count: number): void {
  for (let i = 0; i < count; i++) pen.light([x1 + ((i + 0.5) / count) * (x2 - x1), y], 0.01, lamp)
}
