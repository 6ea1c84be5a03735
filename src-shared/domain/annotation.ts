/** What a person draws: one annotation is one object (or one image tag) on one sample. */
import { z } from 'zod'

const finite = z.number().refine(Number.isFinite, 'must be a finite number')
const point = z.tuple([finite, finite])

export const boxSchema = z.tuple([finite, finite, finite, finite])
export const rotatedBoxSchema = z.tuple([finite, finite, finite, finite, finite])
export const ringSchema = z.array(point).min(3)
export const keypointSchema = z.tuple([finite, finite, z.union([z.literal(0), z.literal(1), z.literal(2)])])
/** COCO's uncompressed run lengths: column-major, starting with background; `size` is [height, width]. */
export const maskSchema = z.object({ size: z.tuple([z.int(), z.int()]), counts: z.array(z.int().min(0)) })

/**
 * The geometry of an annotation, by kind. Coordinates: see geometry.ts. `box` of a polygon or mask is the box its file
 * states beside the outline, present only where it differs from the outline's bounds (see shapeBox).
 */
export const shapeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('box'), box: boxSchema }),
  z.object({ kind: z.literal('rotated-box'), rotatedBox: rotatedBoxSchema }),
  z.object({ kind: z.literal('polygon'), rings: z.array(ringSchema).min(1), box: boxSchema.optional() }),
  z.object({ kind: z.literal('mask'), mask: maskSchema, box: boxSchema.optional() }),
  z.object({ kind: z.literal('keypoints'), keypoints: z.array(keypointSchema), box: boxSchema.optional() }),
  z.object({ kind: z.literal('tag') }),
])
export type Shape = z.infer<typeof shapeSchema>
export type ShapeKind = Shape['kind']
export const shapeKinds: readonly ShapeKind[] = ['box', 'rotated-box', 'polygon', 'mask', 'keypoints', 'tag']

export const flagsSchema = z.object({
  difficult: z.boolean().default(false),
  truncated: z.boolean().default(false),
  occluded: z.boolean().default(false),
  crowd: z.boolean().default(false),
})
export type Flags = z.infer<typeof flagsSchema>
export const noFlags: Flags = { difficult: false, truncated: false, occluded: false, crowd: false }
