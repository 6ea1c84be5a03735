/** Sends files to an upload that the core has opened: a few at a time, with progress, until done or aborted. */
import { TagwrightError, fromErrorShape } from '@shared/base/errors'
import type { Weights } from '@shared/contract/weights'
import { api } from './api'
import type { DroppedFile } from './dropped'

const atOnce = 4

export interface UploadProgress {
  files: number
  bytes: number
}

/**
 * @param name of the folder below the project's images
 * @returns the upload's id, for `api.media.importUpload`
 * Throws `upload-too-large` before anything is sent, `cancelled`, and what the server refuses a file with; then what was
 * sent is removed again.
 */
export async function uploadFiles(
  name: string,
  files: readonly DroppedFile[],
  signal: AbortSignal,
  report: (progress: UploadProgress) => void,
): Promise<string> {
  const { upload, maxFile, maxUpload, maxFiles } = await api.media.beginUpload({ name: name.slice(0, 200) })
  try {
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0)
    const large = files.find(({ file }) => file.size > maxFile)
    if (large || bytes > maxUpload || files.length > maxFiles) {
      const what = large ? `${large.path} has ${large.file.size} bytes` : `${files.length} files have ${bytes} bytes`
      throw new TagwrightError(
        'upload-too-large',
        `${what}; an upload takes ${maxFiles} files, ${maxFile} bytes a file and ${maxUpload} in all. Import the folder by its path on the server instead.`,
      )
    }
    const sent = { files: 0, bytes: 0 }
    const queue = files.values()
    const work = async () => {
      for (const { path, file } of queue) {
        const answer = await fetch(`/upload/${upload}?path=${encodeURIComponent(path)}`, {
          method: 'PUT',
          body: file,
          signal,
        })
        if (!answer.ok) throw await refusal(answer, path)
        sent.files++
        sent.bytes += file.size
        report({ ...sent })
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    return upload
  } catch (error) {
    await api.media.cancelUpload({ upload }).catch(() => {})
    if (signal.aborted) throw new TagwrightError('cancelled', 'The upload was cancelled.')
    throw error
  }
}

/** Sends an ONNX file to the person's start weights. Throws what `weights.add` throws. */
export async function uploadWeights(file: File): Promise<Weights> {
  const { url } = await api.weights.upload({ name: file.name })
  const answer = await fetch(url, { method: 'PUT', body: file })
  if (!answer.ok) throw await refusal(answer, file.name)
  return (await answer.json()) as Weights
}

async function refusal(answer: Response, path: string): Promise<TagwrightError> {
  const body = (await answer.json().catch(() => null)) as { error?: { code: string; message: string } } | null
  return body?.error
    ? fromErrorShape(body.error)
    : new TagwrightError('upload-failed', `${path} was refused with status ${answer.status}. Try again.`)
}
