/**
 * The points of a COCO row and of its category, in the shapes that data sets of the COCO kind use: `x, y, v` in one list,
 * one list a point, COCO-WholeBody's lists beside (Jin et al. 2020, arXiv:2007.11858), HumanArt's `keypoints_21`, and
 * categories that name no points.
 */
import { flipByName } from '../../../domain/flip-by-name'
import type { Skeleton } from '../../../domain/skeleton'

type Row = Record<string, unknown>

/** COCO-WholeBody's fields after the 17 body points, in its order, with their number of points. */
const wholeBody = [
  ['foot_kpts', 6],
  ['face_kpts', 68],
  ['lefthand_kpts', 21],
  ['righthand_kpts', 21],
] as const
const bodyPoints = 17

const fingers = ['thumb', 'forefinger', 'middle_finger', 'ring_finger', 'pinky_finger']
const handNames = (side: string) => [
  `${side}_hand_root`,
  ...fingers.flatMap((finger) => [1, 2, 3, 4].map((joint) => `${side}_${finger}${joint}`)),
]
const feet = ['big_toe', 'small_toe', 'heel']
const wholeBodyNames = [
  ...['left', 'right'].flatMap((side) => feet.map((part) => `${side}_${part}`)),
  ...Array.from({ length: 68 }, (_, i) => `face-${i}`),
  ...handNames('left'),
  ...handNames('right'),
]
/** Mirrored points of the 68 of a face (iBUG 300-W): jaw, brows, nose, eyes, outer and inner mouth. */
const faceRows = [
  Array.from({ length: 17 }, (_, i) => i),
  Array.from({ length: 10 }, (_, i) => 17 + i),
  [31, 32, 33, 34, 35],
  [36, 37, 38, 39, 42, 43, 44, 45],
  [41, 40, 47, 46],
  [48, 49, 50, 51, 52, 53, 54],
  [59, 58, 57, 56, 55],
  [60, 61, 62, 63, 64],
  [67, 66, 65],
]

export interface RowPoints {
  /** x, y, v for each point. */
  values: unknown[]
  /** Points were put together from COCO-WholeBody's lists. */
  wholeBody: boolean
  /** Fields of the row that the points were taken from, beside `keypoints`. */
  used: string[]
}

/** null: the row has no points. `named` is the number of points its category names, 0 when it names none. */
export function gatherPoints(row: Row, named: number): RowPoints | null {
  const points = (row.keypoints ?? null) as unknown
  if (!Array.isArray(points) || points.length === 0) return null
  const longer = `keypoints_${named}`
  if (Array.isArray(row[longer]) && points.length < named * 3)
    return { values: row[longer], wholeBody: false, used: [longer] }
  if (Array.isArray(points[0])) {
    const valid = Array.isArray(row.keypoints_valid) ? row.keypoints_valid : []
    const values = (points as unknown[]).flatMap((point, i) => {
      const [x, y, v = valid[i] === 0 ? 0 : 2] = Array.isArray(point) ? (point as unknown[]) : []
      return [x, y, v]
    })
    return { values, wholeBody: false, used: [] }
  }
  if (points.length !== bodyPoints * 3 || !hasWholeBody(row)) return { values: points, wholeBody: false, used: [] }
  const parts = wholeBody.map(([field]) => row[field] as unknown[])
  return { values: [...points, ...parts.flat()], wholeBody: true, used: wholeBody.map(([field]) => field) }
}

const hasWholeBody = (row: Row): boolean =>
  wholeBody.every(([field, count]) => Array.isArray(row[field]) && row[field].length === count * 3)

/** The lists of COCO-WholeBody again. */
export function splitWholeBody(values: readonly number[]): Row {
  const row: Row = { keypoints: values.slice(0, bodyPoints * 3) }
  let at = bodyPoints * 3
  for (const [field, count] of wholeBody) {
    row[field] = values.slice(at, at + count * 3)
    at += count * 3
  }
  return row
}

/** What the rows of a category hold, seen before its label is made. */
export interface SeenPoints {
  count: number
  wholeBody: boolean
}

/** The skeleton that fits the rows: points the category does not name get a number; null: neither names nor points. */
export function fitSkeleton(skeleton: Skeleton | null, seen: SeenPoints | undefined): Skeleton | null {
  const names = [...(skeleton?.names ?? [])]
  const total = names.length + wholeBodyNames.length
  const isWhole = names.length === bodyPoints && (seen?.wholeBody || seen?.count === total)
  if (isWhole) names.push(...wholeBodyNames.filter((name) => !names.includes(name)))
  for (let i = names.length; i < (seen?.count ?? 0); i++) names.push(`point ${i + 1}`)
  if (!names.length) return null
  if (skeleton && names.length === skeleton.names.length) return skeleton
  const flip = skeleton?.flip.length ? [...skeleton.flip] : flipByName(names)
  for (let i = flip.length; i < names.length; i++) flip.push(i)
  if (isWhole) {
    const by = flipByName(names)
    for (let i = bodyPoints; i < names.length; i++) flip[i] = by[i]
    const face = bodyPoints + 6
    for (const row of faceRows) row.forEach((a, i) => (flip[face + a] = face + row[row.length - 1 - i]))
  }
  return {
    names,
    edges: skeleton?.edges ?? [],
    flip: flip.some((to, from) => to !== from) ? flip : [],
    sigmas: [],
  }
}
