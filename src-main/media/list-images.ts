import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { isImage } from '@shared/catalog/formats/common/paths'

/** The file itself, or the images of a folder by name; absolute paths. Throws `not-found`. */
export function listImages(given: string): string[] {
  const path = resolve(given)
  if (!existsSync(path))
    throw new TagwrightError('not-found', `The image ${path} does not exist. Check the path.`, { file: path })
  if (!statSync(path).isDirectory()) return [path]
  const found = readdirSync(path).filter(isImage).sort()
  if (found.length === 0)
    throw new TagwrightError('not-found', `The folder ${path} holds no image. Name files or another folder.`)
  return found.map((name) => join(path, name))
}
