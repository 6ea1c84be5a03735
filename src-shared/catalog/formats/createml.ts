/**
 * Apple's Create ML object detector: a list of images with boxes as centre and size in pixels, origin at the top left
 * ("Building an object detector data source", Apple developer documentation). One file a folder, or one an image (LabelImg).
 */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import type { Shape } from '../../domain/annotation'
import { attributesSchema } from '../../domain/attribute'
import type { DatasetAnnotation, DatasetChunk, DatasetIssue, DatasetSample } from '../../domain/dataset'
import { defineFormat, type FormatProbe, type FormatSource, type OpenFile } from '../format'
import { boxOrReport } from './common/box-or-report'
import { checkShape } from './common/check-shape'
import { findImage } from './common/find-image'
import { imageIndex } from './common/image-index'
import { readJsonList, toNumber, type Row } from './common/json-list'
import { labelFile, openClassTable, printLabelFile, type ClassTable } from './common/label-file'
import { extension, folderOf, splitOfName, splitOfPath, stem } from './common/paths'
import { findByHead, probeOf } from './common/read-head'
import { createmlExamples } from './createml/examples'

export default defineFormat<Record<string, never>>({
  title: 'Create ML JSON',
  shapes: ['box', 'tag'],
  stems: 'free',
  options: z.strictObject({}) as z.ZodType<Record<string, never>>,
  examples: createmlExamples,

  match: async (probe) => ((await findFiles(probe, 20)).length ? 1 : 0),

  async *read(source, { labels }) {
    const files = source.named.length ? source.named.filter((path) => extension(path) === '.json') : await findFiles(probeOf(source)) // prettier-ignore
    if (!files.length) {
      throw new TagwrightError(
        'not-createml',
        'There is no Create ML file here: a .json that lists objects with "image" and "annotations". Choose another folder or format.',
      )
    }
    yield* readCreateMl(source, files, await openClassTable(source, labels))
  },

  async write(dataset, sink) {
    const names = new Map(dataset.labels.map(({ key, name }) => [key, name]))
    const files = new Map<string, { path: string; out: OpenFile; isFirst: boolean }>()
    for await (const { sample, annotations } of dataset.items()) {
      const folder = sample.split ? `${sample.split}/` : ''
      const image = `${folder}${sample.path}`
      await sink.image(sample, image)
      let file = files.get(folder)
      if (!file) {
        const path = `${folder}_annotations.createml.json`
        files.set(folder, (file = { path, out: await sink.open(path), isFirst: true }))
      }
      const { path } = file
      const rows = annotations.flatMap(({ label, shape, extra }) => {
        const base = { label: names.get(label) ?? label, ...(extra?.attributes ? { attributes: extra.attributes } : {}), ...(extra?.createml as Row | undefined) } // prettier-ignore
        if (shape.kind === 'tag') return [base]
        const box = boxOrReport(shape, sample, sink, { file: path, place: 'Create ML' })
        if (!box) return []
        const [x1, y1, x2, y2] = box
        return [{ ...base, coordinates: { x: (x1 + x2) / 2, y: (y1 + y2) / 2, width: x2 - x1, height: y2 - y1 } }]
      })
      const row: Row = { image: sample.path, ...(sample.reviewed ? { verified: true } : {}), annotations: rows, ...(sample.extra?.createml as Row | undefined) } // prettier-ignore
      await file.out.write(`${file.isFirst ? '[\n' : ',\n'}${JSON.stringify(row)}`)
      file.isFirst = false
    }
    for (const { out } of files.values()) {
      await out.write('\n]\n')
      await out.close()
    }
    await sink.write(labelFile, printLabelFile(dataset.labels))
  },
})

