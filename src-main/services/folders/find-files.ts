/** Which files a folder of images holds, and which annotation file belongs to which image. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { extension, folderOf, isImage, stem } from '@shared/catalog/formats/common/paths'
import type { MirrorFormat } from '@shared/contract/folders'
import { toSlashes } from '../../store/root'
import { endings } from './annotation-file'

export interface FolderListing {
  /** Image paths relative to the folder, `/` as separator, in natural order. */
  images: string[]
  /** Absolute paths of .xml and .txt files. */
  annotations: Set<string>
  /** Absolute paths of all folders, the first one included. */
  folders: string[]
}

const naturally = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Hidden files and folders, and projects, are passed by. Throws what reading the first folder throws. */
export async function listFolder(folder: string): Promise<FolderListing> {
  const listing: FolderListing = { images: [], annotations: new Set(), folders: [] }
  const walk = async (path: string): Promise<void> => {
    const absolute = path ? join(folder, path) : folder
    const entries = await readdir(absolute, { withFileTypes: true }).catch((error: unknown) => {
      if (path === '') throw error
      return []
    })
    if (path !== '' && entries.some((entry) => entry.name === 'project.tagwright')) return
    listing.folders.push(absolute)
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue
      const child = path ? `${path}/${entry.name}` : entry.name
      if (entry.isDirectory()) await walk(child)
      else if (isImage(entry.name)) listing.images.push(child)
      else if (extension(entry.name) === '.xml' || extension(entry.name) === '.txt')
        listing.annotations.add(join(folder, child))
    }
  }
  await walk('')
  listing.images.sort(naturally.compare)
  return listing
}

/**
 * Name of an image's annotation file without its ending, relative to the folder. Images that share a stem
 * (`1.jpg`, `1.png`) would overwrite each other: the first keeps the stem, the others their whole name.
 */
export function annotationNames(images: readonly string[]): Map<string, string> {
  const taken = new Map<string, string>()
  const names = new Map<string, string>()
  for (const image of images) {
    const folder = folderOf(image)
    const base = folder ? `${folder}/${stem(image)}` : stem(image)
    const key = base.normalize('NFC').toLowerCase()
    if (taken.has(key)) names.set(image, image)
    else {
      taken.set(key, image)
      names.set(image, base)
    }
  }
  return names
}

/** Where an image's file is written: in the save folder, whose folders follow those of the images, or beside it. */
export const targetFile = (folder: string, saveFolder: string | null, name: string, format: MirrorFormat): string =>
  join(saveFolder ?? folder, `${name}${endings[format]}`)

/** Where a file may be found: the save folder first. LabelImg puts the files of all folders into one save folder. */
export function candidateFiles(folder: string, saveFolder: string | null, name: string): string[] {
  const places = saveFolder
    ? [join(saveFolder, name), join(saveFolder, name.split('/').pop()!), join(folder, name)]
    : [join(folder, name)]
  return [...new Set(places)].flatMap((place) => [`${place}.xml`, `${place}.txt`])
}

export const formatOf = (file: string): MirrorFormat => (toSlashes(file).endsWith('.xml') ? 'voc' : 'yolo')
