/** Poses from templates: where a skeleton's points lie before anybody has moved them. */
import type { Shape } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import type { Skeleton } from '@shared/domain/skeleton'
import { tidy } from './snap'

type Pose = Extract<Shape, { kind: 'keypoints' }>

/** A standing person seen from the front, in a unit box; by the names of COCO's 17 points. */
const person: Readonly<Record<string, Point>> = {
  nose: [0.5, 0.08],
  left_eye: [0.54, 0.05],
  right_eye: [0.46, 0.05],
  left_ear: [0.6, 0.07],
  right_ear: [0.4, 0.07],
  left_shoulder: [0.7, 0.22],
  right_shoulder: [0.3, 0.22],
  left_elbow: [0.82, 0.37],
  right_elbow: [0.18, 0.37],
  left_wrist: [0.9, 0.51],
  right_wrist: [0.1, 0.51],
  left_hip: [0.62, 0.52],
  right_hip: [0.38, 0.52],
  left_knee: [0.64, 0.74],
  right_knee: [0.36, 0.74],
  left_ankle: [0.65, 0.97],
  right_ankle: [0.35, 0.97],
}

/**
 * Places of the points in a unit box: the label's own template, the known layout of a person, else an ellipse on which
 * flip partners face each other.
 */
export function templateOf(skeleton: Skeleton, template?: readonly Point[] | null): Point[] {
  const count = skeleton.names.length
  if (template && template.length === count) return [...template]
  const byName = skeleton.names.map((name) => person[name.toLowerCase().replaceAll(/[\s-]+/g, '_')])
  if (count > 0 && byName.every((point) => point !== undefined)) return byName
  const places = new Array<Point | undefined>(count).fill(undefined)
  // Pairs go down the two sides, single points down the middle.
  const rows: number[][] = []
  skeleton.names.forEach((_, i) => {
    const partner = skeleton.flip[i] ?? i
    if (partner === i) rows.push([i])
    else if (i < partner) rows.push([i, partner])
  })
  rows.forEach((row, r) => {
    const y = rows.length === 1 ? 0.5 : r / (rows.length - 1)
    const bulge = 0.15 + 0.35 * Math.sin(Math.PI * (0.15 + 0.7 * y))
    if (row.length === 1 && rows.some((other) => other.length === 2)) places[row[0]] = [0.5, y]
    else if (row.length === 1) {
      const turn = (2 * Math.PI * r) / rows.length - Math.PI / 2
      places[row[0]] = [0.5 + 0.5 * Math.cos(turn), 0.5 + 0.5 * Math.sin(turn)]
    } else {
      places[row[0]] = [0.5 + bulge, y]
      places[row[1]] = [0.5 - bulge, y]
    }
  })
  return places.map((place) => place ?? [0.5, 0.5])
}

/** The template stretched over a box, every point visible. */
export function fitTemplate(template: readonly Point[], box: Box): Pose {
  const [x1, y1, x2, y2] = box
  return {
    kind: 'keypoints',
    keypoints: template.map(([x, y]) => [tidy(x1 + x * (x2 - x1)), tidy(y1 + y * (y2 - y1)), 2]),
  }
}

/** The unit-box template of a drawn pose; absent points lie in the middle. */
export function templateFrom(pose: Pose): Point[] {
  const placed = pose.keypoints.filter(([, , v]) => v > 0)
  const xs = placed.map(([x]) => x)
  const ys = placed.map(([, y]) => y)
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  const width = Math.max(...xs) - left || 1
  const height = Math.max(...ys) - top || 1
  return pose.keypoints.map(([x, y, v]): Point => (v > 0 ? [(x - left) / width, (y - top) / height] : [0.5, 0.5]))
}

/** A pose with every point absent. */
export const emptyPose = (count: number): Pose => ({
  kind: 'keypoints',
  keypoints: Array.from({ length: count }, (): [number, number, 0] => [0, 0, 0]),
})

/** Left or right by name, else by order within a flip pair; null for points without a partner. */
export function keypointSide(skeleton: Skeleton, index: number): 'left' | 'right' | null {
  const partner = skeleton.flip[index] ?? index
  if (partner === index) return null
  const name = skeleton.names[index] ?? ''
  if (/(^|[^a-z])(left|l)([^a-z]|$)/i.test(name)) return 'left'
  if (/(^|[^a-z])(right|r)([^a-z]|$)/i.test(name)) return 'right'
  return index < partner ? 'left' : 'right'
}
