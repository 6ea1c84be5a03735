/**
 * Keeps a folder's annotation files and the project's rows alike. Rows that a person changed are written to their file;
 * a file that another program changed is taken into the rows, but only while these are as they were last read or
 * written: changes on both sides wait for a person. Files of images that nobody touched are never written.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { decodeText } from '@shared/base/text'
import { isImage } from '@shared/catalog/formats/common/paths'
import type { FolderScan, FolderStatus } from '@shared/contract/folders'
import { probeImage } from '../../media/probe-image'
import { writeAtomic } from '../../jobs/write-atomic'
import {
  clearTouched,
  countTouched,
  folderSamples,
  getFolderConfig,
  getFolderFile,
  isTouched,
  listConflicts,
  listFolderFiles,
  putFolderFile,
  removeFolderFile,
  setFolderConfig,
  touchedSamples,
  touchSample,
  watchChanges,
  type FolderConfig,
  type FolderFile,
  type FolderSample,
} from '../../store/folder-mode'
import { listLabels } from '../../store/label'
import { setSampleStates } from '../../store/sample-file'
import type { SampleState } from '../../store/sample'
import type { Store } from '../../store/store'
import { readAnnotationText, type ReadFile } from './annotation-file'
import { applyFile } from './apply-file'
import { alignClassList, checkOrder, classListOf, readClassList, remember } from './class-list'
import { annotationNames, candidateFiles, formatOf, listFolder, targetFile } from './find-files'
import { importImages } from './import-images'
import { printSample } from './print-sample'
import { watchFolders } from './watch-folders'

export interface FolderSync {
  readonly status: FolderStatus
  /** Rejects with what reading the folder throws. */
  scan(): Promise<FolderScan>
  configure(patch: Partial<Pick<FolderConfig, 'saveFolder' | 'format' | 'saves'>>): void
  /** Throws `not-found` when there is nothing to decide. */
  resolve(sample: number, take: 'file' | 'project'): Promise<void>
  /** Resolves when what was asked so far is read and written. */
  settled(): Promise<void>
  /** Writes what is left, then stops. */
  close(): Promise<void>
}

export interface FolderSyncOptions {
  onStatus(status: FolderStatus): void
  onError(error: unknown): void
  /** Files beside which others are changed; off in hosts that live for one command. Default true. */
  watches?: boolean
}

/** Strokes of a person come singly, bulk changes at once: both are written soon after, ms. */
const writeDelay = 30
/** Where nothing can be watched, and for what watching misses, ms. */
const lookInterval = { unwatched: 4000, watched: 60_000 }

