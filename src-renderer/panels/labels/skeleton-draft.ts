/** A skeleton while it is drawn: points with places on a canvas, edges between them; made into a Skeleton to be saved. */
import type { Skeleton } from '@shared/domain/skeleton'
import { flipByName } from '@shared/domain/flip-by-name'

/** The canvas: all drafts share its size, whatever lies behind it. */
export const canvasWidth = 1000
export const canvasHeight = 750
/** A point's sigma when nothing is known of it: between COCO's eyes (.025) and hips (.107). */
export const usualSigma = 0.05

export interface DraftPoint {
  /** Unique in the draft; edges and partners name it. */
  key: number
  name: string
  x: number
  y: number
  sigma: number
  /** Key of the left/right partner. */
  partner: number | null
  /** Index of the point in the saved skeleton that this one was; null: new. */
  source: number | null
}
export interface SkeletonDraft {
  points: DraftPoint[]
  edges: [number, number][]
  /** Partners follow the names until one is set by hand. */
  pairsByName: boolean
}

export const emptyDraft = (): SkeletonDraft => ({ points: [], edges: [], pairsByName: true })

/** @param known false: the skeleton is not the label's own, so no point has a source. */
export function draftOf(skeleton: Skeleton, known = true): SkeletonDraft {
  const { names, edges, flip, sigmas, layout } = skeleton
  const margin = 0.08
  const points = names.map((name, at): DraftPoint => {
    const angle = (at / names.length) * 2 * Math.PI - Math.PI / 2
    const [x, y] = layout?.[at] ?? [0.5 + 0.5 * Math.cos(angle), 0.5 + 0.5 * Math.sin(angle)]
    // The unit box becomes a square in the middle of the canvas.
    const side = canvasHeight * (1 - 2 * margin)
    return {
      key: at,
      name,
      x: (canvasWidth - side) / 2 + x * side,
      y: canvasHeight * margin + y * side,
      sigma: sigmas[at] ?? usualSigma,
      partner: flip[at] !== undefined && flip[at] !== at ? flip[at] : null,
      source: known ? at : null,
    }
  })
  const byName = flipByName(names)
  const pairsByName = names.every((_, at) => (flip[at] ?? at) === byName[at])
  return { points, edges: edges.map(([a, b]) => [a, b]), pairsByName }
}

/** The skeleton, and for each of its points the old point whose labels it takes over. */
export function skeletonOf(draft: SkeletonDraft): { skeleton: Skeleton; sources: (number | null)[] } {
  const { points, edges } = draft
  const place = new Map(points.map((point, at) => [point.key, at]))
  const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)]
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  // A skeleton of one point, or on one line, has no extent: the middle of the box then.
  const share = (value: number, from: number, size: number) => (size > 0 ? (value - from) / size : 0.5)
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top]
  return {
    skeleton: {
      names: points.map((point) => point.name.trim()),
      edges: edges.map(([a, b]) => [place.get(a)!, place.get(b)!]),
      flip: points.map((point, at) => (point.partner === null ? at : (place.get(point.partner) ?? at))),
      sigmas: points.map((point) => point.sigma),
      layout: points.map((point) => [share(point.x, left, width), share(point.y, top, height)]),
    },
    sources: points.map((point) => point.source),
  }
}

const nextKey = (draft: SkeletonDraft): number => 1 + Math.max(-1, ...draft.points.map((point) => point.key))

/** Adds a point, joined to `from` when given. Answers its key. */
export function addPoint(draft: SkeletonDraft, x: number, y: number, from: number | null, name: string): number {
  const key = nextKey(draft)
  draft.points.push({ key, name, x, y, sigma: usualSigma, partner: null, source: null })
  if (from !== null) draft.edges.push([from, key])
  return key
}

/** Takes a point away; its neighbours on a chain are joined, so that a limb stays whole. */
export function removePoint(draft: SkeletonDraft, key: number): void {
  const neighbours = draft.edges.filter((edge) => edge.includes(key)).map(([a, b]) => (a === key ? b : a))
  draft.points = draft.points.filter((point) => point.key !== key)
  draft.edges = draft.edges.filter((edge) => !edge.includes(key))
  if (neighbours.length === 2) toggleEdge(draft, neighbours[0], neighbours[1], true)
  for (const point of draft.points) if (point.partner === key) point.partner = null
}

/** @param on leaves an edge that is there. */
export function toggleEdge(draft: SkeletonDraft, a: number, b: number, on = false): void {
  if (a === b) return
  const at = draft.edges.findIndex((edge) => edge.includes(a) && edge.includes(b))
  if (at < 0) draft.edges.push([a, b])
  else if (!on) draft.edges.splice(at, 1)
}

/** Partners are mutual: whoever was paired with either is free again. */
export function setPartner(draft: SkeletonDraft, key: number, partner: number | null): void {
  draft.pairsByName = false
  for (const point of draft.points) if (point.partner === key || (partner !== null && point.partner === partner)) point.partner = null // prettier-ignore
  const find = (wanted: number | null) => draft.points.find((point) => point.key === wanted)
  const [one, other] = [find(key), find(partner)]
  if (one) one.partner = other ? other.key : null
  if (other && one) other.partner = one.key
}

/** Pairs points again by their names, unless somebody paired them by hand. */
export function pairByName(draft: SkeletonDraft, force = false): void {
  if (force) draft.pairsByName = true
  if (!draft.pairsByName) return
  const flip = flipByName(draft.points.map((point) => point.name.trim()))
  draft.points.forEach((point, at) => (point.partner = flip[at] === at ? null : draft.points[flip[at]].key))
}

export function movePoint(draft: SkeletonDraft, key: number, by: 1 | -1): void {
  const at = draft.points.findIndex((point) => point.key === key)
  const to = at + by
  if (at < 0 || to < 0 || to >= draft.points.length) return
  const [point] = draft.points.splice(at, 1)
  draft.points.splice(to, 0, point)
}
