/** What an import says of files that it takes as plain images, or not at all. */
import { folderOf, isImage, stem } from '@shared/catalog/formats/common/paths'
import type { DatasetIssue } from '@shared/domain/dataset'
import type { Truth } from '@shared/domain/task'
import { isCameraRaw } from '../media/image-kind'
import type { NodeSource } from '../media/node-source'

/** No format was found, so the images come without what the project is about: where it would have been looked for. */
export function imagesAlone(source: NodeSource, truth: Truth): DatasetIssue[] {
  const others = source.files.filter((file) => !isImage(file.path) && !isCameraRaw(file.path))
  return [
    ...(others.length > 0 ? [noAnnotations(others)] : []),
    ...(truth === 'class' ? noClasses(source) : []),
    ...(truth === 'image' ? sameNames(source) : []),
  ]
}

/** Camera files have no row: next to most of them lies the JPEG that the camera made. */
export function cameraRaw(source: NodeSource): DatasetIssue[] {
  return source.files
    .filter((file) => isCameraRaw(file.path))
    .map(({ path }) => ({
      level: 'skipped',
      code: 'cannot-decode',
      message: `${path} is a camera RAW file, which cannot be decoded here; it is not imported. Convert it to JPEG, PNG or TIFF.`,
      file: path,
    }))
}

function noAnnotations(others: NodeSource['files']): DatasetIssue {
  const message = `No annotation format was recognised in the ${others.length} other files, first ${others[0].path}; the images are imported without annotations.`
  return { level: 'warning', code: 'no-annotations', message, file: others[0].path }
}

/** A project of classes got images alone: where their classes would have been found. */
function noClasses(source: NodeSource): DatasetIssue[] {
  const first = source.files.find(({ path }) => isImage(path))
  if (!first) return []
  const message = `The images lie in no folders of which each is a class, so they are imported without labels. Sort them into one folder a class and import that, or label them in the window; --format class-folders takes a single folder as a class.`
  return [{ level: 'warning', code: 'no-classes', message, file: first.path }]
}

/** Folders with images of the same names look like noisy and clean ones; as they are called, both would be learned as clean. */
function sameNames({ files }: NodeSource): DatasetIssue[] {
  const names = new Map<string, string>()
  for (const { path } of files) {
    if (!isImage(path)) continue
    const name = stem(path).toLowerCase()
    const other = names.get(name)
    if (other !== undefined && folderOf(other) !== folderOf(path)) {
      const message = `${other} and ${path} have the same name, but no word in their paths tells which one is noisy; all images are imported as clean ones. If they are pairs, call their folders noisy and clean and import again.`
      return [{ level: 'warning', code: 'no-pairs', message, file: path }]
    }
    names.set(name, path)
  }
  return []
}
