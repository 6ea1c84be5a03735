/** YOLO txt: one label file per image, values in fractions of it. Ultralytics, Darknet and LabelImg layouts. */
import { z } from 'zod'
import { decodeText } from '../../base/text'
import type { Shape } from '../../domain/annotation'
import type { DatasetAnnotation, DatasetIssue, DatasetLabel, DatasetSample } from '../../domain/dataset'
import type { Skeleton } from '../../domain/skeleton'
import { defineFormat, type FormatSource } from '../format'
import { imageIndex } from './common/image-index'
import { ordered } from './common/ordered'
import { baseName, extension } from './common/paths'
import { yoloExamples } from './yolo/examples'
import { findLayout, labelPath, type YoloLayout } from './yolo/layout'
import { parseRows } from './yolo/rows'
import { pairsOf, writeYolo } from './yolo/write'

const options = z.strictObject({
  /**
   * `auto` reads each row by its number of columns (nine are a polygon) and writes what the annotations need; `obb` reads
   * nine columns as rotated boxes.
   */
  task: z.enum(['auto', 'detect', 'segment', 'pose', 'obb']).default('auto'),
})
type Options = z.infer<typeof options>

const chunkSize = 256
const notLabels =
  /(^|\/)(classes|predefined_classes|labels|train|val|valid|test|trainval|readme[^/]*|license[^/]*|requirements)\.txt$/i

