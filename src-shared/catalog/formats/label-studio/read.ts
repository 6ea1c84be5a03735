/** Reads Label Studio's tasks: first for classes and points, then for what is drawn. */
import type { DatasetAnnotation, DatasetChunk, DatasetIssue, DatasetSample } from '../../../domain/dataset'
import type { FormatSource } from '../../format'
import { attributesSchema } from '../../../domain/attribute'
import type { Flags, Shape } from '../../../domain/annotation'
import { checkShape } from '../common/check-shape'
import { findImage } from '../common/find-image'
import { imageIndex } from '../common/image-index'
import { readJsonList, type Row } from '../common/json-list'
import type { ClassTable } from '../common/label-file'
import { folderOf, splitOfName, splitOfPath, stem } from '../common/paths'
import { imageNames, imageOf, regionsOf, shapeOf, type Region } from './regions'

const what = 'a Label Studio export'

/** Keypoints whose parent is a rectangle make one pose with it; the class is the rectangle's. */
interface Thing {
  region: Region
  points: Region[]
  /** What our own export says beside: `meta.tagwright`. */
  own: { label?: string; pose?: boolean; v?: number; flags?: Partial<Flags>; attributes?: unknown; ring?: string }
}
const ownOf = ({ row }: Region): Thing['own'] => (((row.meta ?? {}) as Row).tagwright ?? {}) as Thing['own']

function joinThings(regions: readonly Region[]): Thing[] {
  const things: Thing[] = []
  const byId = new Map<string, Thing>()
  const parents = new Set(regions.filter(({ type, parent }) => type === 'keypointlabels' && parent !== null).map(({ parent }) => parent)) // prettier-ignore
  for (const region of regions) {
    const key = region.type === 'keypointlabels' ? region.parent : region.id !== null && parents.has(region.id) ? region.id : null // prettier-ignore
    const thing = key === null ? undefined : byId.get(key)
    if (!thing) {
      const made: Thing = { region, points: [], own: ownOf(region) }
      if (region.type === 'keypointlabels' && key !== null) made.points.push(region)
      things.push(made)
      if (key !== null) byId.set(key, made)
    } else if (region.type === 'keypointlabels') thing.points.push(region)
    else Object.assign(thing, { region, own: ownOf(region) })
  }
  return things
}

const classesOf = ({ region, points, own }: Thing, className: string): string[] => {
  if (own.label) return [own.label]
  return points.length && region.type === 'keypointlabels' ? [className] : region.labels
}
const pointsOf = ({ region, points }: Thing): string[] =>
  points.length ? points.flatMap(({ labels }) => labels.slice(0, 1)) : region.type === 'keypointlabels' ? region.labels.slice(0, 1) : [] // prettier-ignore

export async function* readLabelStudio(
  source: FormatSource,
  files: readonly string[],
  table: ClassTable,
  className: string,
): AsyncGenerator<DatasetChunk> {
  for (const file of files) {
    for await (const { rows } of readJsonList(source, file, what)) {
      for (const task of rows)
        for (const thing of joinThings(regionsOf(task).regions))
          for (const name of classesOf(thing, className)) table.see(name, pointsOf(thing))
    }
  }
  yield { labels: table.labels() }
  const images = imageIndex(source.files)
  const done = new Set<string>()
  for (const file of files) {
    const fileSplit = splitOfName(stem(file))
    for await (const { rows, lines, issues: broken } of readJsonList(source, file, what)) {
      const chunk = { samples: [] as DatasetSample[], annotations: [] as DatasetAnnotation[], issues: [...broken] }
      for (const [i, task] of rows.entries()) {
        const issue = (level: DatasetIssue['level'], code: string, message: string) => chunk.issues.push({ level, code, message, file, line: lines[i] }) // prettier-ignore
        const address = imageOf(task)
        if (address === null) {
          issue('skipped', 'bad-image', 'A task without an image is skipped.')
          continue
        }
        const found = imageNames(address).map((name) => findImage(name, folderOf(file), images, fileSplit))
        const { path, rivals } = found.find(({ isThere }) => isThere) ?? found.at(-1)!
        if (rivals.length) issue('warning', 'ambiguous-image', `${rivals.length} images are called "${address}" (${rivals.slice(0, 3).join(', ')}); the first is taken.`) // prettier-ignore
        if (done.has(path)) {
          issue('skipped', 'duplicate-image', `${path} has a task before; this one is skipped.`)
          continue
        }
        done.add(path)
        await readTask(task, path, fileSplit ?? splitOfPath(path), source, table, className, chunk, issue)
      }
      yield chunk
    }
  }
  if (source.named.length) return
  const rest = images.paths.filter((path) => !done.has(path))
  yield { samples: rest.map((path) => ({ key: path, path, ...(splitOfPath(path) ? { split: splitOfPath(path)! } : {}) })) } // prettier-ignore
}

type Chunk = Required<Pick<DatasetChunk, 'samples' | 'annotations' | 'issues'>>

