/**
 * Tables of images: classes (`filename,label`), boxes as TensorFlow's object detection, keras-retinanet, OpenImages and
 * Global Wheat have them, and one column a class with 0 or 1 as Roboflow and ISIC write them. Columns are told by their
 * names; images by path, by name, or by a name without its ending.
 */
import { z } from 'zod'
import { TagwrightError } from '../../base/errors'
import { printCell, readCsv } from '../../base/read-csv'
import { encodeText } from '../../base/text'
import { defineFormat, type FormatProbe } from '../format'
import { boxOrReport } from './common/box-or-report'
import { imageIndex } from './common/image-index'
import { labelFile, openClassTable, printLabelFile } from './common/label-file'
import { extension, folderOf } from './common/paths'
import { findByHead, probeOf } from './common/read-head'
import { findColumns } from './csv/columns'
import { headRows, imageOf, readTables } from './csv/read'

const options = z.strictObject({
  /** Class of all boxes, where no column names classes. */
  label: z.string().trim().min(1).default('object'),
})
const headBytes = 1 << 15
const tableFile = 'annotations.csv'
const header = ['filename', 'width', 'height', 'class', 'xmin', 'ymin', 'xmax', 'ymax', 'split']

export default defineFormat<z.infer<typeof options>>({
  title: 'CSV table',
  shapes: ['box', 'tag'],
  stems: 'free',
  options,
  examples: [
    {
      name: 'boxes, classes of images, an image without any, a name with a comma',
      dataset: () => ({
        sizes: { 'quay.jpg': { width: 640, height: 480 }, 'a, b.jpg': { width: 64, height: 48 }, 'fog.jpg': { width: 64, height: 48 } }, // prettier-ignore
        chunk: {
          labels: ['buoy', 'boat', 'sunny "day"'].map((name) => ({ key: name, name })),
          samples: [
            { key: 'quay.jpg', path: 'quay.jpg', split: 'train' },
            { key: 'a, b.jpg', path: 'a, b.jpg', split: 'val' },
            { key: 'fog.jpg', path: 'fog.jpg' },
          ],
          annotations: [
            { sample: 'quay.jpg', label: 'boat', shape: { kind: 'box', box: [10.5, 20.25, 100, 200] } },
            { sample: 'quay.jpg', label: 'buoy', shape: { kind: 'box', box: [0, 0, 640, 480] } },
            { sample: 'a, b.jpg', label: 'sunny "day"', shape: { kind: 'tag' } },
          ],
        },
      }),
    },
  ],

  /** Any program writes tables: one that names none of the images here is not about them. */
  match: async (probe) => ((await findFiles(probe, 20)).length ? 0.8 : 0),

  async *read(source, { label, labels }) {
    const files = source.named.length ? source.named.filter((path) => extension(path) === '.csv') : await findFiles(probeOf(source)) // prettier-ignore
    if (!files.length) {
      throw new TagwrightError(
        'not-csv',
        'There is no table of images here: a CSV file with a column filename (or image, path, id) and one of class (or label), or xmin, ymin, xmax and ymax. Choose another folder or format.',
      )
    }
    yield* readTables(source, files, await openClassTable(source, labels), label)
  },

  async write(dataset, sink) {
    const names = new Map(dataset.labels.map(({ key, name }) => [key, name]))
    const out = await sink.open(tableFile)
    await out.write(`${header.join(',')}\n`)
    for await (const { sample, annotations } of dataset.items()) {
      await sink.image(sample, sample.path)
      const line = (label: string, box: readonly (number | string)[]) =>
        `${[sample.path, sample.width ?? '', sample.height ?? '', label, ...box, sample.split ?? ''].map(printCell).join(',')}\n` // prettier-ignore
      const none = ['', '', '', '']
      const rows = annotations.flatMap(({ label, shape }) => {
        const name = names.get(label) ?? label
        if (shape.kind === 'tag') return [line(name, none)]
        const box = boxOrReport(shape, sample, sink, { file: tableFile, place: 'a table' })
        return box ? [line(name, box)] : []
      })
      await out.write(rows.length ? rows.join('') : line('', none))
    }
    await out.close()
    await sink.write(labelFile, printLabelFile(dataset.labels))
  },
})

/** CSV files whose columns are known and whose first rows name an image that is here, or that a person named. */
function findFiles(probe: FormatProbe, most = Infinity): Promise<string[]> {
  const images = imageIndex(probe.files)
  return findByHead(probe, { ending: '.csv', bytes: headBytes, most }, async (text, path) => {
    const rows = await rowsOf(text, path)
    const columns = findColumns(rows)
    if (!columns) return false
    return (
      probe.named.length > 0 ||
      rows.slice(columns.hasHeader ? 1 : 0).some((row) => imageOf(row[columns.image] ?? '', folderOf(path), images).isThere) // prettier-ignore
    )
  })
}

/** Whole rows of the beginning of a file. */
async function rowsOf(text: string, path: string): Promise<string[][]> {
  const bytes = encodeText(text)
  // A mark of three bytes at the beginning is no text.
  const end = bytes.length < headBytes - 3 ? bytes.length : bytes.lastIndexOf(10) + 1
  const rows: string[][] = []
  async function* head() {
    yield await Promise.resolve(bytes.subarray(0, end))
  }
  for await (const { cells } of readCsv(head(), path)) if (rows.push(cells) >= headRows) break
  return rows
}
