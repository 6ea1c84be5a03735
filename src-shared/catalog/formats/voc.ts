/** Pascal VOC: one XML per image. LabelImg's flavour by default; ImageSets/Main gives the splits. */
import { z } from 'zod'
import { decodeText } from '../../base/text'
import { XmlError } from '../../base/xml'
import type { Dataset, DatasetChunk, DatasetIssue, DatasetSample } from '../../domain/dataset'
import type { Split } from '../../domain/split'
import { defineFormat, type FormatSink, type FormatSource, type ReadOptions } from '../format'
import { imageIndex, nearestTo, type ImageIndex } from './common/image-index'
import { labelsByName } from './common/label-list'
import { ordered } from './common/ordered'
import { baseName, extension, folderOf, joinPath, splitOfPath, stem } from './common/paths'
import { vocExamples } from './voc/examples'
import { readImageSets } from './voc/image-sets'
import { describeXmlError, parseVoc, type VocFile } from './voc/parse'
import { printVoc } from './voc/print'

const options = z.strictObject({
  /** `labelimg`: 0-based continuous pixels. `official`: 1-based inclusive, as in the VOC challenge's own files. */
  origin: z.enum(['labelimg', 'official']).default('labelimg'),
})
type Options = z.infer<typeof options>

const chunkSize = 256
/** Folders of the official sets that hold index masks, not photographs. */
const maskFolder = /(^|\/)Segmentation(Class|Object)\//

export default defineFormat<Options>({
  title: 'Pascal VOC XML',
  shapes: ['box', 'rotated-box'],
  stems: 'flat',
  options,
  examples: vocExamples,

  async match(probe) {
    const files = (probe.named.length ? probe.named : probe.files.map((file) => file.path)).filter(
      (path) => extension(path) === '.xml',
    )
    for (const path of files.slice(0, 20)) {
      if (/<annotation[\s>]/.test(await probe.head(path, 4096))) return 1
    }
    // Damaged files beside images: named here, so that they are reported rather than passed over.
    const images = imageIndex(probe.files)
    return files.slice(0, 1000).some((path) => images.byStem(stem(path)).length > 0) ? 0.3 : 0
  },

  async *read(source, options) {
    const images = imageIndex(source.files.filter((file) => !maskFolder.test(file.path)))
    const files = (source.named.length ? source.named : source.files.map((file) => file.path)).filter(
      (path) => extension(path) === '.xml',
    )
    const sets = await readImageSets(source)
    const labels = labelsByName(options.labels ?? (await findClassList(source, files)), 'labels')
    const splitOf = (path: string): Split | undefined =>
      sets.roots.length ? sets.splitOf(path, stem(path)) : splitOfPath(path)
    const done = new Set<string>()
    const broken = new Set<string>()
    let official: { name: string; file: string } | null = null
    let notOfficial = false
    let chunk = emptyChunk([...sets.issues, ...labels.issues])

    for await (const { path, voc, issue } of ordered(files, 8, (path) => readOne(source, path, options))) {
      if (issue) chunk.issues.push(issue)
      const image = findImage(images, path, voc, chunk.issues)
      if (voc && image) {
        if (done.has(image)) {
          const message = `A second annotation file for ${image}; it is skipped. Keep one of the two.`
          chunk.issues.push({ level: 'skipped', code: 'second-file', message, file: path })
          continue
        }
        done.add(image)
        for (const annotation of voc.annotations) {
          if (labels.add(annotation.label) && options.labels) {
            const message = `The class "${annotation.label}" is not in the given list; it is added at the end.`
            chunk.issues.push({ level: 'warning', code: 'unlisted-class', message, file: path })
          }
          chunk.annotations.push({ ...annotation, sample: image })
        }
        chunk.samples.push({ ...toSample(voc, image), split: splitOf(image) })
        chunk.issues.push(...voc.issues)
        if (voc.official && !official) official = { name: voc.official, file: path }
        notOfficial ||= voc.notOfficial
      } else if (issue?.level === 'skipped' && image) broken.add(image)
      if (chunk.samples.length >= chunkSize) {
        yield { labels: labels.take(), ...chunk }
        chunk = emptyChunk([])
      }
    }
    for (const path of images.paths) {
      if (done.has(path) || (source.named.length && !broken.has(path))) continue
      const split = splitOf(path)
      chunk.samples.push({ key: path, path, ...(split && !broken.has(path) ? { split } : {}) })
    }
    for (const { file, names } of sets.unused()) chunk.issues.push(missingNames(file, names))
    if (official && !notOfficial && options.origin === 'labelimg') {
      const message = `The files name "${official.name}" as their source, and its boxes count pixels from 1. If they come from there, import again with origin=official.`
      chunk.issues.push({ level: 'warning', code: 'maybe-official', message, file: official.file })
    }
    yield { labels: labels.take(), ...chunk }
  },

  write,
})

