/** What a task file exports: all that tells one kind of training from another, as far as it needs no file and no device. */
import type { Recipe } from '../../domain/recipe'
import type { ObjectPoints } from '../../domain/skeleton'
import type { SnapshotHeader, SnapshotSample } from '../../domain/snapshot'
import type { Truth } from '../../domain/task'
import type { Graph, Value } from '../../engine/graph'
import type { AugmentSpec } from '../augments'
import type { PresetId } from '../presets'
import type { StepsFromWeights, Trial } from '../small-data'

/** Settings of the loss by their recipe keys; a task uses its own ones. */
export interface LossSettings {
  iou?: 'iou' | 'giou'
  /** Label smoothing, 0..1. */
  smoothing?: number
  /** Weighted sum of distances between images. */
  terms?: 'auto' | readonly { id: string; weight?: number | undefined }[]
  /** Similarity of points, and the weights of their parts. */
  oks?: 'coco' | 'yolo-pose'
  points?: number
  pointL1?: number
  visibility?: number
  /** Weight of the distance of points in strides, of KAPAO. */
  keypoints?: number
}

export interface TaskLoss {
  /** What is minimised. */
  total: Value
  /** What is reported of each step; `loss` is the total. */
  metrics: Record<string, Value>
}

/** Objects of a batch of images as the loaders give them. */
export interface BatchTargets {
  /**
   * [N, maxGt, 5 + 3 K]: rows (label index, cx, cy, w, h, then x, y, v of each point that the task asks for) in
   * network-input pixels; unused rows are zero.
   */
  targets: Float32Array
  count: number
  maxGt: number
  /** Of the network's input, px. */
  width: number
  height: number
  /** In the last epochs, on images as they are. */
  closing: boolean
}

export interface TaskDef<Output = unknown> {
  title: string
  /** The numbers of an evaluation that a run keeps of each epoch, larger for better; the first chooses the best weights. */
  scores: readonly [string, ...string[]]
  /**
   * What is learned of an image. A `class` is one answer for a whole picture, so that augmentations that join several would
   * teach wrong ones; for an `image` nobody labels anything, and every one teaches something. The core and the window ask
   * for this, never for a task by its name.
   */
  truth: Truth
  /**
   * What a model sees: `bytes` of letterboxed RGB images, scaled inside the program (default), or `planes`: numbers as the
   * task's own batches bring them, in the input `images` [N, channels, H, W].
   */
  pixels?: 'bytes' | 'planes'
  /** What an image teaches, its annotations as boxes; null when it teaches nothing and is left out. */
  prepare(sample: SnapshotSample): SnapshotSample | null
  /** Points that objects carry beside their boxes; absent: none. */
  points?(labels: SnapshotHeader['labels']): ObjectPoints
  /** What a person should know about the data before a run, one sentence each. */
  notes?(samples: readonly SnapshotSample[]): string[]
  /** What a person has to do when no image teaches anything. */
  advice: string
  /** Augmentation where the recipe leaves it open. */
  augments(model: string): AugmentSpec[]
  /** Optimizer steps from start weights where the recipe leaves the length open; absent: as detectors. */
  steps?: StepsFromWeights
  /**
   * Keys of the recipe, or beginnings of them, that this task reads with all of its models and that not every task reads:
   * a form leaves out what only others read.
   */
  keys: readonly string[]
  /** Measured runs that a person is told of before one of about as many images. */
  trials?: readonly Trial[]
  /** What an epoch learns from so many images; absent: one item an image. */
  items?(data: Recipe['data'], images: number): number
  /** What the presets mean, by their ids; absent: their own recipes with the default model. */
  presets?: Readonly<Partial<Record<PresetId, Record<string, unknown>>>>
  /** Parameters of a new head, by the beginning of their names, and how much faster they learn than a trained trunk. */
  newHead?: {
    prefix: string
    rate: number
    /** Under a trunk that stays as it is throughout: beginnings of its names, and how much faster still. */
    alone?: { trunks: readonly string[]; rate: number }
  }
  /** Adds the inputs of `feeds` to a training graph, and the loss of a model's output. */
  loss(at: {
    output: Output
    graph: Graph
    batch: number
    /** Most objects of an image, where that dimension stays open in a program; any number does for inferring shapes. */
    rows: number
    classes: number
    settings: LossSettings
  }): TaskLoss
  /** Of AdamW and AdamP where the recipe leaves it open; default .05. */
  weightDecay?: number
  /** The same inputs for one batch, by name; none where batches bring their inputs themselves. */
  feeds(batch: BatchTargets): Record<string, { data: Float32Array; shape: readonly number[] }>
  /** Open dimensions of those inputs. */
  symbolic?: Record<string, Record<number, string>>
}

/** What comes with batches of letterboxed images, which the denoiser does not have. */
export const letterboxKeys = ['input.multiScale', 'features', 'augment', 'loss.closeEpochs'] as const

export const defineTask = <Output>(def: TaskDef<Output>): TaskDef<Output> => def