/** For a project with a folder config. Rows of images are there (see import-images.ts). */
export function createFolderSync(store: Store, { onStatus, onError, watches = true }: FolderSyncOptions): FolderSync {
  let config = getFolderConfig(store.db)!
  let closed = false
  let last = Promise.resolve<unknown>(undefined)
  let writeTimer: NodeJS.Timeout | null = null
  const problems = new Map<string, FolderStatus['problems'][number]>()
  /** Names of annotation files by image, from the last look at the folder. */
  let names = new Map<string, string>()
  let shown = ''

  watchChanges(store.db)

  /** One thing at a time: a file is never read while it is written. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work)
    last = next.catch(() => {})
    return next
  }
  const save = (patch: Partial<FolderConfig>): void => {
    config = { ...config, ...patch }
    setFolderConfig(store.db, config)
  }
  const oneSample = (id: number): FolderSample | undefined =>
    folderSamples(store.db, store.folder, config.folder, id)[0]
  const status = (): FolderStatus => ({
    active: true,
    folder: config.folder,
    saveFolder: config.saveFolder,
    format: config.format,
    saves: config.saves,
    classFile: config.classFile,
    pending: countTouched(store.db),
    conflicts: listConflicts(store.db).map(({ sample, file }) => ({
      sample,
      path: oneSample(sample)?.path ?? '',
      file,
      message: `${basename(file)} was changed by another program while the image was edited here. Choose which one counts.`,
    })),
    problems: [...problems.values()],
    watched: watcher.watched,
  })
  const tell = (): void => {
    if (closed) return
    const now = status()
    const text = JSON.stringify(now)
    if (text === shown) return
    shown = text
    onStatus(now)
  }
  const note = (file: string, error: unknown): void => {
    const { code, message } = toErrorShape(error)
    if (code === 'internal') onError(error)
    problems.set(file, { code, message, file })
  }

  const classesFor = async (file: string): Promise<string[]> => {
    if (formatOf(file) !== 'yolo') return []
    const list = classListOf(dirname(file))
    const found = (await readClassList(list)) ?? (config.classFile ? await readClassList(config.classFile) : null) ?? []
    const known = config.classes[list]
    if (known) checkOrder(list, found, known)
    return found
  }

  interface Seen {
    bytes: number
    mtime: number
    hash: string
    text: string
  }
  const readSeen = async (file: string): Promise<Seen | null> => {
    try {
      const bytes = await readFile(file)
      const { size, mtimeMs } = await stat(file)
      return { bytes: size, mtime: mtimeMs, hash: sha256(bytes), text: decodeText(bytes) }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return null
      throw new TagwrightError('no-access', `${file} cannot be read (${code}). Check its permissions.`, { file }, { cause: error }) // prettier-ignore
    }
  }
  const parse = async (sample: FolderSample, file: string, text: string): Promise<ReadFile | null> => {
    const image = await probeImage(sample.file, { decode: false })
    const { read, issues } = readAnnotationText(text, formatOf(file), image, await classesFor(file))
    const damaged = read ? undefined : issues[0]
    if (damaged) throw new TagwrightError(damaged.code, `${file}: ${damaged.message}`, { file })
    return read
  }

  /** What another program left in a file: taken over, or kept for a person to decide. */
  const take = async (
    sample: FolderSample,
    file: string,
    seen: Seen,
    old: FolderFile | null,
  ): Promise<'read' | 'conflict' | 'none'> => {
    const row = { sample: sample.id, file, bytes: seen.bytes, mtime: seen.mtime, hash: seen.hash, own: old?.own ?? false, conflict: null } // prettier-ignore
    if (old?.hash === seen.hash && old.file === file) {
      putFolderFile(store.db, { ...row, conflict: old.conflict === null ? null : seen.hash })
      return 'none'
    }
    if (isTouched(store.db, sample.id) || old?.conflict) {
      putFolderFile(store.db, { ...(old ?? { ...row, hash: '' }), file, conflict: seen.hash })
      return 'conflict'
    }
    const read = await parse(sample, file, seen.text)
    if (!read) return 'none'
    // The rows may have been touched while the file was read.
    if (isTouched(store.db, sample.id)) {
      putFolderFile(store.db, { ...(old ?? { ...row, hash: '' }), file, conflict: seen.hash })
      return 'conflict'
    }
    accept(sample, read, { ...row, own: false })
    return 'read'
  }
  const accept = (sample: FolderSample, read: ReadFile, row: FolderFile): void => {
    applyFile(store, sample.id, read, `Read ${basename(row.file)}, changed outside`, () => {
      putFolderFile(store.db, row)
      clearTouched(store.db, sample.id)
    })
    // When nothing differed there was no change to be part of.
    putFolderFile(store.db, row)
  }

  const look = async (only: ReadonlySet<string> | null): Promise<FolderScan> => {
    const result: FolderScan = { added: 0, missing: 0, read: 0, conflicts: 0 }
    const listing = await listFolder(config.folder)
    const saved = config.saveFolder ? await listFolder(config.saveFolder).catch(() => null) : null
    const files = new Set([...listing.annotations, ...(saved?.annotations ?? [])])
    names = annotationNames(listing.images)
    watcher.setFolders(watches ? [...listing.folders, ...(saved?.folders ?? [])] : [])
    await lookAtClassLists()
    const samples = folderSamples(store.db, store.folder, config.folder)
    const present = new Set(listing.images)
    const known = new Set(samples.map(({ path }) => path))
    const fresh = listing.images.filter((path) => !known.has(path))
    if (fresh.length > 0) result.added = (await importImages(store, config, fresh, listing, files)).samples
    result.missing = noteMissing(samples, present)
    const rows = new Map(listFolderFiles(store.db).map((row) => [row.sample, row]))
    for (const sample of samples) {
      if (closed || !present.has(sample.path)) continue
      const outcome = await lookAt(sample, rows.get(sample.id) ?? null, files, only)
      if (outcome === 'read') result.read++
      if (outcome === 'conflict') result.conflicts++
    }
    return result
  }

  const noteMissing = (samples: readonly FolderSample[], present: ReadonlySet<string>): number => {
    const states = new Map<number, SampleState>()
    for (const { id, path, state } of samples) {
      if (!present.has(path) && state !== 'missing') states.set(id, 'missing')
      else if (present.has(path) && state === 'missing') states.set(id, 'ok')
    }
    if (states.size > 0) store.events.emit('project.changed', { revision: setSampleStates(store.db, states) })
    return [...states.values()].filter((state) => state === 'missing').length
  }

  const lookAt = async (
    sample: FolderSample,
    row: FolderFile | null,
    files: ReadonlySet<string>,
    only: ReadonlySet<string> | null,
  ): Promise<'read' | 'conflict' | 'none'> => {
    const name = names.get(sample.path)!
    const candidates = candidateFiles(config.folder, config.saveFolder, name).filter((file) => files.has(file))
    const file = row && (files.has(row.file) || candidates.length === 0) ? row.file : candidates[0]
    if (!file || (only && !only.has(file))) return 'none'
    try {
      const info = await stat(file).catch(() => null)
      if (!info) {
        // The file is gone: its annotations are kept, and written again when the image is touched.
        if (row && !row.conflict) removeFolderFile(store.db, sample.id)
        return 'none'
      }
      if (row?.file === file && row.bytes === info.size && row.mtime === info.mtimeMs) {
        problems.delete(file)
        return 'none'
      }
      const seen = await readSeen(file)
      const outcome = seen ? await take(sample, file, seen, row) : 'none'
      problems.delete(file)
      return outcome
    } catch (error) {
      note(file, error)
      return 'none'
    }
  }

  /** Lists that only grew are followed; others stop the writing beside them until they are put back. */
  const lookAtClassLists = async (): Promise<void> => {
    for (const [file, known] of Object.entries(config.classes)) {
      try {
        const found = await readClassList(file)
        if (!found) continue
        checkOrder(file, found, known)
        problems.delete(file)
        if (found.length > known.length)
          save({ classes: { ...config.classes, [file]: remember(found, listLabels(store.db)) } })
      } catch (error) {
        note(file, error)
      }
    }
  }

  const writeAll = async (): Promise<void> => {
    if (!config.saves) return tell()
    for (const { sample: id, changes } of touchedSamples(store.db)) {
      const sample = oneSample(id)
      const file = sample ? fileFor(sample) : null
      if (!sample || !file) {
        clearTouched(store.db, id, changes)
        continue
      }
      try {
        if (await writeOne(sample, file)) clearTouched(store.db, id, changes)
        problems.delete(file)
      } catch (error) {
        note(file, error)
      }
    }
    tell()
  }

  const fileFor = (sample: FolderSample): string => {
    const name = names.get(sample.path) ?? annotationNames([sample.path]).get(sample.path)!
    return targetFile(config.folder, config.saveFolder, name, config.format)
  }

  /** false: the file waits for a person, or was changed outside just now. */
  const writeOne = async (sample: FolderSample, file: string): Promise<boolean> => {
    const row = getFolderFile(store.db, sample.id)
    if (row?.conflict) return false
    const seen = await readSeen(file)
    if (seen && (row?.file !== file || row.hash !== seen.hash)) {
      // Not read yet, so what it says is not known here.
      const old = row?.file === file ? row : { sample: sample.id, file, bytes: 0, mtime: 0, hash: '', own: false }
      putFolderFile(store.db, { ...old, file, conflict: seen.hash })
      return false
    }
    if (config.saveFolder) await makeFolder(dirname(file))
    const classes = config.format === 'yolo' ? await classesToWrite(file) : []
    const { text, isEmpty } = await printSample(store, sample, config.format, classes, (issue) => {
      if (issue.level === 'skipped') problems.set(`${file} ${issue.code}`, { ...issue, file })
    })
    if (isEmpty && (!seen || row?.own)) {
      // Never touched after all: undo takes back the file that was made here.
      if (seen) await rm(file)
      removeFolderFile(store.db, sample.id)
      return true
    }
    if (text !== seen?.text) await writeAtomic(file, [text])
    const { size, mtimeMs } = await stat(file)
    const own = seen ? (row?.own ?? false) : true
    putFolderFile(store.db, { sample: sample.id, file, bytes: size, mtime: mtimeMs, hash: sha256(Buffer.from(text)), own, conflict: null }) // prettier-ignore
    return true
  }

  const classesToWrite = async (file: string): Promise<string[]> => {
    const list = classListOf(dirname(file))
    const { names, known } = await alignClassList(list, listLabels(store.db), config.classes[list])
    if (JSON.stringify(known) !== JSON.stringify(config.classes[list]))
      save({ classes: { ...config.classes, [list]: known } })
    return names
  }

  const changed = store.events.on('project.changed', () => {
    if (closed || writeTimer || countTouched(store.db) === 0) return
    writeTimer = setTimeout(() => {
      writeTimer = null
      void inTurn(writeAll).catch(onError)
    }, writeDelay)
  })
  const lookLater = (only: ReadonlySet<string> | null): void => {
    if (closed) return
    void inTurn(async () => {
      await look(only)
      await writeAll()
    }).catch((error: unknown) => {
      note(config.folder, error)
      tell()
    })
  }
  const watcher = watchFolders((paths) => {
    const interesting = paths && [...paths].filter((path) => /\.(xml|txt)$/i.test(path) || isImage(path))
    if (!interesting || interesting.length > 0)
      lookLater(interesting?.every((path) => !isImage(path)) ? new Set(interesting) : null)
  })
  let lastLook = Date.now()
  const timer = watches
    ? setInterval(() => {
        const wait = watcher.watched && problems.size === 0 ? lookInterval.watched : lookInterval.unwatched
        if (Date.now() - lastLook < wait) return
        lastLook = Date.now()
        lookLater(null)
      }, 1000)
    : null
  timer?.unref()

  return {
    get status() {
      return status()
    },
    async scan() {
      const result = await inTurn(() => look(null))
      await inTurn(writeAll)
      return result
    },
    configure(patch) {
      if (patch.format && patch.format !== config.format) {
        // The files of the other format stay; those written from now on are new.
        save({ format: patch.format })
      }
      save(patch)
      void inTurn(writeAll).catch(onError)
      tell()
    },
    resolve: (id, choice) =>
      inTurn(async () => {
        const row = getFolderFile(store.db, id)
        const sample = oneSample(id)
        if (!row?.conflict || !sample) {
          throw new TagwrightError('not-found', `The file of image ${id} is in step with the project.`, { sample: id })
        }
        const seen = await readSeen(row.file)
        if (choice === 'file' && seen) {
          const read = await parse(sample, row.file, seen.text)
          if (!read)
            throw new TagwrightError('not-annotations', `${row.file} holds no annotations. Take the project's.`)
          accept(sample, read, { ...row, bytes: seen.bytes, mtime: seen.mtime, hash: seen.hash, conflict: null })
        } else {
          putFolderFile(store.db, { ...row, ...(seen ?? { bytes: 0, mtime: 0, hash: '' }), conflict: null })
          touchSample(store.db, id)
          await writeAll()
        }
        tell()
      }),
    async settled() {
      for (let seen; seen !== last;) {
        seen = last
        await seen
      }
      if (!closed && countTouched(store.db) > 0) await inTurn(writeAll)
    },
    async close() {
      changed()
      if (timer) clearInterval(timer)
      if (writeTimer) clearTimeout(writeTimer)
      await inTurn(writeAll).catch(onError)
      closed = true
      watcher.close()
    },
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const message = `The folder ${folder} could not be made (${code}). Choose another save folder.`
    throw new TagwrightError('not-writable', message, { folder }, { cause })
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
