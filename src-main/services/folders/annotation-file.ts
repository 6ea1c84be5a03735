/** One annotation file of folder mode: text to annotations and back, in Pascal VOC or YOLO rows. */
import { basename, dirname } from 'node:path'
import { XmlError } from '@shared/base/xml'
import { formats } from '@shared/catalog/formats'
import { parseVoc } from '@shared/catalog/formats/voc/parse'
import { printVoc } from '@shared/catalog/formats/voc/print'
import { parseRows } from '@shared/catalog/formats/yolo/rows'
import type { MirrorFormat } from '@shared/contract/folders'
import type { DatasetAnnotation, DatasetIssue, DatasetItem } from '@shared/domain/dataset'
import { orientShape } from '@shared/domain/orient-shape'
import type { ImageProbe } from '../../media/probe-image'

/** `label` is the class name. */
export type FileAnnotation = Omit<DatasetAnnotation, 'sample'>

export interface ReadFile {
  format: MirrorFormat
  annotations: FileAnnotation[]
  /** null: the format does not say. */
  reviewed: boolean | null
  /** Kept with the sample and written back. */
  extra: Record<string, unknown> | null
  issues: Omit<DatasetIssue, 'file'>[]
}

export const endings: Record<MirrorFormat, string> = { voc: '.xml', yolo: '.txt' }

/**
 * Null when the text is of another kind (a readme.txt), or damaged: then `issues` of the second result say why.
 * @param image of the annotated image; @param classes names in index order, for rows that hold an index.
 */
export function readAnnotationText(
  text: string,
  format: MirrorFormat,
  image: ImageProbe,
  classes: readonly string[],
): { read: ReadFile | null; issues: Omit<DatasetIssue, 'file'>[] } {
  return format === 'voc' ? readVoc(text, image) : readYolo(text, image, classes)
}

function readVoc(text: string, image: ImageProbe): ReturnType<typeof readAnnotationText> {
  let voc: ReturnType<typeof parseVoc>
  try {
    voc = parseVoc(text, '', 'labelimg')
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    const message = `The file is not XML: ${error.message}. It is neither read nor written; repair or remove it.`
    return { read: null, issues: [{ level: 'skipped', code: error.code, message, line: error.line }] }
  }
  if (!voc) return { read: null, issues: [] }
  const turned = isTurned(voc.width, voc.height, image)
  const annotations = voc.annotations.map((annotation) => ({
    ...annotation,
    shape: turned
      ? orientShape(annotation.shape, image.orientation!, image.rawWidth!, image.rawHeight!)
      : annotation.shape,
  }))
  const extra = Object.keys(voc.extra).length > 0 ? { voc: voc.extra } : null
  return {
    read: { format: 'voc', annotations, reviewed: voc.reviewed, extra, issues: voc.issues },
    issues: voc.issues,
  }
}

/** The file's boxes lie on the stored pixels, and upright these are others. */
const isTurned = (width: number | undefined, height: number | undefined, image: ImageProbe): boolean =>
  width !== undefined &&
  width === image.rawWidth &&
  height === image.rawHeight &&
  (image.rawWidth !== image.width || image.rawHeight !== image.height)

function readYolo(text: string, image: ImageProbe, classes: readonly string[]): ReturnType<typeof readAnnotationText> {
  const first = text.split('\n').find((line) => line.trim() !== '')
  if (first !== undefined && !looksLikeRow(first)) return { read: null, issues: [] }
  if (first !== undefined && !(image.width && image.height)) {
    const message = 'The image cannot be read, so its size is not known and the rows have no pixels. Replace the image.'
    return { read: null, issues: [{ level: 'skipped', code: 'no-size', message }] }
  }
  const top = topClass(text)
  // Without a list the classes are named by their index, as an import does.
  const names = classes.length > top ? classes : [...classes, ...Array.from({ length: top + 1 - classes.length }, (_, i) => `class ${classes.length + i}`)] // prettier-ignore
  const size = { width: image.width ?? 1, height: image.height ?? 1 }
  const { rows, issues } = parseRows(text, { classes: names.length, rotated: false, ...size })
  const annotations = rows.map((row) => ({
    label: names[row.class],
    shape: row.shape,
    ...(row.trailing === undefined ? {} : { extra: { yolo: { trailing: row.trailing } } }),
  }))
  return { read: { format: 'yolo', annotations, reviewed: null, extra: null, issues }, issues }
}

function looksLikeRow(row: string): boolean {
  const words = row.trim().split(/\s+/)
  return words.length >= 5 && words.every((word) => Number.isFinite(Number(word)))
}

function topClass(text: string): number {
  let top = -1
  for (const line of text.split('\n')) {
    const index = Number(line.trim().split(/\s+/, 1)[0] || NaN)
    if (Number.isInteger(index) && index < 10_000) top = Math.max(top, index)
  }
  return top
}

/**
 * The file's text. `item.annotations[].label` are class names.
 * @param image absolute path; @param classes for YOLO: names in index order, holding every name that is used.
 */
export async function printAnnotationFile(
  item: DatasetItem,
  format: MirrorFormat,
  image: string,
  classes: readonly string[],
  report: (issue: Omit<DatasetIssue, 'file'>) => void,
): Promise<string> {
  // LabelImg: <folder> is the name of the folder that holds the image.
  if (format === 'voc') return printVoc(item, basename(dirname(image)), 'labelimg', (name) => name, report, true)
  let text = ''
  const { split: _, ...sample } = item.sample
  const labels = classes.map((name) => ({ key: name, name }))
  const items = async function* () {
    await Promise.resolve()
    yield { sample, annotations: item.annotations }
  }
  await formats.get('yolo').write(
    { labels, items },
    {
      write: (path, content) => {
        if (path.startsWith('labels/')) text = content
        return Promise.resolve()
      },
      open: () => Promise.reject(new Error('A YOLO file is written at once.')),
      image: () => Promise.resolve(),
      report: (issue) => {
        if (issue.file !== 'data.yaml') report(issue)
      },
    },
    { task: 'auto' },
  )
  return text
}
