/** The machine's folders for the window's folder browser. Reads names and sizes, never contents. */
import { constants } from 'node:fs'
import { access, mkdir, opendir, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, extname, join, parse, resolve, sep } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { annotationEndings } from '@shared/catalog/formats'
import { isImage } from '@shared/catalog/formats/common/paths'
import type { filesContract, FolderEntry, Place } from '@shared/contract/files'
import type { ServiceHandlers } from '@shared/contract/rpc'
import { projectFileName } from '../store/store'
import type { UserFolders } from '../store/user-folders'

type EntryKind = FolderEntry['kind']
const kinds: Readonly<Record<string, EntryKind>> = { '.onnx': 'model', '.ckpt': 'model', '.zip': 'archive', '.tagwright': 'project' } // prettier-ignore
const kindOf = (name: string): EntryKind => {
  if (isImage(name)) return 'image'
  const ending = extname(name).toLowerCase()
  return kinds[ending] ?? (annotationEndings.has(ending) ? 'annotations' : 'file')
}
const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
const isHidden = (name: string): boolean => name.startsWith('.') || (sep === '\\' && name.startsWith('$'))

/** @param reveal shows a path in the system's file manager; null: this machine has none. */
export function createFilesService(
  folders: UserFolders,
  reveal: ((path: string) => Promise<void>) | null,
): ServiceHandlers<typeof filesContract> {
  return {
    async places() {
      const home = homedir()
      const own: Place[] = [
        { kind: 'home', name: basename(home), path: home },
        { kind: 'projects', name: basename(folders.projects), path: folders.projects },
      ]
      for (const [kind, name] of [
        ['pictures', 'Pictures'],
        ['documents', 'Documents'],
        ['desktop', 'Desktop'],
        ['downloads', 'Downloads'],
      ] as const) {
        own.push({ kind, name, path: join(home, name) })
      }
      const all = [...own, ...(await drives())]
      const there = await Promise.all(all.map(({ path }) => isFolder(path)))
      return { places: all.filter((_, i) => there[i]), separator: sep }
    },
    async list({ path: given, hidden, limit }, { signal }) {
      let path = resolve(given ?? homedir())
      const info = await stat(path).catch((error) => Promise.reject(fault(error, path)))
      if (info.isFile()) path = dirname(path)
      else if (!info.isDirectory()) throw new TagwrightError('not-a-folder', `${path} is not a folder. Choose another.`)
      const found = await readdir(path, { withFileTypes: true }).catch((error) => Promise.reject(fault(error, path)))
      signal.throwIfAborted()
      const items = await Promise.all(
        found
          .filter(({ name }) => hidden || !isHidden(name))
          .map(async (entry) => {
            // A link counts as what it points to.
            const isDirectory = entry.isSymbolicLink() ? await isFolder(join(path, entry.name)) : entry.isDirectory()
            return { name: entry.name, isDirectory, kind: isDirectory ? 'folder' : kindOf(entry.name) } as const
          }),
      )
      items.sort((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || natural.compare(a.name, b.name))
      const files = items.filter(({ isDirectory }) => !isDirectory)
      signal.throwIfAborted()
      const entries = await Promise.all(items.slice(0, limit).map((item) => describe(path, item)))
      const { root } = parse(path)
      return {
        path,
        name: basename(path) || root,
        parent: path === root ? null : dirname(path),
        trail: trailOf(path),
        entries,
        counts: {
          folders: items.length - files.length,
          images: files.filter(({ kind }) => kind === 'image').length,
          files: files.length,
        },
        writable: await access(path, constants.W_OK).then(
          () => true,
          () => false,
        ),
        isProject: found.some(({ name }) => name === projectFileName),
      }
    },
    async countImages({ path, milliseconds }, { signal }) {
      const end = performance.now() + milliseconds
      const waiting = [resolve(path)]
      let images = 0
      let count = 0
      while (waiting.length > 0) {
        const folder = waiting.shift()!
        count++
        let entries
        try {
          entries = await opendir(folder)
        } catch (error) {
          // The first one was asked for; those below may be closed to this user.
          if (count === 1) throw fault(error, folder)
          continue
        }
        for await (const entry of entries) {
          if (signal.aborted || performance.now() > end) return { images, folders: count, complete: false }
          if (isHidden(entry.name)) continue
          if (entry.isDirectory()) waiting.push(join(folder, entry.name))
          else if (isImage(entry.name)) images++
        }
      }
      return { images, folders: count, complete: true }
    },
    async createFolder({ parent, name }) {
      // eslint-disable-next-line no-control-regex
      if (name === '.' || name === '..' || /[\\/\u0000]/.test(name) || (sep === '\\' && /[:*?"<>|]/.test(name))) {
        throw new TagwrightError('bad-name', `"${name}" cannot be the name of a folder. Leave out slashes.`, { name })
      }
      const path = join(resolve(parent), name)
      await mkdir(path).catch((error) => Promise.reject(fault(error, path)))
      return { path }
    },
    async reveal({ path: given }) {
      const path = resolve(given)
      if (!reveal) {
        throw new TagwrightError('not-available', `The host has no file manager to show ${path} in.`, { path })
      }
      await stat(path).catch((error) => Promise.reject(fault(error, path)))
      await reveal(path)
    },
  }
}

async function describe(
  folder: string,
  { name, isDirectory, kind }: { name: string; isDirectory: boolean; kind: EntryKind },
): Promise<FolderEntry> {
  const path = join(folder, name)
  const info = await stat(path).catch(() => null)
  const modifiedAt = info?.mtime.toISOString() ?? null
  if (!isDirectory) return { name, path, kind, size: info?.size ?? null, modifiedAt }
  const isProject = await stat(join(path, projectFileName)).catch(() => null)
  return { name, path, kind: isProject?.isFile() ? 'project' : 'folder', size: null, modifiedAt }
}

function trailOf(path: string): { name: string; path: string }[] {
  const { root } = parse(path)
  const trail = [{ name: root, path: root }]
  for (const name of path.slice(root.length).split(sep).filter(Boolean)) {
    trail.push({ name, path: join(trail.at(-1)!.path, name) })
  }
  return trail
}

/** Where other disks are found on this system. */
async function drives(): Promise<Place[]> {
  if (process.platform === 'win32') {
    return [...'CDEFGHIJKLMNOPQRSTUVWXYZAB'].map((letter) => ({
      kind: 'drive',
      name: `${letter}:`,
      path: `${letter}:\\`,
    }))
  }
  const user = process.env.USER ?? ''
  const parents = process.platform === 'darwin' ? ['/Volumes'] : [`/media/${user}`, `/run/media/${user}`, '/mnt']
  const mounted = await Promise.all(
    parents.map(async (parent) =>
      (await readdir(parent).catch(() => []))
        .filter((name) => !isHidden(name))
        .map((name): Place => ({ kind: 'drive', name, path: join(parent, name) })),
    ),
  )
  return [...mounted.flat(), { kind: 'root', name: '/', path: '/' }]
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  )

function fault(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  const known: Record<string, [string, string]> = {
    ENOENT: ['not-found', `There is nothing at ${path}. It may have been moved; choose another folder.`],
    ENOTDIR: ['not-a-folder', `${path} is not a folder. Choose another.`],
    EEXIST: ['exists', `${path} is there already. Choose another name.`],
    EACCES: ['no-access', `${path} may not be read or changed by this user. Choose another folder.`],
    EPERM: ['no-access', `${path} may not be read or changed by this user. Choose another folder.`],
    EROFS: ['no-access', `${path} is on a disk that cannot be written to. Choose another folder.`],
  }
  if (!code || !known[code]) return error
  return new TagwrightError(known[code][0], known[code][1], { path }, { cause: error })
}
