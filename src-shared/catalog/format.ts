/** A dataset format: how one kind of annotation file becomes a stream of chunks, and how a dataset is written as it. */
import type { z } from 'zod'
import type { Shape, ShapeKind } from '../domain/annotation'
import type { Dataset, DatasetChunk, DatasetIssue, DatasetSample, ShapeText } from '../domain/dataset'
import type { Truth } from '../domain/task'

export interface SourceFile {
  /** Relative to the source's root, `/` as separator. */
  path: string
  /** Bytes; absent for images, where it is not needed and costs a look at the disk. */
  size?: number
}

/** Upright size in pixels (EXIF applied). */
export interface ImageSize {
  width: number
  height: number
}

/** Files to read. The host supplies it; formats never touch a file system. */
export interface FormatSource {
  /** Every file below the root, sorted by path (code units). */
  readonly files: readonly SourceFile[]
  /** Paths a person named one by one (a JSON, a data.yaml); empty when a folder was given. Formats read only these. */
  readonly named: readonly string[]
  /** The whole file. Throws `file-too-large` above 64 MB. */
  read(path: string): Promise<Uint8Array>
  /** Bytes `start` (included) to `end` (excluded) in pieces; a piece is only valid until the next one is asked for. */
  stream(path: string, start?: number, end?: number): AsyncIterable<Uint8Array>
  /** From the image's header; null when the file is not there or is not an image. */
  imageSize(path: string): Promise<ImageSize | null>
}

/** What `match` may look at. */
export interface FormatProbe extends Pick<FormatSource, 'files' | 'named'> {
  /** The first `bytes` of a file as text. */
  head(path: string, bytes?: number): Promise<string>
}

export interface OpenFile {
  write(text: string): Promise<void>
  /** The file appears under its name only now. */
  close(): Promise<void>
}

/** Where a format writes. Nothing is visible under its final name before it is complete. */
export interface FormatSink {
  write(path: string, text: string): Promise<void>
  open(path: string): Promise<OpenFile>
  /** Copies the sample's image, or its pair, to `path`; does nothing when images are only referenced. */
  image(sample: DatasetSample, path: string, which?: 'image' | 'pair'): Promise<void>
  /** Something that could not be written as it is. */
  report(issue: DatasetIssue): void
}

/** Options every reader knows. */
export interface ReadOptions {
  /** Class names in index order, from a file the person named. */
  labels?: readonly string[]
}

export interface FormatExample<Options> {
  /** What the example shows. */
  name: string
  options?: Partial<Options>
  dataset: () => { chunk: DatasetChunk; sizes: Record<string, ImageSize> }
}

export interface Format<Options extends object = object> {
  title: string
  /** Shapes that survive `read(write(x))` unchanged. */
  shapes: readonly ShapeKind[]
  options: z.ZodType<Options>
  /** The files name no classes: the option `label` names the one of all objects, and a person is asked for it. */
  asksLabel?: true
  /**
   * True when two samples of one folder may not share a file stem (`a.jpg`, `a.png`), because the annotation file's name
   * is the stem; `flat` when even folders do not keep them apart.
   */
  stems: 'free' | 'per-folder' | 'flat'
  /** Endings of its files, lower case with the dot, beside those that many formats have (.json, .xml, .csv, .txt, .yaml). */
  endings?: readonly string[]
  /**
   * How well the content fits, 0 (not at all) to 1 (certainly); names alone never give 1. `truth` is what the project
   * keeps of an image: it settles what files alone leave open.
   */
  match(probe: FormatProbe, truth?: Truth): Promise<number>
  read(source: FormatSource, options: Options & ReadOptions): AsyncIterable<DatasetChunk>
  /** The same, with shapes as text where that is faster: for imports, which store the text. */
  readTexts?(source: FormatSource, options: Options & ReadOptions): AsyncIterable<DatasetChunk<Shape | ShapeText>>
  write(dataset: Dataset, sink: FormatSink, options: Options): Promise<void>
  /** Datasets the conformance tests send through write and read; the first is also the fixture for `match`. */
  examples: readonly FormatExample<Options>[]
}

/** Any format, its options parsed but not known by type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyFormat = Format<any>

export const defineFormat = <Options extends object>(format: Format<Options>): Format<Options> => format
