/** Reads COCO files: one pass finds the lists, then categories, images and annotations are read in that order. */
import { decodeText } from '../../../base/text'
import type { Shape } from '../../../domain/annotation'
import type { DatasetAnnotation, DatasetChunk, DatasetIssue, DatasetSample, ShapeText } from '../../../domain/dataset'
import type { Split } from '../../../domain/split'
import type { FormatSource } from '../../format'
import { checkShape } from '../common/check-shape'
import { findImage } from '../common/find-image'
import { imageIndex, type ImageIndex } from '../common/image-index'
import { baseName, folderOf, splitOfName, splitOfPath, stem } from '../common/paths'
import { readExtras, readShape, type Row } from './annotation'
import { readCategory, unlistedLabel, type At, type Categories } from './category'
import { labelTable, type LabelTable } from './label-table'
import { gatherPoints, type SeenPoints } from './points'
import { readElements } from './json-elements'
import { notCoco, scanTopLevel, type JsonSpan } from './json-scan'

/** A top-level value that is neither of the three lists is kept up to this size. */
const maxExtraBytes = 4 * 1024 * 1024
const standard = new Set(['images', 'annotations', 'categories'])

type Chunk = DatasetChunk<Shape | ShapeText>
type Annotation = DatasetAnnotation<Shape | ShapeText>

interface Image {
  key: string
  width?: number
  height?: number
}

interface State {
  source: FormatSource
  images: ImageIndex
  /** Samples by path, over all files. */
  byPath: Map<string, string>
  labels: LabelTable
  texts: boolean
}

/** @param texts outlines come as {@link ShapeText} */
export function readCoco(
  source: FormatSource,
  files: string[],
  given: readonly string[] | undefined,
  texts: false,
): AsyncGenerator<DatasetChunk>
export function readCoco(
  source: FormatSource,
  files: string[],
  given: readonly string[] | undefined,
  texts: true,
): AsyncGenerator<Chunk>
export async function* readCoco(
  source: FormatSource,
  files: string[],
  given: readonly string[] | undefined,
  texts: boolean,
): AsyncGenerator<Chunk> {
  const { chosen, issues } = chooseFiles(files, source.named.length > 0)
  const state: State = { source, images: imageIndex(source.files), byPath: new Map(), labels: labelTable(given), texts }
  yield { labels: state.labels.take(), issues: [...state.labels.issues, ...issues] }
  for (const [index, file] of chosen.entries()) yield* readFile(file, chosen.length > 1 ? `${index}:` : '', state)
  const images = state.images.paths.filter((path) => !state.byPath.has(path))
  if (images.length && !source.named.length) {
    const message = `${images.length} images here are in no COCO file and are not imported, first ${images[0]}. Import their folder with --format images to add them.`
    yield { issues: [{ level: 'warning', code: 'unlisted-images', message, file: chosen[0] }] }
  }
}

/** Captions have no boxes, and the person keypoints repeat the instances: one file per subset is read. */
function chooseFiles(files: string[], named: boolean): { chosen: string[]; issues: DatasetIssue[] } {
  if (named) return { chosen: files, issues: [] }
  const issues: DatasetIssue[] = []
  const chosen = files.filter((file) => {
    const name = baseName(file)
    const skip = (message: string) => {
      issues.push({
        level: 'warning',
        code: 'file-left-out',
        message: `${message} Name the file to import it by itself.`,
        file,
      })
      return false
    }
    if (name.startsWith('captions_')) return skip('Captions have no boxes; the file is left out.')
    const twin = file.replace(/person_keypoints_([^/]*)$/, 'instances_$1')
    if (twin !== file && files.includes(twin))
      return skip(`The file holds the same images as ${baseName(twin)} and is left out.`)
    return true
  })
  return { chosen, issues }
}

