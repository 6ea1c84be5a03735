/**
 * One augmented image as data: which samples lie where, the one transform from there to the output, and the colour
 * shift. Augments write plans; the pixel code of the worker carries a plan out in a single sampling pass.
 */
import { applyToBox, applyToPoint, compose, mirrorX, type Affine, identity } from '../domain/affine'
import { boxArea, clipBox, type Box, type Point } from '../domain/geometry'
import { letterboxGeometry } from '../domain/letterbox'
import type { ModelInput } from '../domain/model-input'
import type { Rng } from '../base/rng'

/** A sample resized to `width` x `height` whole pixels at (x, y) of a canvas. */
export interface Tile {
  /** Position of the sample in the loader's list. */
  sample: number
  x: number
  y: number
  width: number
  height: number
  /** Factor of box coordinates; width / sample width up to the truncation to whole pixels. */
  scale: number
}

export interface Layer {
  canvas: { width: number; height: number }
  /** Tiles do not overlap; what sticks out of the canvas is cut. */
  tiles: Tile[]
  /** Byte value of the canvas where no tile lies, and of what is outside the canvas. */
  fill: number
  outside: number
  /** Canvas to output. */
  matrix: Affine
  /** Boxes that keep less than this fraction of their area inside the output are dropped; 0 keeps all. */
  minVisible: number
  /** Of layers above the first: the part of the output, in whole pixels, that they cover; without it they are blended with what is below. */
  region?: Box
  /**
   * Of blended layers: their share in what is seen, 0..1 in steps of 1/256, which is also their class's. Without it half
   * and half, and objects below and above count alike.
   */
  weight?: number
}

export interface AugmentPlan {
  width: number
  height: number
  /** The first layer is the image; others lie above it in their order. */
  layers: Layer[]
  /** Additive shift of OpenCV's 8-bit H (0..180), S and V (0..255), or null. */
  hsv: readonly [number, number, number] | null
  /** The output is mirrored: left/right keypoints swap. Already part of the matrices. */
  mirrored: boolean
  /** Set by mosaic; affine and mixup may depend on it. */
  mosaic: boolean
}

/** What an augment may look at while it draws. */
export interface AugmentContext {
  rng: Rng
  /** The sample that is being augmented. */
  sample: number
  count: number
  sizeOf(sample: number): { width: number; height: number }
  /** A uniformly drawn sample that has at least one box; null when none has. */
  drawLabelled(): number | null
  /** Another sample's plan, with the augments that stand before the one that asks. */
  before(sample: number): AugmentPlan
  align: ModelInput['align']
  pad: number
}

/** The same without what the list of augments knows: that a plan is drawn from. */
export type PlainContext = Omit<AugmentContext, 'before'>

/** The sample letterboxed into the output: the plan that every list of augments starts from, and falls back to. */
export function plainPlan(ctx: PlainContext, width: number, height: number): AugmentPlan {
  const layer = letterboxLayer(ctx, ctx.sample, width, height)
  return { width, height, layers: [layer], hsv: null, mirrored: false, mosaic: false }
}

/** One letterboxed sample on a canvas of the given size. */
export function letterboxLayer(ctx: PlainContext, sample: number, width: number, height: number): Layer {
  const box = letterboxGeometry(ctx.sizeOf(sample), { width, height }, ctx.align)
  return {
    canvas: { width, height },
    tiles: [{ sample, x: box.offsetX, y: box.offsetY, width: box.width, height: box.height, scale: box.scale }],
    fill: ctx.pad,
    outside: ctx.pad,
    matrix: identity,
    minVisible: 0,
  }
}

/** A second image is in the picture already: the classes of two can be told, not of three. */
export const holdsPartner = (plan: AugmentPlan): boolean => plan.layers.slice(1).some(({ tiles }) => tiles.length > 0)

/** Mirrors the whole output. */
export function mirrorPlan(plan: AugmentPlan): void {
  for (const layer of plan.layers) {
    layer.matrix = compose(mirrorX(plan.width), layer.matrix)
    if (!layer.region) continue
    const [x1, y1, x2, y2] = layer.region
    layer.region = [plan.width - x2, y1, plan.width - x1, y2]
  }
  plan.mirrored = !plan.mirrored
}

/**
 * A box of a tile's sample in output pixels: scaled into the canvas, clipped there, bounding box of the four mapped
 * corners, clipped to the output. Null when a side is 1 px or less (YOLOX) or too little stays visible. An image that
 * covers a part, or is blended with a weight, stands for its class with all of that part.
 */
export function planBox(plan: AugmentPlan, layer: Layer, tile: Tile, box: Box): Box | null {
  if (layer.region) return layer.region
  if (layer.weight !== undefined) return [0, 0, layer.weight * plan.width, plan.height]
  const inCanvas = clipBox(
    [
      box[0] * tile.scale + tile.x,
      box[1] * tile.scale + tile.y,
      box[2] * tile.scale + tile.x,
      box[3] * tile.scale + tile.y,
    ],
    layer.canvas.width,
    layer.canvas.height,
  )
  const warped = applyToBox(layer.matrix, inCanvas)
  const clipped = clipBox(warped, plan.width, plan.height)
  if (Math.min(clipped[2] - clipped[0], clipped[3] - clipped[1]) <= 1) return null
  if (layer.minVisible > 0) {
    const whole = applyToBox(layer.matrix, [
      box[0] * tile.scale + tile.x,
      box[1] * tile.scale + tile.y,
      box[2] * tile.scale + tile.x,
      box[3] * tile.scale + tile.y,
    ])
    if (boxArea(clipped) < layer.minVisible * boxArea(whole)) return null
  }
  return clipped
}

/** A point of a tile's sample in output pixels; null where the canvas or the output does not show it. */
export function planPoint(plan: AugmentPlan, layer: Layer, tile: Tile, [x, y]: Point): Point | null {
  const inside = ([px, py]: Point, size: { width: number; height: number }) =>
    px >= 0 && py >= 0 && px <= size.width && py <= size.height
  const onCanvas: Point = [x * tile.scale + tile.x, y * tile.scale + tile.y]
  if (!inside(onCanvas, layer.canvas)) return null
  const point = applyToPoint(layer.matrix, onCanvas)
  return inside(point, plan) ? point : null
}
