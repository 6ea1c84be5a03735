/** Reads labelme files, one per image: first for the classes and points they use, then for what is drawn. */
import type { Shape } from '../../../domain/annotation'
import type { DatasetAnnotation, DatasetChunk, DatasetIssue, DatasetSample } from '../../../domain/dataset'
import type { FormatSource } from '../../format'
import { checkShape } from '../common/check-shape'
import { findImage } from '../common/find-image'
import { imageIndex, nearestTo, type ImageIndex } from '../common/image-index'
import { readJsonObject, toNumber, type JsonObject, type Row } from '../common/json-list'
import type { ClassTable } from '../common/label-file'
import { ordered } from '../common/ordered'
import { extension, folderOf, joinPath, splitOfPath, stem } from '../common/paths'
import { readLabelmeExtras, readLabelmeShape } from './shapes'

const chunkSize = 256
/** The pixels themselves, as text: the image file has them. */
const without = ['imageData']
const fileFields = new Set(['version', 'flags', 'imagePath', 'imageHeight', 'imageWidth', 'checked', 'shapes'])

export async function* readLabelme(
  source: FormatSource,
  files: readonly string[],
  table: ClassTable,
  className: string,
): AsyncGenerator<DatasetChunk> {
  const open = async (file: string) => ({ file, ...(await readJsonObject(source, file, 'shapes', without)) })
  for await (const { object } of ordered(files, 8, open)) if (object) seeClasses(object, table, className)
  const labels = table.labels()
  yield { labels }

  const images = imageIndex(source.files)
  const done = new Set<string>()
  const state = { source, images, table, className, done }
  let chunk = emptyChunk()
  for await (const { file, object, issues } of ordered(files, 8, open)) {
    chunk.issues.push(...issues)
    if (object) await readFile(file, object, state, chunk)
    if (chunk.samples.length + chunk.issues.length >= chunkSize) {
      yield chunk
      chunk = emptyChunk()
    }
  }
  if (!source.named.length) {
    for (const path of images.paths) if (!done.has(path)) chunk.samples.push(toSample(path))
  }
  yield chunk
}

const emptyChunk = () => ({
  samples: [] as DatasetSample[],
  annotations: [] as DatasetAnnotation[],
  issues: [] as DatasetIssue[],
})
type Chunk = ReturnType<typeof emptyChunk>
interface State {
  source: FormatSource
  images: ImageIndex
  table: ClassTable
  className: string
  done: Set<string>
}

const toSample = (path: string): DatasetSample => {
  const split = splitOfPath(path)
  return { key: path, path, ...(split ? { split } : {}) }
}

/** Rows that make one object: points joined by a group, with the rectangle of the group; polygons of a group. */
interface Group {
  label: string
  rows: { row: Row; line: number }[]
  kind: 'pose' | 'rings' | 'single'
}

const labelOf = (row: Row): string | null =>
  typeof row.label === 'string' && row.label.trim() !== '' ? row.label.trim() : null
const ownOf = (row: Row): { label?: unknown; pose?: unknown; object?: unknown } => (row.tagwright ?? {}) as Row

function groupRows({ rows, lines }: JsonObject, className: string): Group[] {
  const groups: Group[] = []
  const byId = new Map<string, Group>()
  const pose = new Set(rows.filter((row) => row.shape_type === 'point' && toNumber(row.group_id) !== undefined).map((row) => row.group_id)) // prettier-ignore
  const anchors = new Map<unknown, Row>()
  for (const row of rows) if (row.shape_type === 'rectangle' && !anchors.has(row.group_id)) anchors.set(row.group_id, row) // prettier-ignore
  rows.forEach((row, i) => {
    const entry = { row, line: lines[i] }
    const id = toNumber(row.group_id)
    const anchor = anchors.get(row.group_id)
    const join = (key: string, make: () => Group) => {
      const group = byId.get(key)
      if (group) group.rows.push(entry)
      else {
        const made = make()
        byId.set(key, made)
        groups.push(made)
      }
    }
    if ((id !== undefined && pose.has(id) && (row.shape_type === 'point' || row === anchor)) || ownOf(row).pose === true) {
      const own = ownOf(row).label
      const label = (anchor && labelOf(anchor)) ?? (typeof own === 'string' ? own : className)
      join(`pose ${id}`, () => ({ label, rows: [entry], kind: 'pose' }))
    } else if (id !== undefined && (row.shape_type ?? 'polygon') === 'polygon') {
      join(`rings ${id} ${String(row.label)}`, () => ({ label: labelOf(row) ?? '', rows: [entry], kind: 'rings' }))
    } else groups.push({ label: labelOf(row) ?? '', rows: [entry], kind: 'single' })
  }) // prettier-ignore
  return groups
}

