/** `app://tagwright/...`: the window's files from disk, everything else from the core's routes, files streamed here. */
import { toErrorShape } from '@shared/base/errors'
import type { coreContracts } from '@shared/contract/core'
import type { Client } from '@shared/contract/rpc'
import { fileResponse } from '../send-file'
import { securityHeaders, windowFile } from '../window-files'
import { appOrigin } from './messages'

/** A window of the shell hands over paths; what it sends as bytes is small. */
const mostBody = 64 * 2 ** 20

export interface AppProtocolOptions {
  /** Folder of the built window. */
  ui: string
  /** Waits while the core starts. */
  core(): Promise<Client<typeof coreContracts>['core']>
}

/** For `protocol.handle('app', ...)`. */
export function appProtocol({ ui, core }: AppProtocolOptions): (request: Request) => Promise<Response> {
  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    if (`${url.protocol}//${url.host}` !== appOrigin) return failure(403, 'wrong-host', 'There is no such host.')
    const file = windowFile(ui, url.pathname)
    if (file) return fileResponse(request, file)
    if (Number(request.headers.get('content-length') ?? 0) > mostBody) {
      return failure(413, 'too-large', 'The upload is larger than 64 MB. Open it by its path.')
    }
    const body = request.body ? new Uint8Array(await request.arrayBuffer()) : null
    const from = await core()
    const answered = await from.fetch(
      {
        method: request.method,
        path: url.pathname + url.search,
        headers: Object.fromEntries(request.headers),
        body,
      },
      { signal: request.signal },
    )
    if (answered.file) return fileResponse(request, answered.file)
    return new Response(answered.body as Uint8Array<ArrayBuffer> | null, {
      status: answered.status,
      headers: answered.headers,
    })
  }
  return async (request) => {
    let response: Response
    try {
      response = await answer(request)
    } catch (error) {
      const { code, message } = toErrorShape(error)
      response = failure(code === 'not-found' ? 404 : 503, code, message)
    }
    for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value)
    return response
  }
}

const failure = (status: number, code: string, message: string): Response =>
  Response.json({ error: { code, message } }, { status, headers: { 'Cache-Control': 'no-store' } })
