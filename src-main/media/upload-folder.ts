/**
 * Files that come over the network: kept in `<project>/images/.incoming-<id>` until their import begins, which is when
 * the folder gets its name. Imports pass hidden folders by, so half an upload is never imported.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { annotationEndings } from '@shared/catalog/formats'
import { extension, isImage } from '@shared/catalog/formats/common/paths'
import { hashFile } from './hash-file'
import { isCameraRaw } from './image-kind'

const gigabyte = 2 ** 30
export const uploadLimits = { maxFile: 4 * gigabyte, maxUpload: 64 * gigabyte, maxFiles: 200_000 }
export type UploadLimits = typeof uploadLimits

/** Uploads that were never finished go after this time, ms. */
const forgottenAfter = 24 * 3_600_000
const idPattern = /^[0-9a-f-]{36}$/

/** Bytes and files so far, per incoming folder; counted from the disk after a restart. */
const counted = new Map<string, { bytes: number; files: number }>()

const incoming = (project: string, upload: string): string => join(project, 'images', `.incoming-${upload}`)
const nameFile = (folder: string): string => `${folder}.name`

/** @param project its folder; @param name of the folder that will be made. Also removes uploads that were forgotten. */
export async function beginUpload(project: string, name?: string): Promise<string> {
  await removeForgotten(project)
  const upload = randomUUID()
  const folder = incoming(project, upload)
  await mkdir(folder, { recursive: true })
  await writeFile(nameFile(folder), safeName(name ?? '') || stamp())
  counted.set(folder, { bytes: 0, files: 0 })
  return upload
}

/** The folder of an upload. Throws `not-found`. */
export function needUpload(project: string, upload: string): string {
  const folder = incoming(project, upload)
  if (!idPattern.test(upload) || !existsSync(folder)) {
    throw new TagwrightError('not-found', `There is no upload "${upload}". Begin a new one.`)
  }
  return folder
}

export async function cancelUpload(project: string, upload: string): Promise<void> {
  const folder = needUpload(project, upload)
  counted.delete(folder)
  await rm(folder, { recursive: true, force: true })
  await rm(nameFile(folder), { force: true })
}

/**
 * Writes one file of an upload as it arrives; whole or not at all. A name that is taken by other bytes gets a number.
 * Returns the path that the file got, `/` as separator.
 * Throws `bad-name`, `unknown-kind`, `file-too-large`, `upload-too-large`, `too-many-files`, `disk-full`.
 */
export async function receiveFile(
  project: string,
  upload: string,
  given: string,
  body: AsyncIterable<Uint8Array>,
  limits: UploadLimits = uploadLimits,
): Promise<{ path: string; bytes: number }> {
  const folder = needUpload(project, upload)
  const path = safePath(given)
  const kind = extension(path)
  if (!isImage(path) && !isCameraRaw(path) && kind !== '.zip' && !annotationEndings.has(kind)) {
    const message = `${given} is neither an image nor an annotation file nor a zip. Leave it out, or convert it.`
    throw new TagwrightError('unknown-kind', message, { file: given })
  }
  const count = countOf(folder)
  if (count.files >= limits.maxFiles) {
    throw new TagwrightError('too-many-files', `An upload may have ${limits.maxFiles} files. Send the rest as another.`)
  }
  count.files++
  const temporary = join(folder, `.${randomUUID()}.part`)
  let bytes = 0
  try {
    const hash = createHash('sha256')
    const handle = await open(temporary, 'wx')
    try {
      for await (const piece of body) {
        bytes += piece.length
        count.bytes += piece.length
        checkSize(given, bytes, count.bytes, limits)
        hash.update(piece)
        await handle.write(piece)
      }
    } finally {
      await handle.close()
    }
    const kept = await freeName(folder, path, bytes, hash.digest('hex'))
    if (kept.isThere) await rm(temporary)
    else {
      await mkdir(dirname(join(folder, kept.path)), { recursive: true })
      await rename(temporary, join(folder, kept.path))
    }
    return { path: kept.path, bytes }
  } catch (error) {
    count.files--
    count.bytes -= bytes
    await rm(temporary, { force: true })
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    const message = `The disk is full: ${given} could not be kept. Free some space and upload it again.`
    throw new TagwrightError('disk-full', message, { file: given }, { cause: error })
  }
}

