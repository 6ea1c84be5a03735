/** What the training loop, evaluation and prediction see of the data side. */
import type { AugmentSpec } from '@shared/catalog/augments'
import type { ModelInput } from '@shared/domain/model-input'
import type { ObjectPoints } from '@shared/domain/skeleton'
import type { SnapshotSample } from '@shared/domain/snapshot'

/**
 * Layout of an image tensor. `s2d` is the space-to-depth of YOLOX's Focus: half the height and width, 12 channels in
 * blocks (row 0, col 0), (row 1, col 0), (row 0, col 1), (row 1, col 1), each block with the 3 colours in model order.
 */
export type PixelLayout = 'nhwc' | 'nchw' | 's2d-nhwc' | 's2d-nchw'

export interface Packing {
  layout: PixelLayout
  /** `uint8`: raw bytes 0..255, the graph casts; `float32`: scaled, mean and std applied as the model's input says. */
  type: 'uint8' | 'float32'
}

export interface Batch {
  /** Epoch and position in the epoch, both 0-based. */
  epoch: number
  index: number
  /** Number of batches of this epoch. */
  batches: number
  /** Images in the batch; training batches are always full. */
  count: number
  /** Side lengths of the network input in pixels. */
  width: number
  height: number
  /** In the order of `shape`. */
  images: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>
  /** E.g. [N, H/2, W/2, 12] for `s2d-nhwc`, [N, 3, H, W] for `nchw`. */
  shape: number[]
  /**
   * [N, maxGt, 5 + 3 K]: rows (label index, cx, cy, w, h, then x, y, v of each of the K points that were asked for) in
   * network-input pixels; v is 1 for labelled points inside the picture, else 0; unused rows are zero.
   */
  targets: Float32Array<ArrayBuffer>
  maxGt: number
  /** Used rows of `targets` per image. */
  targetCounts: Int32Array<ArrayBuffer>
  sampleIds: number[]
  /** Milliseconds that the caller waited for this batch. */
  waitMs: number
  /** Gives the buffers back for a later batch; optional, and nothing of the batch may be used afterwards. */
  release(): void
}

export interface EvalBatch {
  index: number
  batches: number
  /** Real images; the rest of a padded last batch is border. */
  count: number
  width: number
  height: number
  images: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>
  shape: number[]
  /** One per real image, in batch order. */
  samples: LetterboxedSample[]
  waitMs: number
  release(): void
}

export interface LetterboxedSample {
  /** Position in the `samples` given to the loader. */
  position: number
  sampleId: number
  /** Upright size of the image in pixels. */
  width: number
  height: number
  /** image x = (input x - offsetX) / scale, the same for y. */
  scale: number
  offsetX: number
  offsetY: number
}

export interface BadSample {
  sampleId: number
  file: string
  name: string
  code: string
  message: string
}

/** Settings that the loaders for training and evaluation share. */
export interface LoaderBase {
  samples: readonly SnapshotSample[]
  batch: number
  input: ModelInput
  pack: Packing
  /** Worker threads; 0 does the work on the calling thread. Results never depend on this number. */
  threads: number
  /** Absolute path of the built `decode-thread.js`; needed when `threads` > 0. */
  threadFile?: string
  /** Upper limit of the decoded-image cache in bytes; default 512 MiB. */
  cacheBytes?: number
  /** Batches made ahead of the caller; default threads + 3. */
  prefetch?: number
  /** Called once for each image that cannot be read. */
  onBadSample?: (bad: BadSample) => void
  signal?: AbortSignal
}

export interface LoaderOptions extends LoaderBase {
  /** Side of the square network input, a multiple of 32, for each epoch. */
  size: number | ((epoch: number) => number)
  /** Largest side that `size` ever gives; needed when `size` is a function. */
  maxSize?: number
  seed: number
  epochs: number
  /** Last epochs without the augments that close (mosaic, mixup). */
  closeEpochs: number
  augment: readonly AugmentSpec[]
  /** Rows of `targets`: one number, or rising buckets of which the smallest that fits is used. Surplus boxes are dropped. */
  maxGt: number | readonly number[]
  /** Points that targets carry; default none. */
  points?: ObjectPoints | undefined
}

export interface Loader {
  batchesPerEpoch: number
  /** All batches from (epoch, batch) to the end of the last epoch, in order; prefetch crosses epochs. One at a time. */
  batches(from?: { epoch: number; batch: number }): AsyncGenerator<Batch, void, void>
  /** Milliseconds waited for data since the start. */
  waitMs(): number
  close(): Promise<void>
}

export interface EvalLoaderOptions extends LoaderBase {
  width: number
  height: number
  /** Fill the last batch with border up to `batch` (static models); default true. */
  padLast?: boolean
}

export interface EvalLoader {
  batches(): AsyncGenerator<EvalBatch, void, void>
  close(): Promise<void>
}
