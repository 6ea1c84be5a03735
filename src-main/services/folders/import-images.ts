/** Brings images of a folder into its project together with the annotation files that are there already. */
import { createHash } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { decodeText } from '@shared/base/text'
import type { DatasetIssue } from '@shared/domain/dataset'
import { isCameraRaw } from '../../media/image-kind'
import { probeImage } from '../../media/probe-image'
import {
  clearTouched,
  getFolderConfig,
  putFolderFile,
  setFolderConfig,
  type FolderConfig,
  type FolderFile,
} from '../../store/folder-mode'
import { listLabels } from '../../store/label'
import type { Store } from '../../store/store'
import { readAnnotationText, type ReadFile } from './annotation-file'
import { classListOf, readClassList, remember } from './class-list'
import { annotationNames, candidateFiles, formatOf, type FolderListing } from './find-files'

export interface ImportedImages {
  samples: number
  annotations: number
  warnings: DatasetIssue[]
}

interface FoundFile extends Omit<FolderFile, 'sample' | 'own' | 'conflict'> {
  read: ReadFile
}

const chunkRows = 500
const keptWarnings = 200

/**
 * @param images paths relative to the folder; @param files annotation files that exist (absolute paths).
 * @param labels class names that come first, in this order. Throws `import-running` while another import goes on.
 */
export async function importImages(
  store: Store,
  config: FolderConfig,
  images: readonly string[],
  listing: FolderListing,
  files: ReadonlySet<string>,
  labels: readonly string[] = [],
): Promise<ImportedImages> {
  const names = annotationNames(listing.images)
  const warnings: DatasetIssue[] = []
  const warn = (file: string, issue: Omit<DatasetIssue, 'file'>): void => {
    if (warnings.length < keptWarnings) warnings.push({ ...issue, file })
  }
  const lists = new Map<string, string[] | null>()
  const classList = async (file: string): Promise<string[]> => {
    const list = classListOf(dirname(file))
    if (!lists.has(list)) lists.set(list, await readClassList(list))
    return lists.get(list) ?? [...labels]
  }
  const batch = store.beginImport({ source: config.folder, format: 'folder', root: config.folder })
  const found: FolderFile[] = []
  try {
    const given = [...labels]
    for (const list of await listsOf(files, classList)) given.push(...list.filter((name) => !given.includes(name)))
    batch.addLabels(given.map((name) => ({ key: name, name })))
    for (let at = 0; at < images.length; at += chunkRows) {
      await addChunk(images.slice(at, at + chunkRows))
      await breathe()
    }
    batch.finish({ warnings })
    // Nothing was awaited since the rows became visible: nobody but this import has touched them.
    for (const file of found) {
      putFolderFile(store.db, file)
      clearTouched(store.db, file.sample)
    }
  } catch (error) {
    batch.abort()
    throw error
  }
  rememberLists()
  return { samples: batch.counts.samples, annotations: batch.counts.annotations, warnings }

  async function addChunk(paths: readonly string[]): Promise<void> {
    const read: { path: string; file: FoundFile }[] = []
    const samples = []
    for (const path of paths) {
      const image = await probeImage(join(config.folder, path))
      if (image.state === 'unreadable') {
        const message = `${path} cannot be read: ${image.reason}. It is listed, but cannot be shown or trained on.`
        warn(path, { level: 'warning', code: 'image-unreadable', message })
      }
      const candidates = candidateFiles(config.folder, config.saveFolder, names.get(path)!)
      const file = await findFile(path, candidates.filter((candidate) => files.has(candidate)), image) // prettier-ignore
      if (file) read.push({ path, file })
      samples.push({
        key: path,
        path,
        state: image.state,
        ...(image.width && image.height ? { width: image.width, height: image.height } : {}),
        ...(file?.read.reviewed ? { reviewed: true } : {}),
        ...(file?.read.extra ? { extra: file.read.extra } : {}),
      })
    }
    const used = new Set(read.flatMap(({ file }) => file.read.annotations.map(({ label }) => label)))
    batch.addLabels([...used].map((name) => ({ key: name, name })))
    const ids = batch.addSamples(samples)
    for (const { path, file } of read) {
      const { read: content, ...rest } = file
      batch.addAnnotations(content.annotations.map((annotation) => ({ ...annotation, sample: path })))
      found.push({ ...rest, sample: ids.get(path)!.id, own: false, conflict: null })
    }
  }

  /** Of several files the newer one counts: LabelImg leaves the older one behind when the format is changed. */
  async function findFile(
    path: string,
    candidates: readonly string[],
    image: Awaited<ReturnType<typeof probeImage>>,
  ): Promise<FoundFile | null> {
    const dated = await Promise.all(
      candidates.map(async (file) => ({ file, info: await stat(file).catch(() => null) })),
    )
    const there = dated.flatMap(({ file, info }) => (info ? [{ file, info }] : []))
    const first = there[0] ? dirname(there[0].file) : ''
    const sorted = there.filter(({ file }) => dirname(file) === first).sort((a, b) => b.info.mtimeMs - a.info.mtimeMs)
    let chosen: FoundFile | null = null
    for (const { file, info } of sorted) {
      const bytes = await readFile(file)
      const { read, issues } = readAnnotationText(decodeText(bytes), formatOf(file), image, await classList(file))
      for (const issue of issues) warn(file, issue)
      if (!read) continue
      if (chosen) {
        const message = `${path} has two annotation files; the newer one, ${chosen.file}, counts. Remove the other.`
        warn(file, { level: 'warning', code: 'second-file', message })
        continue
      }
      const hash = createHash('sha256').update(bytes).digest('hex')
      chosen = { file, bytes: info.size, mtime: info.mtimeMs, hash, read }
    }
    return chosen
  }

  function rememberLists(): void {
    const now = getFolderConfig(store.db)!
    const classes = { ...now.classes }
    for (const [list, names] of lists) if (names) classes[list] ??= remember(names, listLabels(store.db))
    setFolderConfig(store.db, { ...now, classes })
    config.classes = classes
  }
}

/** The class lists beside YOLO files, in the order of their folders. */
async function listsOf(
  files: ReadonlySet<string>,
  classList: (file: string) => Promise<string[]>,
): Promise<string[][]> {
  const folders = new Set([...files].filter((file) => file.endsWith('classes.txt')).map(dirname))
  return Promise.all([...folders].sort().map((folder) => classList(join(folder, 'x.txt'))))
}

/** Camera files, for which there is no image row, with what to do. */
export async function listCameraRaw(folder: string): Promise<DatasetIssue[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  return names.filter(isCameraRaw).map((file) => ({
    level: 'skipped',
    code: 'cannot-decode',
    message: `${file} is a camera RAW file, which cannot be decoded here. Convert it to JPEG, PNG or TIFF.`,
    file,
  }))
}
