/** One harbour picture with exact annotations: the same seed gives the same picture on every machine. */
import type { Box, Keypoint, Point } from '@shared/domain/geometry'
import { rng, type Rng } from '@shared/base/rng'
import { paintBackdrop, paintQuay, paintRock, type LightName } from './backdrop'
import { createCanvas, createNoise, ellipseRing, fillPolygon, flat, type Canvas, type Noise } from './painter'
import { createPen, type Light } from './pen'
import { drawStructure, type StructureClass } from './structures'
import { boatKeypoints, drawVessel, vesselClasses, type VesselClass } from './vessels'
import { applyWeather, developPicture, type WeatherName } from './weather'

/** Label order of the sample project. */
export const harbourClasses = [
  'lighthouse',
  'sailboat',
  'buoy',
  'railbar',
  'cargoship',
  'navalvessels',
  'passengership',
  'dock',
  'submarine',
  'fishingboat',
] as const
export type HarbourClass = (typeof harbourClasses)[number]

export interface SceneObject {
  name: HarbourClass
  /** Around the pixels that show the object, so behind others only the visible part counts. */
  box: Box
  /** Visible pixels. */
  area: number
  /** Visible part of the object, 0..1. */
  visible: number
  /** In the order of `boatKeypoints`; boats only. */
  keypoints?: Keypoint[]
}

export interface Scene {
  width: number
  height: number
  light: LightName
  weather: WeatherName
  /** RGB, rows of width * 3. */
  pixels: Uint8Array
  /** The same picture with strong sensor noise. */
  noisy(sigma: number): Uint8Array
  objects: SceneObject[]
}

interface Placement {
  name: HarbourClass
  x: number
  y: number
  /** Length or, for lighthouse and buoy, height in pixels. */
  unit: number
  near: number
  facing: 1 | -1
}

/** Unit in pixels when the object is in the foreground. */
const sizes: Record<HarbourClass, number> = {
  lighthouse: 190,
  sailboat: 120,
  buoy: 62,
  railbar: 190,
  cargoship: 240,
  navalvessels: 220,
  passengership: 230,
  dock: 230,
  submarine: 190,
  fishingboat: 130,
}

/** Height and width in units, for keeping objects apart. */
const extents: Record<HarbourClass, [width: number, height: number]> = {
  lighthouse: [0.26, 1.03],
  sailboat: [1, 1.35],
  buoy: [0.68, 1],
  railbar: [1, 0.25],
  cargoship: [1, 0.47],
  navalvessels: [1, 0.46],
  passengership: [1, 0.48],
  dock: [1, 0.5],
  submarine: [1, 0.32],
  fishingboat: [1, 0.82],
}

const isVessel = (name: HarbourClass): name is VesselClass => (vesselClasses as readonly string[]).includes(name)

/** All scenes read the same noise, each from other places. */
let noiseTable: Noise | null = null

