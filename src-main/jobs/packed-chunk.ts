/** Between the thread that reads an annotation file and the process that writes its rows. */
import type { ErrorShape } from '@shared/base/errors'
import { formats } from '@shared/catalog/formats'
import type { FormatSource } from '@shared/catalog/format'
import type { Shape } from '@shared/domain/annotation'
import type { DatasetChunk, ShapeText } from '@shared/domain/dataset'
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

/** What the format reads, shapes as text where it can. */
export function readTexts(
  source: FormatSource,
  id: string,
  options: object,
): AsyncIterable<DatasetChunk<Shape | ShapeText>> {
  const format = formats.get(id)
  return format.readTexts ? format.readTexts(source, options) : format.read(source, options)
}

/** Rows of one message and of one call to the store: some tenths of a second of writing. */
const sliceRows = 5000

export function* slices<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += sliceRows) yield rows.slice(at, at + sliceRows)
}
