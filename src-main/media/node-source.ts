/** Files and folders a person named, as formats read them. */
import { createReadStream, readdirSync, realpathSync, statSync } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { decodeText } from '@shared/base/text'
import type { FormatProbe, FormatSource, SourceFile } from '@shared/catalog/format'
import { isImage } from '@shared/catalog/formats/common/paths'
import { isCameraRaw } from './image-kind'
import { probeImage, type ImageProbe } from './probe-image'

export interface NodeSource extends FormatSource, FormatProbe {
  /** Absolute; all paths of the source are relative to it. */
  readonly root: string
  /** What was named, for messages. */
  readonly given: string
  /** Cached; `missing` without a look at the disk for what the listing does not hold. */
  probe(path: string): Promise<ImageProbe>
}

const maxReadBytes = 64 * 1024 * 1024
const pieceBytes = 1024 * 1024
/** Folders beside an annotation folder that hold its images and splits. */
const siblings = /^(jpegimages|images?|imgs?|photos?|data|imagesets|labels|train\d*|val\d*|valid|test\d*)$/i
/** What operating systems and network drives put beside files of people: archives of a Mac, thumbnails, bins. */
const systemFolders = new Set([
  '__MACOSX',
  '@eaDir',
  '#recycle',
  '$RECYCLE.BIN',
  'System Volume Information',
  'lost+found',
])
const annotationFolder = /^(annotations?|annos?|labels?|xmls?|json)$/i

/**
 * One source per folder; image files named one by one form one source; an annotation file (.json, .yaml, .xml...) is read
 * alone, with the images around it and in the folders named beside it. Throws `not-found`, `no-access`.
 */
export function openSources(paths: readonly string[]): NodeSource[] {
  const files: string[] = []
  const folders: string[] = []
  for (const path of paths.map((path) => resolve(path))) (statOf(path).isDirectory() ? folders : files).push(path)
  // Camera files cannot be decoded; among the images they are found and reported.
  const isPicture = (file: string) => isImage(file) || isCameraRaw(file)
  const images = files.filter(isPicture)
  const annotations = files.filter((file) => !isPicture(file))
  const sources: NodeSource[] = []
  if (annotations.length) {
    const around = folders.length ? folders : annotations.flatMap((file) => foldersAround(file))
    const root = commonFolder([...annotations.map(dirname), ...around])
    sources.push(createSource(root, [...annotations, ...around], annotations))
  } else {
    for (const folder of folders) sources.push(openFolder(folder))
  }
  if (images.length) sources.push(createSource(commonFolder(images.map(dirname)), images, []))
  return sources
}

/** A folder that only holds annotation files is read together with the image folders beside it. */
function openFolder(folder: string): NodeSource {
  const source = createSource(folder, [folder], [])
  if (source.files.length === 0 || source.files.some((file) => isImage(file.path))) return source
  const parent = dirname(folder)
  const beside = listFolder(parent).filter((entry) => siblings.test(entry) && join(parent, entry) !== folder)
  const folders = beside.map((entry) => join(parent, entry)).filter((path) => statOf(path).isDirectory())
  return folders.length ? createSource(parent, [folder, ...folders], []) : source
}

/** Where the images of an annotation file may be. */
function foldersAround(file: string): string[] {
  const folder = dirname(file)
  const above = dirname(folder)
  // PoseTrack keeps one file a video in annotations/val.
  if (siblings.test(basename(folder)) && annotationFolder.test(basename(above))) return [dirname(above)]
  return annotationFolder.test(basename(folder)) ? [above] : [folder]
}

function createSource(root: string, listed: readonly string[], named: readonly string[]): NodeSource {
  const toPath = (absolute: string) => relative(root, absolute).split(sep).join('/')
  const found = new Map<string, SourceFile>()
  const visited = new Set<string>()
  for (const path of listed) list(path, toPath, found, visited)
  const files = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  const probes = new Map<string, Promise<ImageProbe>>()
  const absolute = (path: string) => join(root, path)
  const probe = (path: string): Promise<ImageProbe> => {
    if (!found.has(path)) return Promise.resolve({ state: 'missing' })
    let result = probes.get(path)
    if (!result) probes.set(path, (result = probeImage(absolute(path))))
    return result
  }
  return {
    root,
    given: [...(named.length ? named : listed)].slice(0, 3).join(', '),
    files,
    named: named.map(toPath),
    probe,
    async read(path) {
      const { size } = await stat(absolute(path))
      if (size > maxReadBytes) {
        throw new TagwrightError(
          'file-too-large',
          `${path} has ${Math.round(size / 1048576)} MB; an annotation file of this kind may have 64 MB. Check that it is one.`,
          { file: path },
        )
      }
      return readFile(absolute(path))
    },
    stream: (path, start = 0, end = Infinity) =>
      end <= start ? none() : createReadStream(absolute(path), { start, end: end - 1, highWaterMark: pieceBytes }),
    async imageSize(path) {
      const { width, height } = await probe(path)
      return width && height ? { width, height } : null
    },
    async head(path, bytes = 65536) {
      const handle = await open(absolute(path))
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, 0)
        return decodeText(buffer.subarray(0, bytesRead))
      } finally {
        await handle.close()
      }
    },
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** Hidden files, other projects and links in a circle are left out; links to files and folders are followed. */
function list(
  path: string,
  toPath: (path: string) => string,
  found: Map<string, SourceFile>,
  visited: Set<string>,
): void {
  const stats = statOf(path)
  if (!stats.isDirectory()) {
    found.set(toPath(path), { path: toPath(path), size: stats.size })
    return
  }
  const real = realpathSync(path)
  if (visited.has(real)) return
  visited.add(real)
  let entries
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    throw noAccess(path, error)
  }
  if (entries.some((entry) => entry.name === 'project.tagwright')) return
  for (const entry of entries) {
    if (entry.name.startsWith('.') || systemFolders.has(entry.name)) continue
    const child = join(path, entry.name)
    if (entry.isDirectory()) list(child, toPath, found, visited)
    else if (entry.isFile()) {
      const key = toPath(child)
      // A size costs a look at the disk, and only annotation files need one.
      found.set(key, isImage(child) ? { path: key } : { path: key, size: statSync(child).size })
    } else if (entry.isSymbolicLink()) {
      try {
        list(child, toPath, found, visited)
      } catch {
        // A link that leads nowhere is no file.
      }
    }
  }
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new TagwrightError('not-found', `There is no file or folder ${path}. Check the path.`, { path })
    }
    throw noAccess(path, error)
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

const noAccess = (path: string, error: unknown): TagwrightError =>
  new TagwrightError(
    'no-access',
    `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}). Check its permissions.`,
    { path },
    { cause: error },
  )

function commonFolder(folders: readonly string[]): string {
  let common = folders[0].split(sep)
  for (const folder of folders.slice(1)) {
    const parts = folder.split(sep)
    let n = 0
    while (n < common.length && n < parts.length && common[n] === parts[n]) n++
    common = common.slice(0, n)
  }
  return common.join(sep) || sep
}
