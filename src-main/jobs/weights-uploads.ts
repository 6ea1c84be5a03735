/** Start weights that a window sends, where it cannot name a path of this machine: see weights.upload. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import type { Weights } from '@shared/contract/weights'
import type { WeightsFolder } from './weights-folder'

/** An ONNX file is one protobuf message, which cannot be larger. */
const mostBytes = 2 ** 31 - 1
/** Names that are tried before another file of the same name is given up, `boats 2` to `boats 20`. */
const mostNames = 20

interface Upload {
  weights: WeightsFolder
  /** The file's name as it was. */
  name: string
  added(): void
}

const uploads = new Map<string, Upload>()

/** @returns the id that the route takes the file under, once. */
export function expectWeights(upload: Upload): string {
  const id = randomUUID()
  uploads.set(id, upload)
  return id
}

/** @throws `not-found`, `file-too-large`, and what adding weights throws. */
export async function receiveWeights(id: string, body: AsyncIterable<Uint8Array>): Promise<Weights> {
  const upload = uploads.get(id)
  if (!upload) throw new TagwrightError('not-found', 'This upload has ended. Drop the file again.')
  uploads.delete(id)
  const { weights, name, added } = upload
  const folder = join(weights.folder, `.incoming-${id}`)
  const file = join(folder, name)
  try {
    await weights.make()
    await mkdir(folder, { recursive: true })
    await write(file, name, body)
    const kept = await addUnderFreeName(weights, file)
    added()
    return kept
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function write(file: string, name: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(file, 'wx')
  let bytes = 0
  try {
    for await (const piece of body) {
      bytes += piece.length
      if (bytes > mostBytes)
        throw new TagwrightError('file-too-large', `${name} has more than 2 GB, and ONNX files have at most that.`)
      await handle.write(piece)
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause
    const message = `The disk is full: ${name} could not be kept. Free some space and drop it again.`
    throw new TagwrightError('disk-full', message, { file: name }, { cause })
  } finally {
    await handle.close()
  }
}

/** The same file again stays what it was; another one of the same name gets a number. */
async function addUnderFreeName(weights: WeightsFolder, file: string): Promise<Weights> {
  const name = basename(file, extname(file))
  for (let n = 1; ; n++) {
    try {
      return await weights.add(file, n === 1 ? undefined : `${name} ${n}`)
    } catch (error) {
      if (!(error instanceof TagwrightError) || error.code !== 'exists' || n === mostNames) throw error
    }
  }
}