/** A scene is a function of its size and seed alone. */
export function paintScene(width: number, height: number, ...seed: (number | string)[]): Scene {
  const random = rng(...seed)
  const noise = (noiseTable ??= createNoise(rng('harbour noise').next))
  const canvas = createCanvas(width, height)
  const light = draw<LightName>(random, [
    ['day', 0.6],
    ['dusk', 0.22],
    ['night', 0.18],
  ])
  const weather = draw<WeatherName>(random, [
    ['clear', 0.66],
    ['overcast', 0.14],
    ['fog', 0.1],
    ['rain', 0.1],
  ])
  const { horizon, sun, haze } = paintBackdrop(canvas, noise, random, light, weather !== 'clear')
  const quay = random.chance(0.4) ? height - random.int(20, 34) : null
  const placements = placeObjects(random, width, height, horizon, quay)
  const lamps: Light[] = []
  const drawn: { placement: Placement; id: number; whole: number; points: Record<string, Point> | null }[] = []
  let quayPainted = quay === null
  placements.forEach((placement, i) => {
    const id = i + 1
    const { name, x, y, unit, near } = placement
    if (!quayPainted && name === 'railbar') {
      paintQuay(canvas, noise, random, quay!)
      quayPainted = true
    }
    if (name === 'lighthouse') paintRock(canvas, noise, random, x, y, unit * 0.5, near)
    const roll = isVessel(name) || name === 'buoy' ? random.uniform(-0.035, 0.035) * (name === 'buoy' ? 3 : 1) : 0
    const pen = createPen(canvas, noise, random, { id, x, y, unit, facing: placement.facing, roll, near, sun })
    let points: Record<string, Point> | null = null
    if (isVessel(name)) {
      const local = drawVessel[name](pen)
      points = Object.fromEntries(boatKeypoints.map((key) => [key, pen.toPixel(local[key])]))
    } else drawStructure[name as StructureClass](pen)
    lamps.push(...pen.lights.map((lamp) => ({ ...lamp, id })))
    if (name !== 'lighthouse' && name !== 'railbar') {
      paintReflection(canvas, noise, id, y, name === 'sailboat' ? unit * 0.8 : unit * 0.45)
      if (name !== 'dock') paintFoam(canvas, random, placement)
    }
    drawn.push({ placement, id, whole: countPixels(canvas.owner, id), points })
  })
  if (!quayPainted) paintQuay(canvas, noise, random, quay!)
  // A lamp behind something nearer is not seen.
  const seen = lamps.filter((lamp) => {
    const owner = canvas.owner[Math.floor(lamp.y) * width + Math.floor(lamp.x)]
    return owner === (lamp as Light & { id: number }).id
  })
  applyWeather(canvas, random, { light, weather, haze, horizon }, seen)
  const sigma = light === 'night' ? random.uniform(4, 8) : light === 'dusk' ? 3 : random.uniform(1, 2.5)
  const parts = visibleParts(canvas, placements.length)
  const objects = drawn.flatMap(({ placement, id, whole, points }) => {
    const { x1, y1, x2, y2, area } = parts[id]
    const visible = area / whole
    // What is almost hidden or only a speck is not annotated, as a person would do it.
    if (!(visible >= 0.2) || Math.min(x2 - x1, y2 - y1) < 4) return []
    const object: SceneObject = { name: placement.name, box: [x1, y1, x2, y2], area, visible }
    if (points) object.keypoints = boatKeypoints.map((key) => keypointAt(canvas, id, points[key]))
    return [object]
  })
  return {
    width,
    height,
    light,
    weather,
    pixels: developPicture(canvas, rng(...seed, 'sensor'), sigma),
    noisy: (strength) => developPicture(canvas, rng(...seed, 'noisy'), strength),
    objects,
  }
}

function draw<T>(random: Rng, choices: [T, number][]): T {
  let left = random.next()
  for (const [choice, weight] of choices) if ((left -= weight) < 0) return choice
  return choices[0][0]
}

/** Chooses what is where: far things first, so that near ones cover them. */
function placeObjects(random: Rng, width: number, height: number, horizon: number, quay: number | null): Placement[] {
  const names: HarbourClass[] = []
  if (random.chance(0.5)) names.push('lighthouse')
  if (random.chance(0.5)) names.push('dock')
  for (let i = random.int(2, 4); i > 0; i--) names.push(vesselClasses[random.int(0, vesselClasses.length - 1)])
  for (let i = random.int(0, 2); i > 0; i--) names.push('buoy')
  const taken: Box[] = []
  const out: Placement[] = []
  for (const name of random.shuffle(names)) {
    const placement = placeOne(random, name, width, height, horizon, quay, taken)
    if (placement) out.push(placement)
  }
  out.sort((a, b) => a.near - b.near)
  if (quay !== null) {
    const unit = sizes.railbar * random.uniform(0.7, 1.1)
    const x = random.uniform(unit * 0.4, width - unit * 0.4)
    out.push({ name: 'railbar', x, y: quay + random.uniform(6, 12), unit, near: 1, facing: 1 })
  }
  return out
}

