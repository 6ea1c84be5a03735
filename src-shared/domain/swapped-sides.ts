/**
 * Finds left and right points that were mixed up within one pose. A limb that joins two pairs (hips and knees) is
 * suspicious when joining them crosswise would be clearly shorter than joining them as labelled: then one of the two pairs
 * is swapped, and by majority the one with fewer pairs behind it. A pose that is swapped as a whole looks like a person
 * seen from the other side and is not found; crossed arms and legs are reported too: a person decides.
 */
import type { Keypoint } from './geometry'
import type { Skeleton } from './skeleton'

export interface SwappedSides {
  /** Names of the pairs' first points on the far end of the crossed limbs. */
  limbs: string[]
  /** Points to exchange, each with its mirror; empty: which side is wrong cannot be told. */
  swap: [number, number][]
}

/** Crosswise must be shorter than this part of the labelled way... */
const ratio = 0.85
/** ...and the difference longer than this part of the pose's diagonal. */
const margin = 0.05

/** null: nothing suspicious, or no left/right pairs. */
export function findSwappedSides(
  keypoints: readonly Keypoint[],
  { flip, edges, names }: Skeleton,
): SwappedSides | null {
  if (flip.length !== keypoints.length) return null
  const isPaired = (i: number) => flip[i] !== i
  const pairOf = (i: number) => Math.min(i, flip[i])
  const isThere = (i: number) => keypoints[i][2] > 0
  const seen = keypoints.filter(([, , v]) => v > 0)
  if (seen.length < 4) return null
  const span = (axis: 0 | 1) => Math.max(...seen.map((p) => p[axis])) - Math.min(...seen.map((p) => p[axis]))
  const diagonal = Math.hypot(span(0), span(1))
  const distance = (i: number, j: number) =>
    Math.hypot(keypoints[i][0] - keypoints[j][0], keypoints[i][1] - keypoints[j][1])

  const links: { a: number; b: number; isCrossed: boolean }[] = []
  const done = new Set<string>()
  for (const [from, to] of edges) {
    if (!isPaired(from) || !isPaired(to) || pairOf(from) === pairOf(to)) continue
    const key = [pairOf(from), pairOf(to)].sort((x, y) => x - y).join()
    if (done.has(key) || ![from, to, flip[from], flip[to]].every(isThere)) continue
    done.add(key)
    const straight = distance(from, to) + distance(flip[from], flip[to])
    const crosswise = distance(from, flip[to]) + distance(flip[from], to)
    const isCrossed = crosswise < ratio * straight && straight - crosswise > margin * diagonal
    links.push({ a: pairOf(from), b: pairOf(to), isCrossed })
  }
  const crossed = links.filter((link) => link.isCrossed)
  if (crossed.length === 0) return null
  return { limbs: crossed.map(({ b }) => names[b]), swap: minority(links).map((i) => [i, flip[i]]) }
}

/** Pairs whose side disagrees with most others they are linked to; empty when links contradict or both are as many. */
function minority(links: readonly { a: number; b: number; isCrossed: boolean }[]): number[] {
  const sides = new Map<number, boolean>()
  const wrong: number[] = []
  for (const { a: start } of links) {
    if (sides.has(start)) continue
    sides.set(start, false)
    const group = [start]
    for (const pair of group) {
      for (const { a, b, isCrossed } of links) {
        if (a !== pair && b !== pair) continue
        const other = a === pair ? b : a
        const side = sides.get(pair)! !== isCrossed
        if (!sides.has(other)) {
          sides.set(other, side)
          group.push(other)
        } else if (sides.get(other) !== side) return []
      }
    }
    const turned = group.filter((pair) => sides.get(pair))
    if (turned.length * 2 === group.length) return []
    wrong.push(...(turned.length * 2 < group.length ? turned : group.filter((pair) => !sides.get(pair))))
  }
  return wrong
}
