/**
 * The frozen data of one run: `runs/<id>/snapshot.jsonl.gz`. The first line is a SnapshotHeader, every further line one
 * SnapshotSample. Workers read this file and never open the project's SQLite.
 */
import type { Flags, Shape } from './annotation'
import type { Box } from './geometry'
import type { Skeleton } from './skeleton'
import type { Split } from './split'

export interface SnapshotHeader {
  version: 1
  task: string
  /** In index order: position = model output index. */
  labels: { name: string; cocoId: number; color: string; skeleton?: Skeleton }[]
  samples: number
}

export interface SnapshotSample {
  id: number
  /** Absolute path of the image file at the time of the snapshot. */
  file: string
  /** Path as shown to people, relative to the project or its root. */
  name: string
  /** Upright size in pixels. */
  width: number
  height: number
  split: Split | null
  /** Image id used in COCO files, predictions.json and evaluation. */
  cocoImageId: number
  /** Absolute path of the image that this one should be: the clean one of a noisy one. */
  pair?: string
  annotations: SnapshotAnnotation[]
}

export interface SnapshotAnnotation {
  id: number
  /** Label index. */
  label: number
  shape: Shape
  /** Box of the shape, whatever its kind; absent where there is none (tags). */
  box?: Box
  flags: Flags
  /** Pixels squared: the file's own `area` when it stated one, else that of the shape. */
  area: number
}