async function* readFile(file: string, prefix: string, state: State): AsyncGenerator<Chunk> {
  const { source } = state
  const spans = await scanTopLevel(source.stream(file), file)
  const last = (key: string) => spans.findLast((span) => span.key === key)
  const lists = { categories: last('categories'), images: last('images'), annotations: last('annotations') }
  for (const [key, span] of Object.entries(lists)) {
    if (span && span.kind !== 'array') throw notCoco(file, `"${key}" that is no list`)
  }
  if (!lists.images) {
    const found = spans.slice(0, 8).map((span) => `"${span.key.slice(0, 40)}"`)
    throw notCoco(file, `${found.length ? `the fields ${found.join(', ')}` : 'nothing'} and no list "images"`)
  }
  const issues: DatasetIssue[] = []
  const extra = await readExtra(source, file, spans, issues)
  const labelOf = new Map<unknown, string>()
  const groups = new Map<unknown, () => void>()
  const seen = lists.annotations ? await seePoints(source, file, lists.annotations) : new Map<unknown, SeenPoints>()
  const all: { row: Row; at: At }[] = []
  if (lists.categories) {
    for await (const { rows, lines, issues: broken } of elements(source, file, lists.categories)) {
      issues.push(...broken)
      rows.forEach((row, i) => all.push({ row, at: { file, line: lines[i] } }))
    }
    for (const { row, at } of all)
      if (isGroup(row, all)) groups.set(row.id, () => readCategory(row, at, labelOf, seen, state.labels, issues))
      else readCategory(row, at, labelOf, seen, state.labels, issues)
  }
  const categories: Categories = { labelOf, seen, labels: state.labels, listed: all.length }
  yield { ...(extra ? { extra: { coco: extra } } : {}), labels: state.labels.take(), issues }

  const split = splitOfName(stem(file)) ?? splitOfPath(file)
  const imageOf = new Map<unknown, Image>()
  for await (const { rows, lines, issues } of elements(source, file, lists.images)) {
    const samples: DatasetSample[] = []
    rows.forEach((row, i) => readImage(row, { file, line: lines[i] }, prefix, split, imageOf, state, samples, issues))
    yield { samples, issues }
  }
  if (!lists.annotations) return
  const seenIds = new Set<number>()
  let repeated = 0
  for await (const { rows, lines, issues } of elements(source, file, lists.annotations, state.texts)) {
    const annotations: Annotation[] = []
    rows.forEach((row, i) => {
      if (groups.size && !labelOf.has(row.category_id)) groups.get(row.category_id)?.()
      const annotation = readAnnotation(row, { file, line: lines[i] }, categories, imageOf, issues)
      if (!annotation) return
      if (typeof row.id === 'number') {
        if (seenIds.has(row.id)) repeated++
        seenIds.add(row.id)
      }
      annotations.push(annotation)
    })
    yield { labels: state.labels.take(), annotations, issues }
  }
  if (repeated) {
    const message = `${repeated} annotations repeat the id of another; all are imported and get ids of their own when exported.`
    yield { issues: [{ level: 'warning', code: 'repeated-annotation-id', message, file }] }
  }
}

/** Roboflow writes the group of all classes as a category too: it is a class only where an object is of it. */
const isGroup = ({ name, supercategory }: Row, all: readonly { row: Row }[]): boolean =>
  supercategory === 'none' && all.length > 1 && all.every(({ row }) => row.name === name || row.supercategory === name)

const elements = (source: FormatSource, file: string, { key, start, end, line }: JsonSpan, texts = false) =>
  readElements(source.stream(file, start, end), {
    file,
    key,
    startLine: line,
    startByte: start,
    outlines: texts ? 'segmentation' : null,
  })

async function readExtra(
  source: FormatSource,
  file: string,
  spans: JsonSpan[],
  issues: DatasetIssue[],
): Promise<Row | null> {
  const extra: Row = {}
  for (const { key, start, end, line } of spans) {
    if (standard.has(key)) continue
    if (end - start > maxExtraBytes) {
      const message = `The field "${key}" has ${Math.round((end - start) / 1048576)} MB and is not kept: fields that are not interpreted may have 4 MB.`
      issues.push({ level: 'warning', code: 'field-dropped', message, file, line })
      continue
    }
    const bytes = new Uint8Array(end - start)
    let at = 0
    for await (const piece of source.stream(file, start, end)) {
      bytes.set(piece, at)
      at += piece.length
    }
    try {
      const value: unknown = JSON.parse(decodeText(bytes))
      Object.defineProperty(extra, key, { value, enumerable: true, configurable: true, writable: true })
    } catch {
      issues.push({
        level: 'warning',
        code: 'field-dropped',
        message: `The field "${key}" is not JSON and is not kept.`,
        file,
        line,
      })
    }
  }
  return Object.keys(extra).length ? extra : null
}

/** Rows looked at for the number of points, when a file has any: categories may not name them. */
const rowsToSee = 2000

/** The points of the first rows by category. Files of boxes and outlines cost a look at one megabyte. */
async function seePoints(source: FormatSource, file: string, span: JsonSpan): Promise<Map<unknown, SeenPoints>> {
  const seen = new Map<unknown, SeenPoints>()
  let isPose = false
  let tail = ''
  for await (const piece of source.stream(file, span.start, Math.min(span.end, span.start + (1 << 20)))) {
    const text = tail + decodeText(piece)
    if ((isPose = text.includes('"keypoints"'))) break
    tail = text.slice(-16)
  }
  if (!isPose) return seen
  let rows = 0
  for await (const chunk of elements(source, file, span)) {
    for (const row of chunk.rows) {
      const points = gatherPoints(row, 0)
      if (!points) continue
      const known = seen.get(row.category_id) ?? { count: 0, wholeBody: false }
      known.count = Math.max(known.count, Math.floor(points.values.length / 3))
      known.wholeBody ||= points.wholeBody
      seen.set(row.category_id, known)
    }
    rows += chunk.rows.length
    if (rows >= rowsToSee) break
  }
  return seen
}

