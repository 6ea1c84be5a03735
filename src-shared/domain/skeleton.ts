/** The points of a pose: names, edges, left/right pairs and COCO sigmas. */
import { z } from 'zod'

export const skeletonSchema = z.object({
  names: z.array(z.string()),
  /** 0-based pairs of point indices. */
  edges: z.array(z.tuple([z.int(), z.int()])).default([]),
  /** `flip[i]` is the index of the point that i becomes when the image is mirrored. An involution. */
  flip: z.array(z.int()).default([]),
  /** COCO OKS sigma per point. */
  sigmas: z.array(z.number()).default([]),
})
export type Skeleton = z.infer<typeof skeletonSchema>
