import { createWriteStream } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { dirname, extname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { makeFolder } from './make-folder'

/** Packed already: deflating them again costs time and gains nothing. */
const packed = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif'])

/** Every file under `folder`, in alphabetical order, with `/` in names; the zip is whole or not there. */
export async function zipFolder(folder: string, file: string, signal?: AbortSignal): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const zip = new ZipFile()
  for (const path of paths) {
    const name = relative(folder, path).split(sep).join('/')
    zip.addFile(path, name, { compress: !packed.has(extname(name).toLowerCase()) })
  }
  zip.end()
  const temporary = `${file}.zip.part`
  makeFolder(dirname(file))
  try {
    await pipeline(zip.outputStream, createWriteStream(temporary), { signal })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
