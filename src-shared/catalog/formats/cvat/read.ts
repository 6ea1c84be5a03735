/** Reads CVAT XML 1.1, images and tracks: first for classes and points, then for what is drawn. */
import { XmlError, type XmlNode } from '../../../base/xml'
import type { DatasetAnnotation, DatasetChunk, DatasetIssue, DatasetSample } from '../../../domain/dataset'
import type { FormatSource } from '../../format'
import { checkShape } from '../common/check-shape'
import { findImage } from '../common/find-image'
import { imageIndex, type ImageIndex } from '../common/image-index'
import type { ClassTable } from '../common/label-file'
import { folderOf, joinPath, splitOfName, splitOfPath, stem } from '../common/paths'
import { describeXmlError } from '../voc/parse'
import { childrenOf, readCvatElements } from './elements'
import { fillTrack } from './fill-track'
import { lastFrame, readLabels, type CvatLabel } from './meta'
import { readCvatShape, readExtras, readPoints } from './shapes'

const chunkSize = 256
const notShapes = new Set(['attribute'])

export async function* readCvat(
  source: FormatSource,
  files: readonly string[],
  table: ClassTable,
): AsyncGenerator<DatasetChunk> {
  const labels = new Map<string, CvatLabel>()
  const readable: string[] = []
  for (const file of files) {
    const issue = await lookThrough(source, file, table, labels)
    // What came before the damage is there; the second reading reports it.
    if (issue?.code === 'xml-doctype') yield { issues: [issue] }
    else readable.push(file)
  }
  yield {
    labels: table.labels().map((label) => {
      const stated = labels.get(label.name)?.skeleton
      return stated && stated.names.length === label.skeleton?.names.length ? { ...label, skeleton: stated } : label
    }),
  }
  const state: State = {
    source,
    images: imageIndex(source.files),
    table,
    labels,
    done: new Map(),
    frames: null,
    last: null,
  }
  for (const file of readable) yield* readFile(file, state)
  if (source.named.length) return
  const rest = state.images.paths.filter((path) => !state.done.has(path))
  yield { samples: rest.map((path) => toSample(path)) }
}

const toSample = (path: string): DatasetSample => {
  const split = splitOfPath(path)
  return { key: path, path, ...(split ? { split } : {}) }
}

interface State {
  source: FormatSource
  images: ImageIndex
  table: ClassTable
  labels: ReadonlyMap<string, CvatLabel>
  /** Size by path of the samples that were given out. */
  done: Map<string, { width?: number; height?: number }>
  /** Images by the number their name ends with, ascending, for tracks. */
  frames: Map<number, string> | null
  /** The last frame of the task that is read; null: it is not stated. */
  last: number | null
}

const labelName = (node: XmlNode): string => (node.attributes.label ?? '').trim()

async function lookThrough(source: FormatSource, file: string, table: ClassTable, labels: Map<string, CvatLabel>): Promise<DatasetIssue | null> {
  try {
    for await (const node of readCvatElements(source.stream(file))) {
      if (node.name === 'meta') {
        for (const label of readLabels(node)) {
          labels.set(label.name, labels.get(label.name) ?? label)
          table.see(label.name, label.skeleton?.names)
        }
      }
      const trackLabel = node.name === 'track' ? labelName(node) : null
      for (const shape of node.name === 'meta' ? [] : childrenOf(node)) {
        const name = trackLabel ?? labelName(shape)
        if (!name || notShapes.has(shape.name)) continue
        const set = shape.name === 'points' ? readPoints(shape) : null
        const names =
          shape.name === 'skeleton'
            ? childrenOf(shape, 'points').map(labelName).filter(Boolean)
            : Array.isArray(set)
              ? set.map((_, i) => (set.length === 1 ? name : `point ${i + 1}`))
              : []
        // A point set of a class with a skeleton has its points, whatever their number.
        table.see(name, shape.name === 'points' && labels.get(name)?.skeleton ? [] : names)
      }
    }
    return null
  } catch (error) {
    if (error instanceof XmlError) return describe(error, file)
    throw error
  }
} // prettier-ignore

function describe(error: XmlError, file: string): DatasetIssue {
  if (error.code === 'xml-doctype') return describeXmlError(error, file)
  const message = `The file is damaged: ${error.message}. What stands before is imported; get the file again.`
  return { level: 'skipped', code: error.code, message, file, line: error.line }
}

