/** Imports what was uploaded: unpacks zips, gives the folder its name, then does what an import of that folder does. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { datasetsContract, type ImportReport } from '@shared/contract/datasets'
import { mediaContract } from '@shared/contract/media'
import { extension } from '@shared/catalog/formats/common/paths'
import { unzip } from '../media/unzip'
import { needUpload, settleUpload, uploadLimits } from '../media/upload-folder'
import type { Store } from '../store/store'
import { defineJob, type JobContext } from './define-job'
import { importDatasets } from './import-job'
import { needStore, type JobDeps } from './job-deps'

const params = mediaContract.methods.importUpload.input
type Params = ReturnType<typeof params.parse>

export const importUploadJob = (deps: Pick<JobDeps, 'store' | 'readThread'>) =>
  defineJob({
    kind: 'import-upload',
    lane: 'data',
    params,
    run: (input, context) => importUpload(needStore(deps), input, context, deps.readThread),
  })

/** Files that came stay in the project's images folder when the import fails, so that nothing is sent twice. */
export async function importUpload(
  store: Store,
  { upload, format, split, options }: Params,
  context: Pick<JobContext, 'signal' | 'report' | 'log'>,
  thread: string | null = null,
): Promise<ImportReport> {
  const folder = needUpload(store.folder, upload)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const zips = entries.filter((entry) => entry.isFile() && extension(entry.name) === '.zip')
  let unpacked = 0
  for (const zip of zips) {
    context.report('unpacking', unpacked++, zips.length)
    const file = join(zip.parentPath, zip.name)
    // One zip alone is the data set; several keep apart what they hold.
    const target = entries.length === 1 ? folder : file.slice(0, -'.zip'.length)
    await unzip(file, target, { maxFiles: uploadLimits.maxFiles, maxBytes: uploadLimits.maxUpload }, context.signal)
    await rm(file)
  }
  const images = await settleUpload(store.folder, upload)
  const input = datasetsContract.methods.import.input.parse({ paths: [images], format, split, options })
  return importDatasets(store, input, context, thread)
}
