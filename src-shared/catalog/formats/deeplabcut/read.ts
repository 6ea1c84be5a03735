/** Reads the CSV files of DeepLabCut's labelled data: one row an image, two columns a point, an empty cell a missing one. */
import { readCsv, type CsvRow } from '../../../base/read-csv'
import { flipByName } from '../../../domain/flip-by-name'
import type { Shape } from '../../../domain/annotation'
import type {
  DatasetAnnotation,
  DatasetChunk,
  DatasetIssue,
  DatasetLabel,
  DatasetSample,
} from '../../../domain/dataset'
import type { FormatSource } from '../../format'
import { checkShape } from '../common/check-shape'
import { findImage } from '../common/find-image'
import { imageIndex, type ImageIndex } from '../common/image-index'
import { baseName, folderOf, joinPath, splitOfPath } from '../common/paths'
import { readConfig, type DeepLabCutConfig } from './config'
import { headerNames, readTable, TableError, type PoseIndividual, type PoseTable } from './table'

/** `extra.deeplabcut` of the whole import. */
export interface DeepLabCutExtra {
  scorer?: string
  index?: 'path' | 'columns'
  config?: Record<string, unknown>
}

const chunkSize = 512

export async function* readDeepLabCut(
  source: FormatSource,
  files: readonly string[],
  className: string,
): AsyncGenerator<DatasetChunk> {
  const issues: DatasetIssue[] = []
  const images = imageIndex(source.files)
  const config = files.length ? await readConfig(source, files[0], issues) : null
  const tables = new Map<string, PoseTable>()
  for (const file of files) {
    const table = await readHeader(source, file, issues)
    if (table) tables.set(file, table)
  }
  const { labels, labelOf } = makeLabels([...tables.values()], config, className)
  const first = [...tables.values()].at(0)
  const extra: DeepLabCutExtra = {
    ...(first ? { scorer: first.scorer, index: first.indexColumns > 1 ? 'columns' : 'path' } : {}),
    ...(config && Object.keys(config.rest).length ? { config: config.rest } : {}),
  }
  yield { labels, issues, ...(Object.keys(extra).length ? { extra: { deeplabcut: extra } } : {}) }

  const done = new Set<string>()
  for (const [file, table] of tables) yield* readRows(source, file, table, labels, labelOf, images, done)
  if (source.named.length) return
  // Extracted frames without labels lie beside the file; folders like `m4s1_labeled` hold drawings of it.
  const folders = new Set([...tables.keys()].map(folderOf))
  const rest = images.paths.filter((path) => !done.has(path))
  const frames = rest.filter((path) => folders.has(folderOf(path)))
  if (frames.length) yield { samples: frames.map((path) => toSample(path)) }
  if (rest.length > frames.length && tables.size) {
    const other = rest.find((path) => !folders.has(folderOf(path)))!
    const message = `${rest.length - frames.length} images here lie beside no CollectedData file and are not imported, first ${other}. Import their folder with --format images to add them.`
    yield { issues: [{ level: 'warning', code: 'unlisted-images', message, file: [...tables.keys()][0] }] }
  }
}

const toSample = (path: string): DatasetSample => {
  const split = splitOfPath(path)
  return { key: path, path, ...(split ? { split } : {}) }
}

async function readHeader(source: FormatSource, file: string, issues: DatasetIssue[]): Promise<PoseTable | null> {
  const rows: CsvRow[] = []
  for await (const row of readCsv(source.stream(file), file)) {
    if (!headerNames.includes(row.cells[0].trim())) break
    rows.push(row)
  }
  try {
    return readTable(rows)
  } catch (error) {
    if (!(error instanceof TableError)) throw error
    const message = `${error.message}; the file is not read. A labelled file has the rows scorer, bodyparts and coords: save it again with DeepLabCut.`
    issues.push({ level: 'skipped', code: 'bad-header', message, file, line: error.line })
    return null
  }
}

type Pose = Extract<Shape, { kind: 'keypoints' }>
type LabelOf = (individual: PoseIndividual) => DatasetLabel

/**
 * Animals with the same points are one class, since the CSV names individuals, not kinds; points of their own (DeepLabCut's
 * "unique body parts" under the individual `single`) make another.
 */
function makeLabels(
  tables: readonly PoseTable[],
  config: DeepLabCutConfig | null,
  className: string,
): { labels: DatasetLabel[]; labelOf: LabelOf } {
  const own = config?.own
  const points = new Map<string, string[]>()
  const nameOf = (individual: PoseIndividual): string => {
    const stated = own?.individuals[individual.name ?? '']
    return stated ?? (individual.name === 'single' ? 'single' : className)
  }
  for (const label of own?.labels ?? []) points.set(label.name, [...(label.points ?? [])])
  for (const individual of tables.flatMap((table) => table.individuals)) {
    const name = nameOf(individual)
    const list = points.get(name) ?? []
    for (const part of individual.parts) if (!list.includes(part.name)) list.push(part.name)
    points.set(name, list)
  }
  const labels = [...points].map(([name, names]): DatasetLabel => {
    if (!names.length) return { key: name, name }
    const stated = own?.labels.find((label) => label.name === name)
    const byName = flipByName(names)
    const isPaired = byName.some((to, from) => to !== from)
    const fits = (list: number[] | undefined) => list !== undefined && (list.length === 0 || list.length === names.length)
    return {
      key: name,
      name,
      skeleton: {
        names,
        edges: (config?.skeleton ?? []).flatMap(([a, b]): [number, number][] => {
          const edge: [number, number] = [names.indexOf(String(a)), names.indexOf(String(b))]
          return edge.includes(-1) || edge[0] === edge[1] ? [] : [edge]
        }),
        flip: stated && fits(stated.flip) ? stated.flip : isPaired ? byName : [],
        sigmas: stated && fits(stated.sigmas) ? stated.sigmas : [],
      },
    }
  }) // prettier-ignore
  const byName = new Map(labels.map((label) => [label.name, label]))
  return { labels, labelOf: (individual) => byName.get(nameOf(individual))! }
}