const trueFlags = (fields: Row): string[] =>
  fields.flags && typeof fields.flags === 'object'
    ? Object.entries(fields.flags as Row).flatMap(([name, value]) => (value === true && name.trim() ? [name.trim()] : []))
    : [] // prettier-ignore

function seeClasses(object: JsonObject, table: ClassTable, className: string): void {
  for (const { label, rows, kind } of groupRows(object, className)) {
    if (!label) continue
    const points = rows.flatMap(({ row }) => (row.shape_type === 'point' ? [labelOf(row) ?? ''] : []))
    table.see(label, kind === 'pose' || kind === 'single' ? points.filter(Boolean) : [])
  }
  for (const name of trueFlags(object.fields)) table.see(name)
}

async function readFile(file: string, object: JsonObject, state: State, chunk: Chunk): Promise<void> {
  const { fields } = object
  const warn = (code: string, message: string, line?: number) =>
    chunk.issues.push({ level: 'warning', code, message, file, ...(line ? { line } : {}) })
  const path = locate(file, fields, state, warn)
  if (state.done.has(path)) {
    const message = `A second annotation file for ${path}; it is skipped. Keep one of the two.`
    chunk.issues.push({ level: 'skipped', code: 'second-file', message, file })
    return
  }
  state.done.add(path)
  const sample = toSample(path)
  const [width, height] = [toNumber(fields.imageWidth), toNumber(fields.imageHeight)]
  const isStated = width !== undefined && height !== undefined && width > 0 && height > 0
  const size: { width?: number; height?: number } = isStated
    ? { width, height }
    : ((await state.source.imageSize(path)) ?? {})
  if (isStated) Object.assign(sample, { width, height })
  if (fields.checked === true) sample.reviewed = true
  const kept: Row = Object.fromEntries(Object.entries(fields).filter(([key]) => !fileFields.has(key)))
  const tags = trueFlags(fields)
  const flags = Object.entries((fields.flags ?? {}) as Row).filter(([, value]) => value !== true)
  if (flags.length) kept.flags = Object.fromEntries(flags)
  chunk.samples.push(sample)
  for (const name of tags) chunk.annotations.push({ sample: path, label: name, shape: { kind: 'tag' } })

  const other: Row[] = []
  for (const group of groupRows(object, state.className)) {
    const [{ line }] = group.rows
    const skip = (code: string, problem: string) =>
      chunk.issues.push({ level: 'skipped', code, message: `The shape "${group.label}" ${problem}; it is skipped. Correct the file.`, file, line }) // prettier-ignore
    if (!group.label) {
      skip('no-name', 'has no label')
      continue
    }
    const made = await makeShape(group, size, state.table, skip, other, (code, message) => warn(code, message, line))
    if (!made) continue
    const problem = checkShape(made.shape, size.width, size.height)
    if (problem) chunk.issues.push({ ...problem, file, line })
    if (problem?.level === 'skipped') continue
    const { flags, extra } = readLabelmeExtras(made.row)
    const labelme = { ...(extra?.labelme as Row | undefined), ...made.kept }
    if (group.kind !== 'single') delete labelme.group_id
    const all = { ...extra, labelme }
    if (!Object.keys(labelme).length) delete (all as Row).labelme
    chunk.annotations.push({ sample: path, label: group.label, shape: made.shape, ...(flags ? { flags } : {}), ...(Object.keys(all).length ? { extra: all } : {}) }) // prettier-ignore
  }
  if (other.length) {
    const types = [...new Set(other.map((row) => String(row.shape_type)))].join(', ')
    warn('kept-shape', `${other.length} shapes of a type without an area (${types}) are kept with the image for an export to labelme, but not shown.`) // prettier-ignore
    kept.other = other
  }
  if (Object.keys(kept).length) sample.extra = { labelme: kept }
}

