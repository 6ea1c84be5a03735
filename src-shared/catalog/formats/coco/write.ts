/** Writes annotations/instances_<split>.json, row by row; ids of an import are kept. */
import type { Dataset, DatasetLabel } from '../../../domain/dataset'
import { flipByName } from '../../../domain/flip-by-name'
import type { FormatSink, OpenFile } from '../../format'
import { toRow, type CocoAnnotationExtra, type Row } from './annotation'

/** Rows are joined to texts of about this many characters before they are written. */
const blockLength = 1 << 18

export async function writeCoco(dataset: Dataset, sink: FormatSink): Promise<void> {
  const categories = assignCategoryIds(dataset.labels)
  const splits = new Set<string>()
  let [topImage, topAnnotation] = [0, 0]
  for await (const { sample, annotations } of dataset.items()) {
    splits.add(sample.split ?? '')
    topImage = Math.max(topImage, sample.cocoImageId ?? 0)
    for (const { extra } of annotations) topAnnotation = Math.max(topAnnotation, idOf(extra) ?? 0)
  }
  if (!splits.size) splits.add('')
  const files = new Map<string, RowFile>()
  for (const split of splits) {
    const path = `annotations/${split ? `instances_${split}` : 'instances'}.json`
    files.set(
      split,
      await openRows(
        sink,
        path,
        (dataset.extra?.coco ?? {}) as Row,
        dataset.labels.map((label) => toCategory(label, categories.get(label.key)!)),
      ),
    )
  }

  const imageIds = new Map<string, number>()
  const usedImages = new Set<number>()
  for await (const { sample } of dataset.items()) {
    let id = sample.cocoImageId
    if (id === undefined || usedImages.has(id)) id = ++topImage
    usedImages.add(id)
    imageIds.set(sample.key, id)
    if (!sample.width || !sample.height) {
      sink.report({
        level: 'warning',
        code: 'no-size',
        message: `The size of ${sample.path} is not known; its row has no width and height.`,
        file: files.get(sample.split ?? '')!.path,
      })
    }
    const row: Row = { id, file_name: sample.path }
    if (sample.width && sample.height) Object.assign(row, { width: sample.width, height: sample.height })
    if (sample.reviewed) row.tagwright = { reviewed: true }
    await files.get(sample.split ?? '')!.add(Object.assign(row, sample.extra?.coco))
    await sink.image(sample, `images/${sample.path}`)
  }
  for (const file of files.values()) await file.next()

  const used = new Set<number>()
  const reported = new Set<string>()
  for await (const { sample, annotations } of dataset.items()) {
    const file = files.get(sample.split ?? '')!
    for (const annotation of annotations) {
      let id = idOf(annotation.extra)
      // An id of 0 reads as "no match" in evaluation code.
      if (id === undefined || id <= 0 || used.has(id)) id = ++topAnnotation
      used.add(id)
      const row = toRow(
        annotation,
        { id, image: imageIds.get(sample.key)!, category: categories.get(annotation.label)! },
        (issue) => {
          if (issue.level === 'warning' && reported.has(issue.code)) return
          reported.add(issue.code)
          sink.report({ ...issue, file: file.path })
        },
      )
      if (row) await file.add(row)
    }
  }
  for (const file of files.values()) await file.close()
}

const idOf = (extra: Row | undefined): number | undefined => {
  const id = (extra?.coco as CocoAnnotationExtra | undefined)?.id
  return Number.isSafeInteger(id) ? id : undefined
}

/** The ids of the file the labels came from; the others get index + 1, or the next free one. */
function assignCategoryIds(labels: readonly DatasetLabel[]): Map<string, number> {
  const ids = new Map<string, number>()
  const used = new Set<number>()
  for (const { key, cocoId } of labels) {
    if (cocoId === undefined || used.has(cocoId)) continue
    ids.set(key, cocoId)
    used.add(cocoId)
  }
  let top = Math.max(0, ...used)
  labels.forEach(({ key }, index) => {
    if (ids.has(key)) return
    const id = used.has(index + 1) ? ++top : index + 1
    top = Math.max(top, id)
    used.add(id)
    ids.set(key, id)
  })
  return ids
}

function toCategory({ name, skeleton, extra }: DatasetLabel, id: number): Row {
  const row: Row = { id, name }
  if (skeleton) {
    row.keypoints = skeleton.names
    row.skeleton = skeleton.edges.map(([a, b]) => [a + 1, b + 1])
    // COCO has no place for these two; readers ignore the field.
    // Where they are empty, an empty one says that the names are no hint.
    const hinted = flipByName(skeleton.names).some((to, from) => to !== from)
    if (skeleton.flip.length || skeleton.sigmas.length || hinted)
      row.tagwright = { flip: skeleton.flip, sigmas: skeleton.sigmas }
  }
  return Object.assign(row, extra?.coco)
}

interface RowFile {
  path: string
  add(row: Row): Promise<void>
  /** Ends the images, begins the annotations. */
  next(): Promise<void>
  close(): Promise<void>
}

async function openRows(sink: FormatSink, path: string, extra: Row, categories: Row[]): Promise<RowFile> {
  const file: OpenFile = await sink.open(path)
  const head = Object.entries(extra).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},\n`)
  let text = `{${head.join('')}"categories":[\n${categories.map((row) => JSON.stringify(row)).join(',\n')}\n],\n"images":[`
  let first = true
  const flush = async () => {
    const block = text
    text = ''
    await file.write(block)
  }
  return {
    path,
    async add(row) {
      text += `${first ? '\n' : ',\n'}${JSON.stringify(row)}`
      first = false
      if (text.length >= blockLength) await flush()
    },
    async next() {
      text += '\n],\n"annotations":['
      first = true
      await flush()
    },
    async close() {
      text += '\n]}\n'
      await flush()
      await file.close()
    },
  }
}
