/** Paths of a source: relative, `/` as separator, code-unit order. */
import type { Split } from '../../../domain/split'

const imageExtensions = new Set(
  'jpg jpeg jpe jfif png bmp gif webp tif tiff avif heic heif ppm pgm dng'.split(' ').map((ext) => `.${ext}`),
)

export const isImage = (path: string): boolean => imageExtensions.has(extension(path))

/** With the dot, lower case; empty when there is none. */
export function extension(path: string): string {
  const name = baseName(path)
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(dot).toLowerCase() : ''
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** The file name without its last extension. */
export function stem(path: string): string {
  const name = baseName(path)
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}

/** The whole path without its last extension. */
export function withoutExtension(path: string): string {
  const folder = folderOf(path)
  return folder ? `${folder}/${stem(path)}` : stem(path)
}

/** Joins and resolves `.` and `..`; `\` counts as `/`. Null when the result would lie outside of the root. */
export function joinPath(...parts: string[]): string | null {
  const result: string[] = []
  for (const part of parts.join('/').replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') result.push(part)
    else if (result.pop() === undefined) return null
  }
  return result.join('/')
}

/** The first of the known split names among the folders and the stem, nearest to the file first. */
export function splitOfPath(path: string): Split | undefined {
  for (const part of [...path.split('/').slice(0, -1)].reverse()) {
    const split = splitOfName(part)
    if (split) return split
  }
  return undefined
}

/** train, val, test from names like `train2017`, `valid`, `instances_val`, `_test`. */
export function splitOfName(name: string): Split | undefined {
  const match =
    /(?:^|[_.-])(train|training|val|valid|validation|test|testing|minival)(?:[_.-]?\d{4})?(?=$|[_.-])/i.exec(name)
  if (!match) return undefined
  const word = match[1].toLowerCase()
  return word.startsWith('train') ? 'train' : word.startsWith('test') ? 'test' : 'val'
}