const emptyChunk = (issues: DatasetIssue[]): Required<Pick<DatasetChunk, 'samples' | 'annotations' | 'issues'>> => ({
  samples: [],
  annotations: [],
  issues,
})

async function readOne(source: FormatSource, path: string, options: Options & ReadOptions) {
  try {
    const voc = parseVoc(decodeText(await source.read(path)), path, options.origin)
    if (voc) return { path, voc, issue: null }
    const message = 'The file is XML, but its root element is not <annotation>; it is not read.'
    return { path, voc: null, issue: { level: 'warning', code: 'not-voc', message, file: path } satisfies DatasetIssue }
  } catch (error) {
    if (error instanceof XmlError) return { path, voc: null, issue: describeXmlError(error, path) }
    throw error
  }
}

function toSample(voc: VocFile, image: string): DatasetSample {
  const sample: DatasetSample = { key: image, path: image }
  if (voc.width && voc.height) Object.assign(sample, { width: voc.width, height: voc.height })
  if (voc.reviewed) sample.reviewed = true
  if (voc.extra.folder === folderOf(image).split('/').pop()) delete voc.extra.folder
  if (Object.keys(voc.extra).length) sample.extra = { voc: voc.extra }
  return sample
}

/** The XML's own stem decides, then its <filename>: files get renamed, and LabelImg keeps the two alike. */
function findImage(images: ImageIndex, path: string, voc: VocFile | null, issues: DatasetIssue[]): string | null {
  const warn = (code: string, message: string) => issues.push({ level: 'warning', code, message, file: path })
  const folder = folderOf(path)
  const name = voc ? baseName(voc.filename.replaceAll('\\', '/')) : ''
  const candidates = nearestTo(folder, images.byStem(stem(path)))
  const beside = candidates.filter((image) => folderOf(image) === folder)
  const close = beside.length ? beside : candidates
  const image = close.find((candidate) => baseName(candidate) === name) ?? close[0]
  if (image) {
    if (close.length > 1 && baseName(image) !== name) {
      warn(
        'ambiguous-image',
        `${close.length} images have the stem "${stem(path)}" (${close.slice(0, 3).join(', ')}); ${image} is taken.`,
      )
    } else if (name && stem(name) !== stem(image) && name !== stem(image)) {
      warn(
        'other-filename',
        `<filename> is "${voc!.filename}", but the file is named after ${baseName(image)}; ${image} is taken.`,
      )
    }
    return image
  }
  if (!voc) return null
  const named = nearestTo(folder, name ? (images.byName(name).length ? images.byName(name) : images.byStem(name)) : [])
  if (named[0]) return named[0]
  const guess = name && extension(name) ? name : `${stem(path)}.jpg`
  return joinPath(/(^|\/)Annotations$/.test(folder) ? `${folderOf(folder)}/JPEGImages` : folder, guess)
}

/** A class list beside the Annotations folder or the XML files fixes the order of the classes. */
async function findClassList(source: FormatSource, xmlFiles: readonly string[]): Promise<string[] | undefined> {
  const folders = [...new Set(xmlFiles.map(folderOf))].flatMap((folder) => [folder, folderOf(folder)])
  const names = ['labels.txt', 'classes.txt', 'predefined_classes.txt']
  const paths = new Set(folders.flatMap((folder) => names.map((name) => joinPath(folder, name)!)))
  const file = source.files.find(({ path }) => paths.has(path))
  if (!file) return undefined
  const lines = decodeText(await source.read(file.path)).split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '')
}

function missingNames(file: string, names: string[]): DatasetIssue {
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? '...' : '')
  const message = `${names.length} of the listed names ${names.length === 1 ? 'has' : 'have'} neither an image nor an annotation file: ${shown}.`
  return { level: 'warning', code: 'image-missing', message, file }
}

async function write(dataset: Dataset, sink: FormatSink, { origin }: Options): Promise<void> {
  const names = new Map(dataset.labels.map((label) => [label.key, label.name]))
  const sets: Record<Split, string[]> = { train: [], val: [], test: [] }
  for await (const item of dataset.items()) {
    const name = stem(item.sample.path)
    const file = `Annotations/${name}.xml`
    const text = printVoc(
      item,
      'JPEGImages',
      origin,
      (key) => names.get(key) ?? key,
      (issue) => sink.report({ ...issue, file }),
    )
    await sink.write(file, text)
    await sink.image(item.sample, `JPEGImages/${baseName(item.sample.path)}`)
    if (item.sample.split) sets[item.sample.split].push(name)
  }
  if (sets.train.length + sets.val.length + sets.test.length) {
    for (const [split, list] of Object.entries(sets))
      await sink.write(`ImageSets/Main/${split}.txt`, list.map((name) => `${name}\n`).join(''))
  }
  // VOC has no class list; this one keeps the order, and classes without an object.
  await sink.write('labels.txt', dataset.labels.map((label) => `${label.name}\n`).join(''))
}