function placeOne(
  random: Rng,
  name: HarbourClass,
  width: number,
  height: number,
  horizon: number,
  quay: number | null,
  taken: Box[],
): Placement | null {
  const bottom = (quay ?? height) - 4
  const [w, h] = extents[name]
  for (let attempt = 0; attempt < 30; attempt++) {
    // Big ships stay away from the foreground; small ones come near.
    const near = name === 'lighthouse' ? random.uniform(0.03, 0.3) : random.uniform(0.03, 1) ** 1.15
    const y = horizon + near * (bottom - horizon)
    const scale = name === 'lighthouse' ? random.uniform(0.3, 0.85) : 0.16 + 0.72 * near
    const unit = Math.min(sizes[name] * scale * random.uniform(0.8, 1.15), 200 / Math.max(w, h))
    if (Math.min(w, h) * unit < 7) continue
    const x = random.uniform(w * unit * 0.3, width - w * unit * 0.3)
    const box: Box = [x - (w * unit) / 2, y - h * unit, x + (w * unit) / 2, y]
    if (box[1] < 2) continue
    if (taken.some((other) => overlap(box, other) > 0.4)) continue
    taken.push(box)
    return { name, x, y, unit, near, facing: random.chance(0.5) ? 1 : -1 }
  }
  return null
}

/** Intersection over the smaller of two boxes. */
function overlap(a: Box, b: Box): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  return (w * h) / Math.min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
}

/** The object upside down in the water below it, broken by waves. */
function paintReflection(
  { width, height, rgb, owner }: Canvas,
  noise: Noise,
  id: number,
  waterline: number,
  tall: number,
) {
  const y0 = Math.round(waterline)
  for (let y = Math.max(0, y0); y < Math.min(height, y0 + tall); y++) {
    const t = (y - y0) / tall
    const source = y0 - 1 - (y - y0)
    if (source < 0) break
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      if (owner[i] !== 0) continue
      const shift = (noise.at(x * 0.8, y * 3.1) - 0.5) * (3 + 22 * t)
      const from = Math.round(x + shift)
      if (from < 0 || from >= width || owner[source * width + from] !== id) continue
      const k = 0.42 * (1 - t) ** 1.3
      for (let c = 0; c < 3; c++) rgb[3 * i + c] += (rgb[3 * (source * width + from) + c] * 0.8 - rgb[3 * i + c]) * k
    }
  }
}

/** A light line where the hull meets the water. */
function paintFoam(canvas: Canvas, random: Rng, { name, x, y, unit, near }: Placement): void {
  const half = (extents[name][0] * unit) / 2
  for (let i = 0; i < 5; i++) {
    const cx = x + random.uniform(-0.8, 0.8) * half
    const ring = ellipseRing(cx, y + random.uniform(0, 1), half * random.uniform(0.15, 0.4), 0.5 + 0.9 * near, 10)
    fillPolygon(canvas, ring, flat([0.85, 0.9, 0.92]), { id: null, near, alpha: 0.3 })
  }
}

interface Part {
  x1: number
  y1: number
  x2: number
  y2: number
  area: number
}

/** What is seen of each object, by id, in one walk over the picture. */
function visibleParts({ width, height, owner }: Canvas, count: number): Part[] {
  const parts = Array.from({ length: count + 1 }, (): Part => ({ x1: width, y1: height, x2: 0, y2: 0, area: 0 }))
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (owner[i] === 0) continue
      const part = parts[owner[i]]
      part.area++
      if (x < part.x1) part.x1 = x
      if (x >= part.x2) part.x2 = x + 1
      if (y < part.y1) part.y1 = y
      part.y2 = y + 1
    }
  }
  return parts
}

function countPixels(owner: Uint8Array, id: number): number {
  let count = 0
  for (let i = 0; i < owner.length; i++) if (owner[i] === id) count++
  return count
}

/** Visible when the object owns the pixel or one beside it; hidden otherwise; absent outside the picture. */
function keypointAt({ width, height, owner }: Canvas, id: number, [x, y]: Point): Keypoint {
  if (x < 0 || y < 0 || x >= width || y >= height) return [0, 0, 0]
  for (let dy = -2; dy <= 2; dy++) {
    for (let dx = -2; dx <= 2; dx++) {
      const px = Math.floor(x) + dx
      const py = Math.floor(y) + dy
      if (px >= 0 && py >= 0 && px < width && py < height && owner[py * width + px] === id) return [x, y, 2]
    }
  }
  return [x, y, 1]
}