async function readTask(
  task: Row,
  path: string,
  split: DatasetSample['split'],
  source: FormatSource,
  table: ClassTable,
  className: string,
  chunk: Chunk,
  issue: (level: DatasetIssue['level'], code: string, message: string) => void,
): Promise<void> {
  const { regions, unused } = regionsOf(task)
  const stated = regions.find(({ width }) => width !== undefined)
  const size = stated ? { width: stated.width!, height: stated.height! } : await source.imageSize(path)
  const kept: Row = {}
  if (task.data && typeof task.data === 'object') {
    const { data: _d, annotations: _a, completions: _c, ...rest } = task
    const data = Object.entries(task.data as Row).filter(([, value]) => value !== imageOf(task))
    Object.assign(kept, rest, data.length ? { data: Object.fromEntries(data) } : {})
  }
  const own = ((task.meta ?? {}) as Row).tagwright as { reviewed?: boolean } | undefined
  if (own) delete kept.meta
  const sample: DatasetSample = { key: path, path, ...(split ? { split } : {}), ...(stated ? size : {}), ...(own?.reviewed ? { reviewed: true } : {}) } // prettier-ignore
  chunk.samples.push(sample)
  if (unused) issue('warning', 'other-annotations', `${unused} more annotations of this task, by others or earlier, are left out: the last counts.`) // prettier-ignore

  const other: Row[] = []
  const rings = new Map<string, Shape & { kind: 'polygon' }>()
  for (const thing of joinThings(regions)) {
    const { region, own } = thing
    const names = classesOf(thing, className)
    if (region.type === 'choices') {
      for (const label of names) chunk.annotations.push({ sample: path, label, shape: { kind: 'tag' }, ...extrasOf(thing, {}) }) // prettier-ignore
      continue
    }
    if (!size) {
      issue('skipped', 'no-size', `${path} cannot be read and the task states no size, so its regions have no pixels; one is skipped.`) // prettier-ignore
      continue
    }
    const read = shapeOf(region, size.width, size.height)
    if (!read) {
      if (names.length || region.type) other.push(region.row)
      continue
    }
    if ('problem' in read) {
      issue('skipped', 'bad-region', `A region "${names.join(', ')}" ${read.problem}; it is skipped. Correct the file.`)
      continue
    }
    if (!names.length) {
      issue('skipped', 'no-name', 'A region without a label is skipped. Give it one.')
      continue
    }
    for (const label of names) {
      const made = makeShape(thing, read.shape, label, table, size, issue)
      const joined = own.ring === undefined ? undefined : rings.get(own.ring)
      if (joined && made.kind === 'polygon') {
        joined.rings.push(...made.rings)
        continue
      }
      if (own.ring !== undefined && made.kind === 'polygon') rings.set(own.ring, made)
      const problem = checkShape(made, size.width, size.height)
      if (problem) issue(problem.level, problem.code, problem.message)
      if (problem?.level !== 'skipped') chunk.annotations.push({ sample: path, label, shape: made, ...extrasOf(thing, read.kept ?? {}) }) // prettier-ignore
    }
  }
  if (other.length) {
    const types = [...new Set(other.map((row) => String(row.type)))].join(', ')
    issue('warning', 'kept-region', `${other.length} regions of a kind that is not read (${types}) are kept with the image for an export to Label Studio, but not shown.`) // prettier-ignore
    kept.other = other
  }
  if (Object.keys(kept).length) sample.extra = { labelStudio: kept }
}

function makeShape(
  { region, points, own }: Thing,
  shape: Shape,
  label: string,
  table: ClassTable,
  { width, height }: { width: number; height: number },
  issue: (level: DatasetIssue['level'], code: string, message: string) => void,
): Shape {
  const list = points.length ? points : region.type === 'keypointlabels' ? [region] : []
  if (!list.length && !own.pose) return shape
  const places = table.places(label)
  const keypoints = Array.from({ length: places.size }, (): [number, number, 0 | 1 | 2] => [0, 0, 0])
  for (const point of list) {
    const at = places.get(point.labels[0] ?? '')
    const read = shapeOf(point, width, height)
    if (at === undefined || !read || 'problem' in read || read.shape.kind !== 'keypoints')
      issue('skipped', 'bad-region', `A keypoint of "${label}" has no label or no place; it is skipped.`) // prettier-ignore
    else if (keypoints[at][2] > 0)
      issue('skipped', 'duplicate-point', `"${label}" has two keypoints "${point.labels[0]}"; the first is taken.`) // prettier-ignore
    else keypoints[at] = [read.shape.keypoints[0][0], read.shape.keypoints[0][1], ownOf(point).v === 1 ? 1 : 2]
  }
  return { kind: 'keypoints', keypoints, ...(shape.kind === 'box' ? { box: shape.box } : {}) }
}

const common = new Set(['id', 'type', 'value', 'from_name', 'to_name', 'original_width', 'original_height', 'image_rotation', 'parentID', 'meta']) // prettier-ignore

function extrasOf({ region, points, own }: Thing, kept: Row): Pick<DatasetAnnotation, 'extra' | 'flags'> {
  const { tagwright: _, ...meta } = (region.row.meta ?? {}) as Row
  const isPoint = region.type === 'keypointlabels' && points.length > 0
  const isTask = region.row.type !== undefined
  const rest = isTask && !isPoint ? Object.fromEntries(Object.entries(region.row).filter(([key, value]) => !common.has(key) && !(key === 'origin' && value === 'manual'))) : {} // prettier-ignore
  const labelStudio = { ...rest, ...kept, ...(Object.keys(meta).length && !isPoint ? { meta } : {}) }
  const attributes = attributesSchema.safeParse(own.attributes).data
  const extra = {
    ...(Object.keys(labelStudio).length ? { labelStudio } : {}),
    ...(attributes && Object.keys(attributes).length ? { attributes } : {}),
  }
  return { ...(own.flags ? { flags: own.flags } : {}), ...(Object.keys(extra).length ? { extra } : {}) }
}
