/** The first bytes of a file as text, from what readers have. */
import { decodeText } from '../../../base/text'
import type { FormatProbe, FormatSource } from '../../format'
import { extension } from './paths'

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

/**
 * Files of an ending whose beginning is what a format looks for; of files named one by one only those.
 * @param isOne looks at the first `bytes` of a file.
 * @param most files that are looked at. For `match` alone, since a folder of one tool holds nothing else: reading leaves
 *   none out.
 */
export async function findByHead(
  probe: FormatProbe,
  { ending, bytes, most = Infinity }: { ending: string; bytes: number; most?: number },
  isOne: (text: string, path: string) => boolean | Promise<boolean>,
): Promise<string[]> {
  const paths = probe.named.length ? probe.named : probe.files.map((file) => file.path)
  const found: string[] = []
  let looked = 0
  for (const path of paths) {
    if (extension(path) !== ending) continue
    if (++looked > most) break
    if (await isOne(await probe.head(path, bytes), path)) found.push(path)
  }
  return found
}
