/** The points of a pose: names, edges, left/right pairs and COCO sigmas. */
import { z } from 'zod'
import { flipByName } from './flip-by-name'

export const skeletonSchema = z.object({
  names: z.array(z.string()),
  /** 0-based pairs of point indices. */
  edges: z.array(z.tuple([z.int(), z.int()])).default([]),
  /** `flip[i]` is the index of the point that i becomes when the image is mirrored. An involution. */
  flip: z.array(z.int()).default([]),
  /** COCO OKS sigma per point. */
  sigmas: z.array(z.number()).default([]),
  /** `#rrggbb` per point; absent: the window colours them by side. */
  colors: z.array(z.string()).optional(),
  /** Where each point of the template lies in the instance's box, 0..1 from its top-left corner. */
  layout: z.array(z.tuple([z.number(), z.number()])).optional(),
})
export type Skeleton = z.infer<typeof skeletonSchema>

/** The points of all labels side by side, as loaders and losses take them. */
export interface ObjectPoints {
  /** The most that a label has; further ones are never labelled. */
  count: number
  /** By label: what each point becomes in a mirrored image; by the names where a skeleton does not say. */
  flip: readonly (readonly number[])[]
}

export function objectPoints(labels: readonly { skeleton?: Skeleton | undefined }[]): ObjectPoints {
  const count = Math.max(0, ...labels.map(({ skeleton }) => skeleton?.names.length ?? 0))
  const flip = labels.map(({ skeleton }) => {
    const own = skeleton?.flip.length ? skeleton.flip : flipByName(skeleton?.names ?? [])
    return Array.from({ length: count }, (_, k) => own[k] ?? k)
  })
  return { count, flip }
}

/** What is wrong with a skeleton, as one sentence; null: nothing. */
export function skeletonFault({ names, edges, flip, sigmas, colors, layout }: Skeleton): string | null {
  const count = names.length
  if (count === 0) return 'A skeleton needs at least one keypoint.'
  const seen = new Set<string>()
  for (const name of names) {
    if (name.trim() === '') return 'Every keypoint needs a name.'
    if (seen.has(name)) return `Two keypoints are named "${name}". Give each its own name.`
    seen.add(name)
  }
  const known = (index: number) => index >= 0 && index < count
  for (const [a, b] of edges) {
    if (!known(a) || !known(b) || a === b)
      return `The edge ${a}-${b} does not join two of the ${count} keypoints (0 to ${count - 1}).`
  }
  const sized = { flip, sigmas, colors: colors ?? [], layout: layout ?? [] }
  for (const [key, list] of Object.entries(sized)) {
    if (list.length > 0 && list.length !== count) return `"${key}" has ${list.length} entries for ${count} keypoints.`
  }
  const odd = flip.findIndex((to, from) => !known(to) || flip[to] !== from)
  if (odd >= 0) return `The left/right pair of "${names[odd]}" is not mutual: a pair names each other.`
  if (sigmas.some((sigma) => !(sigma > 0))) return 'Every sigma must be above 0.'
  return null
}
