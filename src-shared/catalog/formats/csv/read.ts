/** Rows of tables into samples, tags and boxes. */
import { TagwrightError } from '../../../base/errors'
import { readCsv, type CsvRow } from '../../../base/read-csv'
import type { Shape } from '../../../domain/annotation'
import type { DatasetAnnotation, DatasetChunk, DatasetIssue, DatasetSample } from '../../../domain/dataset'
import type { Split } from '../../../domain/split'
import type { FormatSource } from '../../format'
import { checkShape } from '../common/check-shape'
import { findImage, type FoundImage } from '../common/find-image'
import { imageIndex, nearestTo, type ImageIndex } from '../common/image-index'
import type { ClassTable } from '../common/label-file'
import { baseName, folderOf, isImage, splitOfName, splitOfPath, stem } from '../common/paths'
import { boxCells, findColumns, type TableColumns } from './columns'

/** Rows that columns are told from. */
export const headRows = 50
const chunkRows = 1000

interface Table {
  file: string
  columns: TableColumns
  /** Coordinates are parts of the image's sides: none is above 1. */
  isRelative: boolean
  split: Split | undefined
}

export async function* readTables(
  source: FormatSource,
  files: readonly string[],
  classes: ClassTable,
  objects: string,
): AsyncGenerator<DatasetChunk> {
  const tables: Table[] = []
  for (const file of files) tables.push(await lookThrough(source, file, classes, objects))
  yield { labels: classes.labels() }
  const images = imageIndex(source.files)
  // A lone train.csv names what is labelled, not what a person has divided.
  const divides = new Set(tables.map(({ split }) => split)).size > 1
  const done = new Set<string>()
  for (const table of tables) yield* readTable(source, { ...table, split: divides ? table.split : undefined }, images, done, objects) // prettier-ignore
  if (source.named.length) return
  const rest = images.paths.filter((path) => !done.has(path))
  const splitOf = (path: string) => (divides ? splitOfPath(path) : undefined)
  yield { samples: rest.map((path) => ({ key: path, path, ...(splitOf(path) ? { split: splitOf(path)! } : {}) })) }
}

/** The image of a cell: a path, a name, or a name without its ending. */
export function imageOf(cell: string, folder: string, images: ImageIndex, split?: Split): FoundImage {
  const name = cell.trim()
  if (isImage(name)) return findImage(name, folder, images, split)
  const all = images.byStem(baseName(name.replaceAll('\\', '/')))
  if (all.length === 0) return findImage(name, folder, images, split)
  const near = all.length > 1 ? nearestTo(folder, all) : all
  return { path: near[0], isThere: true, rivals: near.length > 1 ? [...near] : [] }
}

async function lookThrough(source: FormatSource, file: string, classes: ClassTable, objects: string): Promise<Table> {
  const head: string[][] = []
  for await (const { cells } of readCsv(source.stream(file), file)) if (head.push(cells) >= headRows) break
  const columns = findColumns(head)
  if (!columns) {
    throw new TagwrightError(
      'not-csv',
      `${file} is no table of images: its first row names none of the columns filename (or image, path, id), class (or label) and xmin, ymin, xmax, ymax. Rename its columns, or choose another format.`,
      { file },
    )
  }
  for (const { name } of columns.flags) classes.see(name)
  let largest = 0
  for await (const { cells } of dataRows(source, file, columns)) {
    const name = labelOf(cells, columns, objects)
    if (name !== '' && columns.flags.length === 0) classes.see(name)
    const box = columns.box && boxCells(cells, columns.box)
    if (box && box !== 'bad') largest = Math.max(largest, ...box)
  }
  const split = splitOfName(stem(file)) ?? splitOfPath(file)
  return { file, columns, isRelative: largest > 0 && largest <= 1, split }
}

async function* dataRows(source: FormatSource, file: string, { hasHeader }: TableColumns): AsyncGenerator<CsvRow> {
  let first = hasHeader
  for await (const row of readCsv(source.stream(file), file)) {
    if (!first) yield row
    first = false
  }
}

/** Class of a row; empty: it has no object. */
function labelOf(cells: readonly string[], { label, box }: TableColumns, objects: string): string {
  if (label !== null) return (cells[label] ?? '').trim()
  const four = box && boxCells(cells, box)
  return four && four !== 'bad' ? objects : ''
}

async function* readTable(
  source: FormatSource,
  { file, columns, isRelative, split }: Table,
  images: ImageIndex,
  done: Set<string>,
  objects: string,
): AsyncGenerator<DatasetChunk> {
  let samples: DatasetSample[] = []
  let annotations: DatasetAnnotation[] = []
  let issues: DatasetIssue[] = []
  let rows = 0
  for await (const { cells, line } of dataRows(source, file, columns)) {
    const issue = (level: DatasetIssue['level'], code: string, message: string) => issues.push({ level, code, message, file, line }) // prettier-ignore
    const name = (cells[columns.image] ?? '').trim()
    if (name === '') {
      issue('skipped', 'bad-image', 'A row without an image is skipped.')
      continue
    }
    const own = columns.split === null ? undefined : splitOfName((cells[columns.split] ?? '').trim())
    const { path, rivals } = imageOf(name, folderOf(file), images, own ?? split)
    if (!done.has(path)) {
      if (rivals.length) issue('warning', 'ambiguous-image', `${rivals.length} images are called "${name}" (${rivals.slice(0, 3).join(', ')}); the first is taken.`) // prettier-ignore
      done.add(path)
      const place = own ?? split
      samples.push({ key: path, path, ...(place ? { split: place } : {}) })
    }
    for (const { at, name: flag } of columns.flags)
      if (Number(cells[at]) === 1) annotations.push({ sample: path, label: flag, shape: { kind: 'tag' } })
    const label = labelOf(cells, columns, objects)
    const four = columns.box && boxCells(cells, columns.box)
    if (four === 'bad')
      issue('skipped', 'bad-box', `The box of ${name} is not four numbers; the row is skipped. Correct it.`) // prettier-ignore
    else if (four && label === '')
      issue('skipped', 'no-name', `A box on ${name} has no class; it is skipped. Give it a class name.`) // prettier-ignore
    else if (label !== '') {
      const size = four ? await source.imageSize(path) : null
      const shape: Shape = four ? boxOf(four, columns.box!.form, isRelative ? size : null) : { kind: 'tag' }
      const problem = four ? checkShape(shape, size?.width, size?.height) : null
      if (problem) issue(problem.level, problem.code, problem.message)
      if (problem?.level !== 'skipped') annotations.push({ sample: path, label, shape })
    }
    if (++rows % chunkRows) continue
    yield { samples, annotations, issues }
    samples = []
    annotations = []
    issues = []
  }
  yield { samples, annotations, issues }
}

function boxOf(
  four: readonly number[],
  form: 'corners' | 'sides',
  size: { width: number; height: number } | null,
): Shape {
  const [a, b, c, d] = four
  const [x1, y1, x2, y2] = form === 'corners' ? [a, b, c, d] : [a, b, a + c, b + d]
  const { width, height } = size ?? { width: 1, height: 1 }
  return { kind: 'box', box: [x1 * width, y1 * height, x2 * width, y2 * height] }
}