/** JSON lists whose first object names an image and annotations. */
const findFiles = (probe: FormatProbe, most = Infinity): Promise<string[]> =>
  findByHead(probe, { ending: '.json', bytes: 16384, most }, (text) =>
    /^\s*\[\s*\{/.test(text) && /"(image|imagefilename)"\s*:\s*"/.test(text) && /"annotations?"\s*:/.test(text) && !/"(data|annotator|annotation_id)"\s*:/.test(text)) // prettier-ignore

async function* readCreateMl(
  source: FormatSource,
  files: readonly string[],
  table: ClassTable,
): AsyncGenerator<DatasetChunk> {
  for (const file of files) {
    for await (const { rows } of readJsonList(source, file, 'Create ML'))
      for (const row of rows) for (const one of listOf(row)) if (nameOf(one)) table.see(nameOf(one)!)
  }
  yield { labels: table.labels() }
  const images = imageIndex(source.files)
  const done = new Set<string>()
  for (const file of files) {
    const split = splitOfName(stem(file)) ?? splitOfPath(file)
    for await (const { rows, lines, issues: broken } of readJsonList(source, file, 'Create ML')) {
      const samples: DatasetSample[] = []
      const annotations: DatasetAnnotation[] = []
      const issues: DatasetIssue[] = [...broken]
      for (const [i, row] of rows.entries()) {
        const line = lines[i]
        const issue = (level: DatasetIssue['level'], code: string, message: string) => issues.push({ level, code, message, file, line }) // prettier-ignore
        const { image, imagefilename, annotations: list, annotation, verified, ...rest } = row
        const name = typeof image === 'string' ? image : imagefilename
        if (typeof name !== 'string' || name === '') {
          issue('skipped', 'bad-image', 'A row without "image" is skipped.')
          continue
        }
        const { path, rivals } = findImage(name, folderOf(file), images, split)
        if (rivals.length) issue('warning', 'ambiguous-image', `${rivals.length} images are called "${name}" (${rivals.slice(0, 3).join(', ')}); the first is taken.`) // prettier-ignore
        if (done.has(path)) {
          issue('skipped', 'duplicate-image', `${name} has a row before; this one is skipped.`)
          continue
        }
        done.add(path)
        const place = split ?? splitOfPath(path)
        samples.push({ key: path, path, ...(place ? { split: place } : {}), ...(verified === true ? { reviewed: true } : {}), ...(Object.keys(rest).length ? { extra: { createml: rest } } : {}) }) // prettier-ignore
        if (list !== undefined && !Array.isArray(list)) issue('skipped', 'bad-annotations', `The "annotations" of ${name} are no list; they are skipped.`) // prettier-ignore
        const size = await source.imageSize(path)
        for (const one of listOf({ annotations: list, annotation })) {
          const made = readOne(one, issue)
          if (!made) continue
          const problem = checkShape(made.shape, size?.width, size?.height)
          if (problem) issue(problem.level, problem.code, problem.message)
          if (problem?.level !== 'skipped') annotations.push({ sample: path, ...made })
        }
      }
      yield { samples, annotations, issues }
    }
  }
  if (source.named.length) return
  const rest = images.paths.filter((path) => !done.has(path))
  yield { samples: rest.map((path) => ({ key: path, path, ...(splitOfPath(path) ? { split: splitOfPath(path)! } : {}) })) } // prettier-ignore
}

const listOf = (row: Row): Row[] => {
  const list: unknown[] = Array.isArray(row.annotations) ? row.annotations : row.annotation ? [row.annotation] : []
  return list.map((one) => (typeof one === 'string' ? { label: one } : one && typeof one === 'object' ? (one as Row) : {}))
} // prettier-ignore
const nameOf = (one: Row): string | null =>
  typeof one.label === 'string' && one.label.trim() !== '' ? one.label.trim() : null

function readOne(
  one: Row,
  issue: (level: DatasetIssue['level'], code: string, message: string) => void,
): Omit<DatasetAnnotation, 'sample'> | null {
  const name = nameOf(one)
  if (name === null) {
    issue('skipped', 'no-name', 'An annotation without "label" is skipped. Give it a class name.')
    return null
  }
  const { label: _, coordinates, attributes, ...rest } = one
  const own = attributesSchema.safeParse(attributes).data
  const createml: Row = { ...rest, ...(attributes !== undefined && !own ? { attributes } : {}) }
  const extra = { ...(Object.keys(createml).length ? { createml } : {}), ...(own ? { attributes: own } : {}) }
  const more = Object.keys(extra).length ? { extra } : {}
  if (coordinates === undefined) return { label: name, shape: { kind: 'tag' }, ...more }
  const { x, y, width, height } = (coordinates ?? {}) as Row
  const values = [x, y, width, height].map(toNumber)
  if (values.some((value) => value === undefined) || values[2]! < 0 || values[3]! < 0) {
    issue('skipped', 'bad-box', `The coordinates of "${name}" are not four numbers x, y, width and height; the annotation is skipped. Correct it.`) // prettier-ignore
    return null
  }
  const [cx, cy, w, h] = values as number[]
  const shape: Shape = { kind: 'box', box: [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2] }
  return { label: name, shape, ...more }
}
