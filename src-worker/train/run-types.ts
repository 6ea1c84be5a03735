/** What the parts of a run share: types alone, so that tasks can speak of runs and runs of tasks. */
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import type { Batch } from '../data/types'
import type { WorkerReport } from '../report'
import type { ResolvedRecipe } from './resolve-recipe'
import type { Features } from './trunk-runner'

export interface TrainInput {
  runDir: string
  recipe: Record<string, unknown>
  snapshot: string
  resume: boolean
  weights: string | null
  /** Folder for what may be deleted at any time; null keeps nothing. */
  cacheDir: string | null
}
export interface TrainHost {
  report: WorkerReport
  signal: AbortSignal
  /** Absolute path of the built decode-thread.js; null decodes on this thread. */
  threadFile: string | null
  /** Threads for decoding and augmenting. */
  loaderThreads: number
}

/** Everything that stays the same during a run. */
export interface RunPlan {
  recipe: ResolvedRecipe
  header: SnapshotHeader
  train: SnapshotSample[]
  val: SnapshotSample[]
  /** What a person should know about the data. */
  notes: string[]
}

/** What one step learns from: augmented images, the features of a frozen trunk, or the task's own inputs. */
export type TrainBatch = Pick<
  Batch,
  'epoch' | 'index' | 'batches' | 'count' | 'width' | 'height' | 'targets' | 'maxGt'
> &
  ({ images: Batch['images'] } | { features: Features } | { tensors: Feeds })

/** Inputs of a program by name. */
export type Feeds = Record<string, { data: Float32Array; shape: readonly number[] }>

export interface Batches {
  /** From a position to the end of the last epoch. */
  batches(from: { epoch: number; batch: number }): AsyncGenerator<TrainBatch & Pick<Batch, 'release'>, void, void>
  close(): Promise<void>
}
