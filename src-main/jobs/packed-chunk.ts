/** Between the thread that reads an annotation file and the process that writes its rows. */
import type { ErrorShape } from '@shared/base/errors'
import type { DatasetChunk } from '@shared/domain/dataset'
import type { PackedAnnotations } from '../store/pack-annotations'

export interface ReadRequest {
  /** As named; both sides list the same sources. */
  paths: readonly string[]
  source: number
  format: string
  options: object
}

/** A chunk whose annotations are columns. */
export interface PackedChunk extends Omit<DatasetChunk, 'annotations'> {
  annotations?: PackedAnnotations
}

export type ReadAnswer = { chunk: PackedChunk } | { error: ErrorShape } | { done: true }

/** Rows of one message and of one call to the store: some tenths of a second of writing. */
const sliceRows = 5000

export function* slices<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += sliceRows) yield rows.slice(at, at + sliceRows)
}
