/** Zips among the paths of an import are unpacked into the project, because a sample needs a file of its own. */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { extension } from '@shared/catalog/formats/common/paths'
import { toSlashes } from '../store/root'
import { unzip } from '../media/unzip'
import { safePath, uploadLimits } from '../media/upload-folder'
import type { Store } from '../store/store'
import type { JobContext } from './define-job'

export interface UnpackedPaths {
  /** Zips replaced by `<project>/images/<name of the zip>`. */
  paths: string[]
  remove(): Promise<void>
}

/** Throws `bad-zip`, `zip-too-large`, `disk-full`. */
export async function unpackZips(
  store: Store,
  paths: readonly string[],
  { signal, report }: Pick<JobContext, 'signal' | 'report'>,
): Promise<UnpackedPaths> {
  const made: string[] = []
  const remove = async () => {
    for (const folder of made) await rm(folder, { recursive: true, force: true })
  }
  const result: string[] = []
  try {
    for (const [i, path] of paths.entries()) {
      if (extension(toSlashes(path)) !== '.zip') {
        result.push(path)
        continue
      }
      report('unpacking', i, paths.length)
      const name = safePath(basename(path).slice(0, -'.zip'.length))
      let folder = join(store.folder, 'images', name)
      for (let n = 2; existsSync(folder); n++) folder = join(store.folder, 'images', `${name}-${n}`)
      const temporary = `${folder}.part`
      made.push(temporary)
      await unzip(path, temporary, { maxFiles: uploadLimits.maxFiles, maxBytes: uploadLimits.maxUpload }, signal)
      await rename(temporary, folder)
      made.push(folder)
      result.push(folder)
    }
  } catch (error) {
    await remove()
    throw error
  }
  return { paths: result, remove }
}
