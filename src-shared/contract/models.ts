/** Networks as they are drawn and listed: a file's, a model's of the catalog, a run's. */
import { z } from 'zod'
import { modelInputSchema } from '../domain/model-input'
import { defineContract } from './rpc'

const dimensions = z.array(z.union([z.number(), z.string(), z.null()]))

/** What is fed to a network and what comes out; dimensions are numbers, names of open ones, or null. */
export const networkValueSchema = z.object({
  name: z.string(),
  type: z.string().nullable(),
  shape: dimensions.nullable(),
})

export const networkNodeSchema = z.object({
  /** As the file names it, else the first value that it makes. */
  name: z.string(),
  op: z.string(),
  /** '' for the standard operators. */
  domain: z.string(),
  /** Part of the network that it belongs to, `backbone/dark2`; '' where names say nothing. */
  scope: z.string(),
  /** Values as text, long ones cut. */
  attributes: z.record(z.string(), z.string()),
  inputs: z.array(
    z.object({
      name: z.string(),
      /** Index of the node that makes it; null: fed, or held by the file. */
      from: z.int().nullable(),
      /** Held by the file: a weight or a setting. */
      held: z.boolean(),
      /** null: not known. */
      shape: z.array(z.int()).nullable(),
    }),
  ),
  outputs: z.array(z.object({ name: z.string(), shape: z.array(z.int()).nullable() })),
  /** Numbers that training would move; each weight counts at the first node that uses it. */
  parameters: z.int(),
  /** Multiplications with addition for one picture; 0 where they do not count, null: not known. */
  macs: z.number().nullable(),
  /** Side in px of what a cell of the output depends on; null: not known, or no map. */
  field: z.number().nullable(),
  /** Why it cannot be part of a training; null: it can. */
  problem: z.string().nullable(),
  /** Why no gradient passes through it; null: one does. */
  gradient: z.string().nullable(),
  /** A new head can stand on it. `stride`: pixels of the picture from one cell to the next. */
  feature: z.object({ name: z.string(), channels: z.int(), stride: z.number() }).nullable(),
  /** Runs' networks: the recipe keeps its weights as they are. */
  frozen: z.boolean(),
})
export type NetworkNode = z.infer<typeof networkNodeSchema>

export const networkSchema = z.object({
  title: z.string(),
  /** Path of the ONNX file; null: built from the catalog. */
  file: z.string().nullable(),
  /** Of the file. */
  bytes: z.number().nullable(),
  producer: z.string(),
  /** 0: built from the catalog, which has none. */
  irVersion: z.int(),
  opset: z.int(),
  /** Further operator sets by domain. */
  domains: z.record(z.string(), z.number()),
  metadata: z.record(z.string(), z.string()),
  inputs: z.array(networkValueSchema),
  outputs: z.array(networkValueSchema),
  /** Each after those whose values it takes. Nodes that hold constants are left out. */
  nodes: z.array(networkNodeSchema),
  parameters: z.number(),
  /** null: shapes are not known. */
  gmacs: z.number().nullable(),
  /** Side of the picture that shapes and costs are for, px. */
  side: z.int(),
  /** Why shapes are not known; null: they are. */
  problem: z.string().nullable(),
  /** Features for a new head, by task; null: `reason` says why there are none. */
  suggested: z.object({
    detect: z.array(z.string()).nullable(),
    classify: z.array(z.string()).nullable(),
    reason: z.string().nullable(),
  }),
})
export type Network = z.infer<typeof networkSchema>

export const networkSourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file'), file: z.string() }),
  /** A run's network with its head. */
  z.object({ kind: z.literal('run'), run: z.string() }),
  z.object({ kind: z.literal('catalog'), id: z.string() }),
])
export type NetworkSource = z.infer<typeof networkSourceSchema>

/** What a node makes of a picture: `channels` maps of `height` x `width` numbers each. */
export const featureMapsSchema = z.object({
  /** Of the value that was computed. */
  name: z.string(),
  channels: z.int(),
  height: z.int(),
  width: z.int(),
  /** float32, little-endian, one map after another, each row by row; to be fetched from this address. */
  url: z.string(),
  /** Of the picture that the network was fed, px. */
  input: z.object({ width: z.int(), height: z.int() }),
  /** Upright size of the image, px. */
  image: z.object({ width: z.int(), height: z.int() }),
  /** A pixel of the image at x lies at offsetX + scale x in what was fed. */
  place: z.object({ scale: z.number(), offsetX: z.number(), offsetY: z.number() }),
  pixels: modelInputSchema,
  /** The file does not say how its pixels must look, and nobody told. */
  assumed: z.boolean(),
})
export type FeatureMaps = z.infer<typeof featureMapsSchema>

export const modelsContract = defineContract({
  methods: {
    /**
     * Runs a network on an image of the project up to a node, in a process of its own. Files are run by ONNX Runtime as
     * they are, with the value as one more output; runs with their best weights, else their last. Throws what `describe`
     * throws, `no-project`, `not-found`, `image-missing`, `image-unreadable`, `no-weights` for models that were not
     * trained, `unknown-model` for networks that take no pictures, `no-maps` when the value has no channels over a
     * picture, and `too-large`.
     */
    featureMaps: {
      input: z.object({
        source: networkSourceSchema,
        /** Index into the nodes that `describe` tells, and into the outputs of that one. */
        node: z.int().min(0),
        output: z.int().min(0).default(0),
        sample: z.int(),
        /** Of the picture, where the network leaves it open, px. */
        side: z.int().min(32).max(4096).optional(),
        /** Overrides what the file says about its pixels. */
        pixels: modelInputSchema.optional(),
      }),
      output: featureMapsSchema,
    },
    /**
     * Reads a network in a process of its own. `side`: of the picture, where the network leaves it open. Throws
     * `not-found`, `bad-model` (damaged, cyclic, impossible weights), `missing-external-data`, `unknown-id`, `bad-recipe`,
     * and `too-large` for more nodes than can be shown.
     */
    describe: {
      input: z.object({ source: networkSourceSchema, side: z.int().min(32).max(4096).multipleOf(32).optional() }),
      output: networkSchema,
    },
  },
})