async function* readFile(file: string, state: State): AsyncGenerator<DatasetChunk> {
  let chunk = { samples: [] as DatasetSample[], annotations: [] as DatasetAnnotation[], issues: [] as DatasetIssue[] }
  try {
    for await (const node of readCvatElements(state.source.stream(file))) {
      if (node.name === 'meta') state.last = lastFrame(node)
      else if (node.name === 'image') await readImage(file, node, state, chunk)
      else if (node.name === 'track') await readTrack(file, node, state, chunk)
      if (chunk.samples.length + chunk.annotations.length / 8 >= chunkSize) {
        yield chunk
        chunk = { samples: [], annotations: [], issues: [] }
      }
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    chunk.issues.push(describe(error, file))
  }
  yield chunk
}

type Chunk = Required<Pick<DatasetChunk, 'samples' | 'annotations' | 'issues'>>

async function readImage(file: string, node: XmlNode, state: State, chunk: Chunk): Promise<void> {
  const { id: _, name = '', width, height, subset, ...rest } = node.attributes
  const issue = (level: DatasetIssue['level'], code: string, message: string) => chunk.issues.push({ level, code, message, file, line: node.line }) // prettier-ignore
  if (!name) return void issue('skipped', 'bad-image', 'An <image> without name is skipped.')
  const split = subset === undefined ? undefined : splitOfName(subset)
  const { path, rivals } = findImage(name, folderOf(file), state.images, split)
  if (rivals.length) issue('warning', 'ambiguous-image', `${rivals.length} images are called "${name}" (${rivals.slice(0, 3).join(', ')}); the first is taken.`) // prettier-ignore
  if (state.done.has(path)) return void issue('skipped', 'duplicate-image', `${name} has an <image> before; this one is skipped.`) // prettier-ignore
  const sample = toSample(path)
  if (split) sample.split = split
  const [w, h] = [Number(width), Number(height)]
  if (w > 0 && h > 0) Object.assign(sample, { width: w, height: h })
  const size = w > 0 && h > 0 ? { width: w, height: h } : ((await state.source.imageSize(path)) ?? {})
  state.done.set(path, size)
  chunk.samples.push(sample)
  const kept: Record<string, unknown> = { ...rest }
  if (subset !== undefined && subset !== split) kept.subset = subset
  const other: unknown[] = []
  for (const shape of childrenOf(node)) {
    if (labelName(shape)) readOne(file, shape, labelName(shape), path, size, state, chunk, other)
    else if (!notShapes.has(shape.name)) chunk.issues.push({ level: 'skipped', code: 'no-name', message: `A <${shape.name}> without label is skipped. Give it one.`, file, line: shape.line }) // prettier-ignore
  }
  if (other.length) kept.other = other
  if (Object.keys(kept).length) sample.extra = { cvat: kept }
}

/** A track is one object through frames; each of its shapes belongs to the image of its frame. */
async function readTrack(file: string, node: XmlNode, state: State, chunk: Chunk): Promise<void> {
  const label = labelName(node)
  if (!label) return void chunk.issues.push({ level: 'skipped', code: 'no-name', message: 'A <track> without label is skipped. Give it one.', file, line: node.line }) // prettier-ignore
  state.frames ??= framesOf(state.images)
  const filled = fillTrack(childrenOf(node), [...state.frames.keys()], state.last)
  if (filled.held > 0) chunk.issues.push({ level: 'warning', code: 'track-held', message: `Between keyframes of different numbers of points a "${label}" stays as it is on ${filled.held} frames; CVAT bends one outline into the other. Export the track from CVAT with every frame to have those.`, file, line: node.line }) // prettier-ignore
  for (const shape of filled.shapes) {
    const frame = Number(shape.attributes.frame ?? NaN)
    // A skeleton is gone when its points are.
    if (shape.attributes.outside === '1') continue
    if (!Number.isInteger(frame) || frame < 0) {
      chunk.issues.push({ level: 'skipped', code: 'bad-frame', message: `A <${shape.name}> of a track has frame="${shape.attributes.frame ?? ''}"; it is skipped.`, file, line: shape.line }) // prettier-ignore
      continue
    }
    const path = state.frames.get(frame) ?? joinPath(folderOf(file), 'images', `frame_${String(frame).padStart(6, '0')}.png`)! // prettier-ignore
    if (!state.done.has(path)) {
      state.done.set(path, (await state.source.imageSize(path)) ?? {})
      chunk.samples.push(toSample(path))
    }
    const id = Number(node.attributes.id)
    const track: Record<string, number> = Number.isFinite(id) ? { track_id: id } : {}
    readOne(file, shape, label, path, state.done.get(path)!, state, chunk, null, track)
  }
}

/** `frame_000012.png` is frame 12. */
function framesOf({ paths }: ImageIndex): Map<number, string> {
  const frames = new Map<number, string>()
  for (const path of paths) {
    const match = /(\d+)$/.exec(stem(path))
    if (match && !frames.has(Number(match[1]))) frames.set(Number(match[1]), path)
  }
  return new Map([...frames].sort(([a], [b]) => a - b))
}

function readOne(
  file: string,
  node: XmlNode,
  label: string,
  path: string,
  size: { width?: number; height?: number },
  { table, labels }: State,
  chunk: Chunk,
  other: unknown[] | null,
  more: Record<string, number> = {},
): void {
  const issue = (level: DatasetIssue['level'], code: string, message: string) => chunk.issues.push({ level, code, message, file, line: node.line }) // prettier-ignore
  const read = readCvatShape(node, size, [...table.places(label).keys()])
  if (!read) {
    issue('warning', 'kept-shape', `A <${node.name}> "${label}" has no area; it is ${other ? 'kept with the image for an export to CVAT, but not shown' : 'left out'}.`) // prettier-ignore
    other?.push(toPlain(node))
    return
  }
  if ('problem' in read) return void issue('skipped', read.code, `The <${node.name}> "${label}" ${read.problem}; it is skipped. Correct the file.`) // prettier-ignore
  const problem = checkShape(read.shape, size.width, size.height)
  if (problem) issue(problem.level, problem.code, problem.message)
  if (problem?.level === 'skipped') return
  const { flags, attributes, kept } = readExtras(node, labels.get(label)?.attributes ?? new Map())
  const own = { ...more, ...attributes }
  const cvat = { ...kept, ...read.kept, ...(node.name === 'points' && table.places(label).size > 1 ? { points: true } : {}) }
  const extra = {
    ...(Object.keys(own).length ? { attributes: own } : {}),
    ...(Object.keys(cvat).length ? { cvat } : {}),
  }
  chunk.annotations.push({ sample: path, label, shape: read.shape, ...(flags ? { flags } : {}), ...(Object.keys(extra).length ? { extra } : {}) }) // prettier-ignore
} // prettier-ignore

/** An element as JSON, for the columns of the store. */
export interface PlainNode {
  name: string
  attributes: Record<string, string>
  children: (PlainNode | string)[]
}
const toPlain = ({ name, attributes, children }: XmlNode): PlainNode => ({
  name,
  attributes,
  children: children.map((child) => (typeof child === 'string' ? child : toPlain(child))),
})
