/** What was dropped on the window: paths in the Electron shell, files to upload in a browser. */
import { shell } from './dial'

export interface DroppedFile {
  /** Relative, `/` as separator, with the name of the dropped folder. */
  path: string
  file: File
}
export type Dropped = { kind: 'paths'; paths: string[] } | { kind: 'files'; files: DroppedFile[] }

/**
 * Must be called inside the drop event's handler: afterwards the browser empties the transfer.
 * @returns a promise, since folders are walked entry by entry
 */
export function readDrop(transfer: DataTransfer): Promise<Dropped> {
  const [only, ...others] = transfer.files
  // Videos are read in the window, wherever they lie.
  if (only && others.length === 0 && isVideo(only)) {
    return Promise.resolve({ kind: 'files', files: [{ path: only.name, file: only }] })
  }
  if (shell) {
    const paths = [...transfer.files].map((file) => shell!.pathOf(file)).filter((path) => path !== '')
    return Promise.resolve({ kind: 'paths', paths })
  }
  const entries: FileSystemEntry[] = []
  const loose: DroppedFile[] = []
  for (const item of transfer.items) {
    const entry = item.webkitGetAsEntry()
    // What is dragged out of another page is a file without an entry.
    const file = entry ? null : item.getAsFile()
    if (entry) entries.push(entry)
    else if (file) loose.push({ path: file.name, file })
  }
  return walk(entries).then((files) => ({ kind: 'files', files: [...loose, ...files] }))
}

async function walk(entries: readonly FileSystemEntry[]): Promise<DroppedFile[]> {
  const found: DroppedFile[] = []
  for (const entry of entries) {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
      found.push({ path: entry.fullPath.replace(/^\//, ''), file })
    } else if (entry.isDirectory) {
      const reader = (entry as FileSystemDirectoryEntry).createReader()
      for (;;) {
        // A reader hands out at most some hundred entries at a time, then none.
        const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
        if (some.length === 0) break
        found.push(...(await walk(some)))
      }
    }
  }
  return found
}

export const isVideo = ({ type, name }: File): boolean =>
  type.startsWith('video/') || /\.(mp4|m4v|mov|webm|mkv|avi)$/i.test(name)

/** Files chosen by an <input type=file>, with or without `webkitdirectory`. */
export function fromInput(list: FileList): DroppedFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }))
}
