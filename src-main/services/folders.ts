import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { StudioContracts } from '@shared/contract'
import { isImage } from '@shared/catalog/formats/common/paths'
import type { FolderStatus, foldersContract } from '@shared/contract/folders'
import type { Hub, ServiceHandlers } from '@shared/contract/rpc'
import { readLabelsFile } from '../jobs/choose-format'
import { makeFolder } from '../media/make-folder'
import { folderSamples, getFolderConfig, setFolderConfig, type FolderConfig } from '../store/folder-mode'
import { toSlashes } from '../store/root'
import { projectFileName, type Store } from '../store/store'
import type { UserFolders } from '../store/user-folders'
import { ensureLabels } from './folders/apply-file'
import { formatOf, listFolder, type FolderListing } from './folders/find-files'
import { importImages, listCameraRaw } from './folders/import-images'
import { createFolderSync, type FolderSync } from './folders/sync-folder'
import type { ProjectSession } from './project-session'
import { projectInfo } from './project'

export interface FoldersDeps {
  session: ProjectSession
  hub: Pick<Hub<StudioContracts>, 'emit'>
  folders: UserFolders
  /** false: files are read and written, but not watched. */
  watches: boolean
  onError(error: unknown): void
}

export interface Folders {
  service: ServiceHandlers<typeof foldersContract>
  /** Begun and ended with an open project. */
  task: { opened(store: Store): void; closing(): Promise<void> }
  /** null: the open project was not made from a folder. */
  sync(): FolderSync | null
}

const inactive: FolderStatus = {
  active: false,
  folder: null,
  saveFolder: null,
  format: 'voc',
  saves: false,
  classFile: null,
  pending: 0,
  conflicts: [],
  problems: [],
  watched: false,
}

export function createFolders({ session, hub, folders, watches, onError }: FoldersDeps): Folders {
  let sync: FolderSync | null = null
  const attach = (store: Store): FolderSync =>
    (sync ??= createFolderSync(store, {
      watches,
      onError,
      onStatus: (status) => hub.emit('folders.changed', status),
    }))
  const need = (): FolderSync => {
    session.store()
    if (sync) return sync
    throw new TagwrightError('no-folder', 'The open project was not made from a folder of images. Open one first.')
  }

  const service: Folders['service'] = {
    async open({ path: given, classFile, saveFolder: save, format, project }) {
      const { folder, image } = findFolder(given)
      const listing = await listFolder(folder)
      if (listing.images.length === 0) {
        const raw = (await listCameraRaw(folder)).length
        const what = raw > 0 ? `${raw} camera RAW files, which cannot be decoded here. Convert them to JPEG` : 'no images. Choose another folder' // prettier-ignore
        throw new TagwrightError('no-images', `${folder} holds ${what}.`, { folder })
      }
      const labels = classFile === null ? [] : await readLabelsFile(classFile)
      const saveFolder = save === null ? null : resolve(save)
      if (saveFolder) await makeWritable(saveFolder)
      const place = projectPlace(folder, project, folders)
      const known = existsSync(join(place, projectFileName))
      const store = known
        ? await session.open(place, { replace: true })
        : await session.init(place, { name: basename(folder), task: 'detect' }, { replace: true })
      const files = new Set([...listing.annotations, ...(saveFolder ? (await listFolder(saveFolder)).annotations : [])])
      const old = getFolderConfig(store.db)
      const config: FolderConfig = {
        folder,
        saveFolder: saveFolder ?? old?.saveFolder ?? null,
        format: format === 'auto' ? (old?.format ?? commonFormat(files)) : format,
        saves: old?.saves ?? true,
        classFile: classFile ?? old?.classFile ?? null,
        classes: old?.classes ?? {},
      }
      let warnings = await listCameraRaw(folder)
      if (old && sync) {
        if (labels.length > 0) ensureLabels(store, labels)
        sync.configure({ saveFolder: config.saveFolder, format: config.format })
        await sync.scan()
      } else {
        setFolderConfig(store.db, config)
        const imported = await importImages(store, config, listing.images, listing, files, labels)
        warnings = [...warnings, ...imported.warnings]
        await attach(store).scan()
      }
      const wanted = image === null ? null : toSlashes(relative(folder, image))
      const samples = wanted === null ? [] : folderSamples(store.db, store.folder, folder)
      return {
        project: projectInfo(store),
        status: sync!.status,
        sample: samples.find(({ path }) => path === wanted)?.id ?? null,
        warnings: warnings.map(({ code, message, file }) => ({ code, message, file })),
      }
    },
    status: () => sync?.status ?? inactive,
    async configure({ saveFolder, ...patch }) {
      const open = need()
      const folder = saveFolder ? resolve(saveFolder) : saveFolder
      if (folder) await makeWritable(folder)
      open.configure({ ...patch, ...(folder === undefined ? {} : { saveFolder: folder }) })
      return open.status
    },
    scan: () => need().scan(),
    resolve: ({ sample, take }) => need().resolve(sample, take),
  }
  return {
    service,
    sync: () => sync,
    task: {
      opened(store) {
        if (!getFolderConfig(store.db)) return
        // What happened while the project was closed; errors are part of the status.
        void attach(store).scan().catch(onError)
      },
      async closing() {
        const open = sync
        sync = null
        await open?.close()
      },
    },
  }
}

function findFolder(given: string): { folder: string; image: string | null } {
  const path = resolve(given)
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info) throw new TagwrightError('not-found', `There is no file or folder ${path}. Check the path.`, { path })
  if (info.isDirectory()) return { folder: path, image: null }
  if (isImage(path)) return { folder: dirname(path), image: path }
  throw new TagwrightError('no-images', `${path} is not an image. Open an image or a folder of images.`, { path })
}

/** A project that lies in the folder already is used wherever a new one would be made. */
function projectPlace(folder: string, wanted: 'user' | 'folder', folders: UserFolders): string {
  const inside = join(folder, '.tagwright')
  for (const place of [folder, inside]) if (existsSync(join(place, projectFileName))) return place
  if (wanted === 'folder') return inside
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 8)
  return join(folders.projects, 'Folders', `${basename(folder) || 'root'}-${hash}`)
}

/** Throws `not-writable`. */
async function makeWritable(folder: string): Promise<void> {
  try {
    makeFolder(folder)
    await access(folder, constants.W_OK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new TagwrightError(
      'not-writable',
      `Files cannot be written to ${folder} (${code}). Choose another save folder.`,
      { folder },
      { cause },
    )
  }
}

function commonFormat(files: FolderListing['annotations']): 'voc' | 'yolo' {
  const count = { voc: 0, yolo: 0 }
  for (const file of files) if (!/(^|[\\/])(classes|predefined_classes|readme[^/\\]*)\.txt$/i.test(file)) count[formatOf(file)]++ // prettier-ignore
  return count.yolo > count.voc ? 'yolo' : 'voc'
}