export default defineFormat<Options>({
  title: 'YOLO txt',
  shapes: ['box', 'polygon', 'keypoints', 'rotated-box'],
  // Darknet's class list and its data file.
  endings: ['.names', '.data'],
  stems: 'flat',
  options,
  examples: yoloExamples,

  async match(probe) {
    const paths = probe.files.map((file) => file.path)
    for (const path of (probe.named.length ? probe.named : paths)
      .filter((path) => /\.(ya?ml|data)$/i.test(path))
      .slice(0, 20)) {
      const text = await probe.head(path, 65536)
      if (
        /^\s*["']?names["']?\s*[:=]/m.test(text) &&
        /^\s*["']?(train|val|valid|test|path|nc|classes)["']?\s*[:=]/m.test(text)
      )
        return 1
    }
    if (probe.named.length) return 0
    const texts = new Set(paths.filter((path) => extension(path) === '.txt' && !notLabels.test(path)))
    let [rows, others] = [0, 0]
    for (const image of imageIndex(probe.files).paths.slice(0, 2000)) {
      const labels = texts.size ? labelPath(image, texts) : null
      if (!labels) continue
      const first = (await probe.head(labels, 4096)).split('\n').find((row) => row.trim() !== '')
      if (first === undefined) continue
      if (looksLikeRow(first)) rows++
      else others++
      if (rows + others >= 50) break
    }
    if (rows > others) return 1
    const named = paths.some((path) => /(^|\/)(classes\.txt|[^/]*\.names)$/.test(path))
    return named && texts.size ? 0.5 : rows > 0 ? 0.3 : 0
  },

  async *read(source, options) {
    const layout = await findLayout(source, options.labels)
    const names = layout.names ?? (await namesFromRows(source, layout))
    const rotated = options.task === 'obb' || (options.task === 'auto' && layout.rotated)
    yield { labels: names.map((name, index) => toLabel(name, index, layout)), issues: layout.issues }

    const taken = new Set<string>()
    let [polygons, nine] = [0, 0]
    let trailing: string | null = null
    let chunk = emptyChunk()
    const work = async (image: YoloLayout['images'][number]) => {
      const text = image.labels ? decodeText(await source.read(image.labels)) : ''
      return { ...image, text, size: text.trim() === '' ? null : await source.imageSize(image.path) }
    }
    for await (const { path, split, labels, text, size } of ordered(layout.images, 8, work)) {
      chunk.samples.push({ key: path, path, ...(size ?? {}), ...(split ? { split } : {}) })
      if (labels && taken.has(labels)) {
        const message = `${path} shares this file with another image of the same name; it is imported without annotations. Rename one of the two.`
        chunk.issues.push({ level: 'warning', code: 'ambiguous-image', message, file: labels })
      } else if (labels && text.trim() !== '') {
        taken.add(labels)
        if (!size) {
          const message = `${path} cannot be read, so its size is not known and the rows have no pixels; they are skipped. Replace the image and import again.`
          chunk.issues.push({ level: 'skipped', code: 'no-size', message, file: labels })
        } else {
          const keypoints = options.task === 'auto' || options.task === 'pose' ? layout.keypoints : undefined
          const result = parseRows(text, { classes: names.length, keypoints, rotated, ...size })
          for (const issue of result.issues) chunk.issues.push({ ...issue, file: labels })
          for (const row of result.rows) {
            if (row.trailing !== undefined) trailing ??= labels
            const extra = row.trailing === undefined ? {} : { extra: { yolo: { trailing: row.trailing } } }
            chunk.annotations.push({ sample: path, label: String(row.class), shape: shorten(row, layout), ...extra })
          }
          polygons += result.polygonRows
          nine += result.nineColumnRows
        }
      } else if (labels) taken.add(labels)
      if (chunk.samples.length >= chunkSize) {
        yield chunk
        chunk = emptyChunk()
      }
    }
    if (nine > 0 && nine === polygons) {
      const message = `All ${nine} polygon rows have 9 numbers, which may be rotated boxes; they are imported as polygons of 4 points. Import with task=obb if they are rotated boxes.`
      chunk.issues.push({ level: 'warning', code: 'maybe-rotated', message, file: layout.namesFile })
    }
    if (trailing !== null) {
      const message =
        'Rows have a sixth number (a track or a score); it is kept with the annotation, but not written to YOLO again.'
      chunk.issues.push({ level: 'warning', code: 'sixth-number', message, file: trailing })
    }
    chunk.issues.push(...(await findOrphans(source, taken)))
    yield chunk
  },

  write: (dataset, sink, { task }) => writeYolo(dataset, sink, task),
})

const emptyChunk = () => ({
  samples: [] as DatasetSample[],
  annotations: [] as DatasetAnnotation[],
  issues: [] as DatasetIssue[],
})

const looksLikeRow = (row: string): boolean => {
  const words = row.trim().split(/\s+/)
  return words.length >= 5 && words.every((word) => Number.isFinite(Number(word)))
}

function toLabel(name: string, index: number, layout: YoloLayout): DatasetLabel {
  const label: DatasetLabel = { key: String(index), name }
  if (layout.keypoints) {
    const names =
      layout.keypointNames?.get(index) ?? Array.from({ length: layout.keypoints[0] }, (_, i) => `point ${i + 1}`)
    const own = layout.skeletons?.get(index)
    label.skeleton = {
      names,
      edges: own?.edges ?? [],
      flip: own?.flip ?? pairsOf(layout.flip ?? [], names.length),
      sigmas: own?.sigmas ?? [],
    } satisfies Skeleton
  }
  return label
}

/** Rows of all classes have as many points as the largest skeleton. */
function shorten({ shape, class: index }: { shape: Shape; class: number }, { keypointNames }: YoloLayout): Shape {
  const count = keypointNames?.get(index)?.length
  if (shape.kind !== 'keypoints' || count === undefined || shape.keypoints.length <= count) return shape
  return { ...shape, keypoints: shape.keypoints.slice(0, count) }
}

/** Without a list the classes are as many as the rows use, named by their index. */
async function namesFromRows(source: FormatSource, layout: YoloLayout): Promise<string[]> {
  let top = -1
  let file = ''
  for (const { labels } of layout.images) {
    if (!labels) continue
    for (const row of decodeText(await source.read(labels)).split('\n')) {
      const index = Number(row.trim().split(/\s+/, 1)[0] || NaN)
      if (Number.isInteger(index) && index > top && index < 10_000) {
        top = index
        file = labels
      }
    }
  }
  if (top >= 0) {
    const message = `No file names the classes; they are called "class 0" to "class ${top}". Give a list with --labels, or rename them.`
    layout.issues.push({ level: 'warning', code: 'no-class-names', message, file })
  }
  return Array.from({ length: top + 1 }, (_, index) => `class ${index}`)
}

/** Label files whose image is not here. */
async function findOrphans(source: FormatSource, taken: ReadonlySet<string>): Promise<DatasetIssue[]> {
  const issues: DatasetIssue[] = []
  for (const { path, size = 0 } of source.files) {
    if (extension(path) !== '.txt' || taken.has(path) || notLabels.test(path) || size === 0 || size > 1 << 20) continue
    const rows = decodeText(await source.read(path))
      .split('\n')
      .filter((row) => row.trim() !== '')
    if (!rows.length || !rows.every(looksLikeRow)) continue
    const message = `There is no image for ${baseName(path)}, so its ${rows.length} ${rows.length === 1 ? 'row has' : 'rows have'} no pixels and ${rows.length === 1 ? 'is' : 'are'} skipped. Import the folder that holds both.`
    issues.push({ level: 'skipped', code: 'image-missing', message, file: path })
  }
  return issues
}
