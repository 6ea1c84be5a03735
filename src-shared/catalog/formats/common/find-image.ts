/** The image that an annotation file names, wherever it lies now. */
import { nearestTo, type ImageIndex } from './image-index'
import { baseName, joinPath, splitOfPath } from './paths'
import type { Split } from '../../../domain/split'

export interface FoundImage {
  /** Never outside of the root. Where none is there: where it would be. */
  path: string
  isThere: boolean
  /** The candidates, when several fit equally and the first is taken. */
  rivals: string[]
}

/**
 * As a path from the annotation file's folder or the root, else by its trailing folders, else by its bare name; of several
 * the nearest to the file.
 * @param folder of the annotation file. @param split images in a folder of this name come first.
 */
export function findImage(name: string, folder: string, images: ImageIndex, split?: Split): FoundImage {
  for (const path of [joinPath(folder, name), joinPath(name)])
    if (path !== null && images.has(path)) return { path, isThere: true, rivals: [] }
  const clean = joinPath(name.replace(/^(\.\.[\\/])+/, '')) ?? baseName(name.replaceAll('\\', '/'))
  const all = images.byName(baseName(clean))
  const tail = all.filter((path) => path.endsWith(`/${clean}`))
  let found = tail.length ? tail : [...all]
  if (found.length > 1 && split) {
    const inSplit = found.filter((path) => splitOfPath(path) === split)
    if (inSplit.length) found = inSplit
  }
  if (found.length > 1) found = nearestTo(folder, found)
  return {
    path: found[0] ?? joinPath(folder, clean) ?? clean,
    isThere: found.length > 0,
    rivals: found.length > 1 ? found : [],
  }
}
