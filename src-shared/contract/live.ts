/**
 * Detectors that stay open for one picture after another: the frames of a video or a camera. Pixels travel as bytes:
 * `POST /live/:detector?conf=&iou=&maxDet=` with one encoded picture (JPEG, PNG or WebP, at most 32 MB) as its body
 * answers {@link LiveFrame} as JSON.
 */
import { z } from 'zod'
import { providerSchema } from '../domain/recipe'
import { defineContract, noOutput } from './rpc'
import { modelSourceSchema } from './runs'
import { detectionSchema } from './inference'

export const liveDetectorSchema = z.object({
  /** Random; names the detector in addresses and calls. */
  detector: z.string(),
  /** Of the project for a run; of the file for an ONNX file, coloured like the project's labels of the same names. */
  labels: z.array(
    z.object({
      name: z.string(),
      color: z.string(),
      /** Of a model of poses: names of the points, and pairs of them that are joined. */
      points: z.array(z.string()).optional(),
      edges: z.array(z.tuple([z.int(), z.int()])).optional(),
    }),
  ),
  /** Classes of the model that have no label and are left out. */
  dropped: z.array(z.string()),
  /** Of the network, px: larger pictures are made smaller anyway. */
  input: z.object({ width: z.int(), height: z.int() }),
})
export type LiveDetector = z.infer<typeof liveDetectorSchema>

export const liveFrameSchema = z.object({
  /** Px of the picture that was sent; boxes are in them. */
  width: z.int(),
  height: z.int(),
  /** `label` counts in `labels` of the detector; best first. */
  detections: z.array(detectionSchema),
  /** Decoding, network and suppression. */
  seconds: z.number(),
})
export type LiveFrame = z.infer<typeof liveFrameSchema>

export const liveContract = defineContract({
  methods: {
    /**
     * Starts a process for the model. It ends by `close`, with the project, after two minutes without a picture, and when
     * a third one is opened. Throws `not-found`, `no-project`, `no-checkpoint`, and what reading the model throws.
     */
    open: {
      input: z.object({ source: modelSourceSchema, provider: providerSchema.default('auto') }),
      output: liveDetectorSchema,
    },
    /** Does nothing when it is closed already. */
    close: { input: z.object({ detector: z.string() }), output: noOutput },
  },
  events: {
    closed: z.object({ detector: z.string(), reason: z.string() }),
  },
})