function readImage(
  row: Row,
  at: At,
  prefix: string,
  split: Split | undefined,
  imageOf: Map<unknown, Image>,
  state: State,
  samples: DatasetSample[],
  issues: DatasetIssue[],
): void {
  const { id, file_name: given, width, height, tagwright, ...rest } = row
  // LVIS names its images by their address alone.
  const file_name = given ?? pathOfUrl(rest.coco_url)
  const skip = (code: string, message: string) => issues.push({ level: 'skipped', code, message, ...at })
  if (id === undefined || typeof file_name !== 'string' || file_name === '')
    return void skip('bad-image', 'An image without id or file_name is skipped.')
  if (imageOf.has(id))
    return void skip('duplicate-image', `Image ${String(id)} appears twice; the second, ${file_name}, is skipped.`)
  const { path, rivals } = findImage(file_name, folderOf(at.file), state.images, split)
  if (rivals.length) {
    const message = `${rivals.length} images are called "${file_name}" (${rivals.slice(0, 3).join(', ')}); the first is taken.`
    issues.push({ level: 'warning', code: 'ambiguous-image', message, ...at })
  }
  const image: Image = { key: `${prefix}${String(id)}` }
  if (typeof width === 'number' && typeof height === 'number' && width > 0 && height > 0)
    Object.assign(image, { width, height })
  const known = state.byPath.get(path)
  imageOf.set(id, known === undefined ? image : { ...image, key: known })
  if (known !== undefined) {
    const message = `Image ${String(id)} is ${path}, which another image row names too; their annotations are joined.`
    issues.push({ level: 'warning', code: 'duplicate-path', message, ...at })
    return
  }
  state.byPath.set(path, image.key)
  const sample: DatasetSample = { path, ...image }
  const placed = split ?? splitOfPath(path)
  if (placed) sample.split = placed
  if (Number.isInteger(id)) sample.cocoImageId = id as number
  if ((tagwright as { reviewed?: unknown } | undefined)?.reviewed === true) sample.reviewed = true
  if (Object.keys(rest).length) sample.extra = { coco: rest }
  samples.push(sample)
}

function pathOfUrl(url: unknown): string | undefined {
  const path = /^[a-z][\w+.-]*:\/\/[^/]*\/([^?#]+)/i.exec(typeof url === 'string' ? url : '')?.[1]
  if (path === undefined) return undefined
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function readAnnotation(
  row: Row,
  at: At,
  categories: Categories,
  imageOf: ReadonlyMap<unknown, Image>,
  issues: DatasetIssue[],
): Annotation | null {
  const skip = (code: string, message: string): null => {
    issues.push({ level: 'skipped', code, message, ...at })
    return null
  }
  const image = imageOf.get(row.image_id)
  if (!image)
    return skip(
      'unknown-image',
      `The annotation is for image ${JSON.stringify(row.image_id)}, which "images" does not list; it is skipped.`,
    )
  const { labelOf, labels } = categories
  const label = labelOf.get(row.category_id) ?? unlistedLabel(row, at, categories, issues)
  if (label === null) {
    if (row.category_id === undefined) return skip('no-category', 'The annotation has no category_id and is skipped.')
    return skip(
      'unknown-category',
      `The annotation is of category ${JSON.stringify(row.category_id)}, which "categories" (${labelOf.size} in all) does not list; it is skipped. Add the category or correct the row.`,
    )
  }
  const warn = (code: string, message: string) => issues.push({ level: 'warning', code, message, ...at })
  const read = readShape(row, image, warn, labels.points(label))
  if ('problem' in read) return skip(read.code, read.problem)
  const problem = checkShape(read.shape, image.width, image.height)
  if (problem) issues.push({ ...problem, ...at })
  if (problem?.level === 'skipped') return null
  const annotation: Annotation = { sample: image.key, label, shape: read.shape, ...readExtras(row) }
  for (const [field, value] of Object.entries(read.kept ?? {})) {
    const coco = annotation.extra!.coco as Row
    if (value === undefined) delete coco[field]
    else coco[field] = value
  }
  if (typeof row.area === 'number' && Number.isFinite(row.area)) annotation.area = row.area
  return annotation
}
