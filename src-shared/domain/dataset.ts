/**
 * What formats read and write: a stream of chunks, so that memory stays flat whatever the size of the file.
 * A reader yields labels before the samples and annotations that use them, and a sample before its annotations.
 */
import type { Flags, Shape } from './annotation'
import type { Box } from './geometry'
import type { Skeleton } from './skeleton'
import type { Split } from './split'

export interface DatasetLabel {
  /** Reference used by annotations of the same source; any string that is unique there. */
  key: string
  name: string
  cocoId?: number
  skeleton?: Skeleton
  /** Fields of the file that the product does not interpret; written back by the same format. */
  extra?: Record<string, unknown>
}

export interface DatasetSample {
  /** Reference used by annotations of the same source. */
  key: string
  /** Image path relative to the source's root, `/` as separator. */
  path: string
  /** Path of the image that this one should be: the clean one of a noisy one. */
  pair?: string
  /** Upright size in pixels, when the file states it. */
  width?: number
  height?: number
  split?: Split
  cocoImageId?: number
  /** "Reviewed": LabelImg's verified flag. */
  reviewed?: boolean
  extra?: Record<string, unknown>
}

/** A shape as the JSON text that is stored of it, and its box: where a file has a million, no points need be made. */
export interface ShapeText {
  kind: 'polygon'
  json: string
  box: Box
}

export interface DatasetAnnotation<S = Shape> {
  sample: string
  label: string
  shape: S
  flags?: Partial<Flags>
  /** COCO's `area` when the file states one; pixels squared. */
  area?: number
  extra?: Record<string, unknown>
}

/** One row that was not taken, or taken with a change: always with file and, where there is one, line. */
export interface DatasetIssue {
  level: 'skipped' | 'warning'
  /** Stable kebab-case code, e.g. `zero-area`, `bad-row`, `image-missing`. */
  code: string
  message: string
  file: string
  line?: number
}

export interface DatasetChunk<S = Shape> {
  /** Fields of the whole file that the product does not interpret (COCO's info, licenses...), under the format's id. */
  extra?: Record<string, unknown>
  labels?: DatasetLabel[]
  samples?: DatasetSample[]
  annotations?: DatasetAnnotation<S>[]
  issues?: DatasetIssue[]
}

/** One sample with all of its annotations. */
export interface DatasetItem {
  sample: DatasetSample
  annotations: DatasetAnnotation[]
}

/** What a format writes. `items()` may be called more than once and gives the same sequence each time. */
export interface Dataset {
  /** In index order. */
  labels: DatasetLabel[]
  /** See {@link DatasetChunk.extra}. */
  extra?: Record<string, unknown>
  items(): AsyncIterable<DatasetItem>
}