/** Gives the upload its final name below `<project>/images` and returns its absolute path. */
export async function settleUpload(project: string, upload: string): Promise<string> {
  const folder = needUpload(project, upload)
  const wanted = (await readFile(nameFile(folder), 'utf8').catch(() => '')) || stamp()
  let target = join(project, 'images', wanted)
  for (let n = 2; existsSync(target); n++) target = join(project, 'images', `${wanted}-${n}`)
  await rename(folder, target)
  await rm(nameFile(folder), { force: true })
  counted.delete(folder)
  return target
}

function checkSize(name: string, bytes: number, total: number, limits: UploadLimits): void {
  const shown = (n: number) => `${Math.round(n / 2 ** 20)} MB`
  if (bytes > limits.maxFile) {
    const message = `${name} is larger than the ${shown(limits.maxFile)} that a file may have. Put it into the project's folder on the machine itself and import it there.`
    throw new TagwrightError('file-too-large', message, { file: name, limit: limits.maxFile })
  }
  if (total > limits.maxUpload) {
    const message = `The upload is larger than ${shown(limits.maxUpload)}. Send the rest as another.`
    throw new TagwrightError('upload-too-large', message, { file: name, limit: limits.maxUpload })
  }
}

function countOf(folder: string): { bytes: number; files: number } {
  let count = counted.get(folder)
  if (!count) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
    counted.set(folder, (count = { bytes, files: files.length }))
  }
  return count
}

async function freeName(
  folder: string,
  path: string,
  bytes: number,
  hash: string,
): Promise<{ path: string; isThere: boolean }> {
  const ending = extension(path)
  const base = ending ? path.slice(0, -ending.length) : path
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? path : `${base}-${n}${ending}`
    const there = await stat(join(folder, candidate)).catch(() => null)
    if (!there) return { path: candidate, isThere: false }
    if (there.isFile() && there.size === bytes && (await hashFile(join(folder, candidate))) === hash)
      return { path: candidate, isThere: true }
  }
}

/**
 * A relative path that is safe on every system: no way up, no drive, no hidden parts, no characters or device names that
 * Windows refuses, at most 180 bytes a part and 8 folders. Throws `bad-name` when nothing is left.
 */
export function safePath(given: string): string {
  const parts = given
    .replaceAll('\\', '/')
    .split('/')
    .map(safeName)
    .filter((part) => part !== '')
  if (parts.length === 0) {
    throw new TagwrightError('bad-name', `"${given.slice(0, 100)}" is no file name. Rename the file.`, { file: given })
  }
  return [...parts.slice(0, -1).slice(-8), parts.at(-1)!].join('/')
}

function safeName(part: string): string {
  let name = part
    .normalize('NFC')
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u001f\u007f<>:"|?*/\\]/g, '_')
    .replace(/^\.+/, '')
    .replace(/[. ]+$/, '')
    .trim()
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name)) name = `_${name}`
  const ending = extension(name)
  while (Buffer.byteLength(name) > 180) name = [...name.slice(0, name.length - ending.length)].slice(0, -1).join('') + ending // prettier-ignore
  return name
}

const stamp = (): string => new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '-')

async function removeForgotten(project: string): Promise<void> {
  const root = join(project, 'images')
  mkdirSync(root, { recursive: true })
  for (const name of await readdir(root)) {
    if (!name.startsWith('.incoming-')) continue
    const info = await stat(join(root, name)).catch(() => null)
    if (info && Date.now() - info.mtimeMs > forgottenAfter) await rm(join(root, name), { recursive: true, force: true })
  }
}
