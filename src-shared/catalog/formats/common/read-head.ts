/** The first bytes of a file as text, from what readers have. */
import { decodeText } from '../../../base/text'
import type { FormatProbe, FormatSource } from '../../format'

export async function readHead(source: Pick<FormatSource, 'stream'>, path: string, bytes = 65536): Promise<string> {
  const head = new Uint8Array(bytes)
  let at = 0
  for await (const piece of source.stream(path, 0, bytes)) {
    head.set(piece.subarray(0, bytes - at), at)
    at += piece.length
    if (at >= bytes) break
  }
  return decodeText(head.subarray(0, at))
}

/** A source as `match` sees it, so that a reader finds the same files. */
export const probeOf = (source: FormatSource): FormatProbe => ({
  files: source.files,
  named: source.named,
  head: (path, bytes) => readHead(source, path, bytes),
})