async function* readRows(
  source: FormatSource,
  file: string,
  table: PoseTable,
  labels: readonly DatasetLabel[],
  labelOf: LabelOf,
  images: ImageIndex,
  done: Set<string>,
): AsyncGenerator<DatasetChunk> {
  const places = table.individuals.map((individual) => {
    const label = labelOf(individual)
    return { individual, label, at: individual.parts.map((part) => label.skeleton!.names.indexOf(part.name)) }
  })
  const fresh = () => ({ samples: [] as DatasetSample[], annotations: [] as DatasetAnnotation[], issues: [] as DatasetIssue[] }) // prettier-ignore
  let chunk = fresh()
  const seen = new Set<string>()
  let frames: { count: number; line: number } | null = null
  for await (const { cells, line } of readCsv(source.stream(file), file)) {
    if (headerNames.includes(cells[0].trim())) continue
    const issue = (level: DatasetIssue['level'], code: string, message: string) =>
      chunk.issues.push({ level, code, message, file, line })
    if (cells.length !== table.columns) {
      issue(
        'skipped',
        'bad-row',
        `The row has ${cells.length} cells, the header ${table.columns}; it is skipped. The file may be cut off: get it again.`,
      )
      continue
    }
    const name = cells
      .slice(0, table.indexColumns)
      .map((cell) => cell.trim().replaceAll('\\', '/'))
      .filter(Boolean)
      .join('/')
    if (/^\d*$/.test(name)) {
      // The rows of a video that DeepLabCut has predicted are numbered.
      if (name === '') issue('skipped', 'no-image', 'The row names no image and is skipped.')
      else if (frames) frames.count++
      else frames = { count: 1, line }
      continue
    }
    const path = locate(name, file, images, (message) => issue('warning', 'ambiguous-image', message))
    if (seen.has(path)) {
      issue('skipped', 'duplicate-row', `The file has a row for ${name} before; this one is skipped.`)
      continue
    }
    seen.add(path)
    if (!done.has(path)) chunk.samples.push(toSample(path))
    done.add(path)
    const size = await source.imageSize(path)
    for (const { individual, label, at } of places) {
      const read = readPose(cells, individual, label, at, issue)
      if (!read) continue
      const shape = { kind: 'keypoints' as const, keypoints: read.keypoints }
      const problem = checkShape(shape, size?.width, size?.height)
      if (problem) issue(problem.level, problem.code, problem.message)
      if (problem?.level === 'skipped') continue
      const extra = {
        ...(individual.name === null ? {} : { attributes: { individual: individual.name } }),
        ...(read.likelihood ? { deeplabcut: { likelihood: read.likelihood } } : {}),
      }
      chunk.annotations.push({ sample: path, label: label.key, shape, ...(Object.keys(extra).length ? { extra } : {}) })
    }
    if (seen.size % chunkSize === 0) {
      yield chunk
      chunk = fresh()
    }
  }
  if (frames) {
    const message = `${frames.count} rows are numbers of video frames, not images: the file is a prediction of DeepLabCut for a video. Extract the frames as images and import a CollectedData file.`
    chunk.issues.push({ level: 'skipped', code: 'frame-numbers', message, file, line: frames.line })
  }
  yield chunk
}

/** Beside the CSV first: the path in the file is that of the project's folder on the machine that wrote it. */
function locate(name: string, file: string, images: ImageIndex, warn: (message: string) => void): string {
  const beside = joinPath(folderOf(file), baseName(name))
  if (beside !== null && images.has(beside)) return beside
  const { path, isThere, rivals } = findImage(name, folderOf(file), images)
  if (rivals.length) warn(`${rivals.length} images are called "${name}" (${rivals.slice(0, 3).join(', ')}); the first is taken.`) // prettier-ignore
  return isThere ? path : (beside ?? path)
}

function readPose(
  cells: readonly string[],
  { parts }: PoseIndividual,
  label: DatasetLabel,
  at: readonly number[],
  issue: (level: DatasetIssue['level'], code: string, message: string) => void,
): { keypoints: Pose['keypoints']; likelihood?: (number | null)[] } | null {
  const keypoints: Pose['keypoints'] = label.skeleton!.names.map(() => [0, 0, 0])
  let likelihood: (number | null)[] | undefined
  let count = 0
  parts.forEach((part, i) => {
    const [x, y] = [part.x, part.y].map((column) => readCell(cells[column]))
    if (part.likelihood !== undefined) {
      const value = readCell(cells[part.likelihood])
      likelihood ??= label.skeleton!.names.map(() => null)
      likelihood[at[i]] = typeof value === 'number' ? value : null
    }
    if (x === null && y === null) return
    if (typeof x === 'number' && typeof y === 'number') {
      keypoints[at[i]] = [x, y, 2]
      count++
      return
    }
    const wrong = [part.x, part.y].filter((column) => typeof readCell(cells[column]) !== 'number')
    issue(
      'skipped',
      'bad-number',
      `"${part.name}" is ${wrong.map((column) => (cells[column].trim() === '' ? 'half empty' : `"${cells[column]}"`)).join(' and ')}, not two numbers; the point is left out. Correct the cell.`,
    )
  })
  return count ? { keypoints, ...(likelihood ? { likelihood } : {}) } : null
}

/** null: empty (pandas writes NaN as nothing); undefined: no number. */
function readCell(cell: string): number | null | undefined {
  const text = cell.trim()
  if (text === '' || /^nan$/i.test(text)) return null
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
