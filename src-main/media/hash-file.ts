import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'

const atOnce = 64 * 2 ** 20

/** sha256 of a file in hex. Files up to 64 MB are read at once, larger ones in pieces. Throws what reading throws. */
export async function hashFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const { size } = await stat(file)
  if (size <= atOnce) return hash.update(await readFile(file, { signal })).digest('hex')
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20, signal }) as AsyncIterable<Buffer>)
    hash.update(piece)
  return hash.digest('hex')
}
