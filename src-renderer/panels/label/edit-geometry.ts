/** Geometry as numbers in fields: which ones a shape has, and the shape that a changed number makes. */
import type { Shape } from '@shared/domain/annotation'
import { shapeBox } from '@shared/domain/shape-box'

export interface GeometryField {
  /** i18n key below `label.field.`. */
  name: 'x' | 'y' | 'width' | 'height' | 'centreX' | 'centreY' | 'angle'
  value: number
  min: number
  max: number
  /** The shape with this value; null: such a shape has no area. */
  with(value: number): Shape | null
}

/** Smallest side of a box made by typing, px. */
const least = 0.01

/** @param width, height of the image: coordinates stay inside. */
export function geometryFields(shape: Shape, width: number, height: number): GeometryField[] {
  if (shape.kind === 'box') {
    const [x1, y1, x2, y2] = shape.box
    const box = (...box: [number, number, number, number]): Shape | null =>
      box[2] > box[0] && box[3] > box[1] ? { kind: 'box', box } : null
    return [
      { name: 'x', value: x1, min: 0, max: width - (x2 - x1), with: (x) => box(x, y1, x + x2 - x1, y2) },
      { name: 'y', value: y1, min: 0, max: height - (y2 - y1), with: (y) => box(x1, y, x2, y + y2 - y1) },
      { name: 'width', value: x2 - x1, min: least, max: width - x1, with: (w) => box(x1, y1, x1 + w, y2) },
      { name: 'height', value: y2 - y1, min: least, max: height - y1, with: (h) => box(x1, y1, x2, y1 + h) },
    ]
  }
  if (shape.kind === 'rotated-box') {
    const [cx, cy, w, h, angle] = shape.rotatedBox
    const turned = (...rotatedBox: [number, number, number, number, number]): Shape => ({
      kind: 'rotated-box',
      rotatedBox,
    })
    const side = width + height
    return [
      { name: 'centreX', value: cx, min: 0, max: width, with: (x) => turned(x, cy, w, h, angle) },
      { name: 'centreY', value: cy, min: 0, max: height, with: (y) => turned(cx, y, w, h, angle) },
      { name: 'width', value: w, min: least, max: side, with: (next) => turned(cx, cy, next, h, angle) },
      { name: 'height', value: h, min: least, max: side, with: (next) => turned(cx, cy, w, next, angle) },
      { name: 'angle', value: angle, min: -360, max: 360, with: (next) => turned(cx, cy, w, h, next) },
    ]
  }
  if (shape.kind === 'polygon' || shape.kind === 'keypoints') {
    const box = shapeBox(shape)
    if (!box) return []
    const [x1, y1, x2, y2] = box
    return [
      { name: 'x', value: x1, min: 0, max: width - (x2 - x1), with: (x) => moveShape(shape, x - x1, 0) },
      { name: 'y', value: y1, min: 0, max: height - (y2 - y1), with: (y) => moveShape(shape, 0, y - y1) },
    ]
  }
  return []
}

/** The shape moved by image pixels. */
function moveShape<S extends Extract<Shape, { kind: 'polygon' | 'keypoints' }>>(
  shape: S,
  dx: number,
  dy: number,
): Shape {
  const box =
    shape.box && ([shape.box[0] + dx, shape.box[1] + dy, shape.box[2] + dx, shape.box[3] + dy] as typeof shape.box)
  const stated = box ? { box } : {}
  if (shape.kind === 'polygon') {
    return { kind: 'polygon', rings: shape.rings.map((ring) => ring.map(([x, y]) => [x + dx, y + dy])), ...stated }
  }
  return {
    kind: 'keypoints',
    keypoints: shape.keypoints.map(([x, y, v]) => (v === 0 ? [x, y, v] : [x + dx, y + dy, v])),
    ...stated,
  }
}
