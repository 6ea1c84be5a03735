/** Finds the image an annotation file speaks of. */
import type { SourceFile } from '../../format'
import { baseName, folderOf, isImage, stem } from './paths'

export interface ImageIndex {
  /** All image paths in order. */
  readonly paths: readonly string[]
  has(path: string): boolean
  /** Images whose file name (with extension) is this, upper and lower case alike when no exact one exists. */
  byName(name: string): readonly string[]
  /** Images whose stem is this. */
  byStem(stem: string): readonly string[]
}

export function imageIndex(files: readonly SourceFile[]): ImageIndex {
  const paths = files.filter((file) => isImage(file.path)).map((file) => file.path)
  const known = new Set(paths)
  const names = lazyGroup(paths, (path) => baseName(path).normalize('NFC'))
  const lowered = lazyGroup(paths, (path) => baseName(path).normalize('NFC').toLowerCase())
  const stems = lazyGroup(paths, (path) => stem(path).normalize('NFC'))
  return {
    paths,
    has: (path) => known.has(path),
    byName: (name) => names(name.normalize('NFC')) ?? lowered(name.normalize('NFC').toLowerCase()) ?? [],
    byStem: (name) => stems(name.normalize('NFC')) ?? [],
  }
}

function lazyGroup(paths: readonly string[], key: (path: string) => string): (key: string) => string[] | undefined {
  let groups: Map<string, string[]> | null = null
  return (name) => {
    if (!groups) {
      groups = new Map()
      for (const path of paths) {
        const group = groups.get(key(path))
        if (group) group.push(path)
        else groups.set(key(path), [path])
      }
    }
    return groups.get(name)
  }
}

/**
 * Of several candidates those whose folder has most in common with `folder`: from the first folder on, then from the last
 * one back (`annotations/train` and `images/train`).
 */
export function nearestTo(folder: string, candidates: readonly string[]): string[] {
  if (candidates.length < 2) return [...candidates]
  const own = folder.split('/')
  const scored = candidates.map((path) => {
    const folders = folderOf(path).split('/')
    const first = sharedStart(own, folders)
    return { path, first, last: sharedStart(own.slice(first).reverse(), folders.slice(first).reverse()) }
  })
  const best = scored.reduce((top, one) => ((one.first - top.first || one.last - top.last) > 0 ? one : top))
  return scored.filter(({ first, last }) => first === best.first && last === best.last).map(({ path }) => path)
}

function sharedStart(a: string[], b: string[]): number {
  let n = 0
  while (n < a.length && n < b.length && a[n] === b[n]) n++
  return n
}
