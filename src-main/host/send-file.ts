/** Answers with a file: whole, a byte range, or "not modified". The one place that streams bytes, in every host. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { TagwrightError } from '@shared/base/errors'
import type { RouteRequest } from './route'

export interface SentFile {
  /** Absolute. */
  path: string
  mime: string
  /** Cache-Control; default `private, no-cache`: kept, and asked about by its entity tag before each use. */
  cache?: string
  /** Offered as a download under this name. */
  download?: string
}

/** The header under which a core tells the shell's main process which file to stream itself. */
export const fileHeader = 'x-tagwright-file'

/**
 * What a route returns for a file. Where the process that talks to the window can read files itself (Electron's main),
 * only the file's description crosses over to it.
 */
export function sendFile(c: RouteRequest, file: SentFile): Promise<Response> | Response {
  if (!c.env?.passFiles) return fileResponse(c.req.raw, file)
  return new Response(null, { headers: { [fileHeader]: encodeURIComponent(JSON.stringify(file)) } })
}

/** One range (RFC 9110, 14.2) is honoured; several are answered with the whole file. Throws `not-found`. */
export async function fileResponse(request: Request, file: SentFile): Promise<Response> {
  const info = await stat(file.path).catch(() => null)
  if (!info?.isFile()) {
    throw new TagwrightError('not-found', 'The file is missing. Restore it, or relink it in the project.')
  }
  const tag = `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`
  const headers = new Headers({
    'Content-Type': file.mime,
    'Cache-Control': file.cache ?? 'private, no-cache',
    ETag: tag,
    'Accept-Ranges': 'bytes',
  })
  if (file.download !== undefined) {
    headers.set('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.download)}`)
  }
  const known = request.headers.get('if-none-match')
  if (known && known.split(',').some((other) => other.trim().replace(/^W\//, '') === tag)) {
    return new Response(null, { status: 304, headers })
  }
  const changed = request.headers.get('if-range')
  const range = changed && changed !== tag ? null : parseRange(request.headers.get('range'), info.size)
  if (range === 'outside') {
    headers.set('Content-Range', `bytes */${info.size}`)
    return new Response(null, { status: 416, headers })
  }
  const { start, end } = range ?? { start: 0, end: info.size - 1 }
  headers.set('Content-Length', String(end - start + 1))
  if (range) headers.set('Content-Range', `bytes ${start}-${end}/${info.size}`)
  const body =
    request.method === 'HEAD' || info.size === 0
      ? null
      : (Readable.toWeb(createReadStream(file.path, { start, end })) as ReadableStream)
  return new Response(body, { status: range ? 206 : 200, headers })
}

/** null: no usable range was asked for. Both ends are included. */
export function parseRange(header: string | null, size: number): { start: number; end: number } | 'outside' | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? []
  if (first === undefined || (first === '' && last === '')) return null
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < start) return null
  return start >= size || end < start ? 'outside' : { start, end }
}