async function makeShape(
  { label, rows, kind }: Group,
  size: { width?: number; height?: number },
  table: ClassTable,
  skip: (code: string, problem: string) => void,
  other: Row[],
  warn: (code: string, message: string) => void,
): Promise<{ shape: Shape; row: Row; kept?: Row } | null> {
  const places = table.places(label)
  const keypoints = Array.from({ length: places.size }, (): [number, number, 0 | 1 | 2] => [0, 0, 0])
  const rings: [number, number][][] = []
  let box: [number, number, number, number] | undefined
  let first: Row | null = null
  for (const { row } of rows) {
    const read = await readLabelmeShape(row, size)
    if (!read) {
      other.push(row)
      continue
    }
    if ('problem' in read) {
      skip(read.code, read.problem)
      continue
    }
    if (kind === 'single' && row.shape_type !== 'point') return { shape: read.shape, row, ...(read.kept ? { kept: read.kept } : {}) } // prettier-ignore
    if (row.shape_type === 'rectangle' && read.shape.kind === 'box') {
      box = read.shape.box
      first = row
    } else if (read.shape.kind === 'polygon') {
      rings.push(...read.shape.rings)
      first ??= row
    } else if (read.shape.kind === 'keypoints') {
      const at = places.get(labelOf(row) ?? '')
      if (at === undefined) skip('no-name', 'has a point without a label')
      else if (keypoints[at][2] > 0)
        warn('duplicate-point', `The group of "${label}" has two points "${labelOf(row)}"; the first is taken.`) // prettier-ignore
      else {
        const isHidden = ((row.flags ?? {}) as Row).occluded === true || row.difficult === true
        const [x, y] = read.shape.keypoints[0]
        keypoints[at] = [x, y, isHidden ? 1 : 2]
        first ??= kind === 'single' ? row : ((ownOf(row).object ?? {}) as Row)
      }
    }
  }
  if (kind === 'rings') return rings.length ? { shape: { kind: 'polygon', rings }, row: first! } : null
  if (!first) return null
  const single = kind === 'single' ? stripPoint(first) : first
  return { shape: { kind: 'keypoints', keypoints, ...(box ? { box } : {}) }, row: single }
}

/** The mark of a hidden point is its visibility, not a flag of the object. */
function stripPoint(row: Row): Row {
  const flags = { ...(row.flags as Row | undefined) }
  delete flags.occluded
  const { difficult: _, ...rest } = row
  return { ...rest, flags }
}

/** `imagePath`, with Windows separators too; else the image of the file's own name beside it. */
function locate(file: string, fields: Row, { images }: State, warn: (code: string, message: string) => void): string {
  const folder = folderOf(file)
  const name = typeof fields.imagePath === 'string' ? fields.imagePath.replaceAll('\\', '/') : ''
  if (name) {
    const { path, isThere, rivals } = findImage(name, folder, images)
    if (rivals.length) warn('ambiguous-image', `${rivals.length} images are called "${name}" (${rivals.slice(0, 3).join(', ')}); the first is taken.`) // prettier-ignore
    if (isThere) return path
  }
  const [own] = nearestTo(folder, images.byStem(stem(file)))
  if (own !== undefined) {
    if (name && folderOf(own) === folder) warn('other-filename', `"imagePath" is "${name}", which is not there; ${own} is taken.`) // prettier-ignore
    return own
  }
  const guess = name ? name.slice(name.lastIndexOf('/') + 1) : `${stem(file)}.jpg`
  return joinPath(folder, extension(guess) ? guess : `${guess}.jpg`)!
}
