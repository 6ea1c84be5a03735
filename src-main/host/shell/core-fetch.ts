/** Routes without HTTP: the main process asks, files are only named. */
import type { coreContract } from '@shared/contract/core'
import type { Handler } from '@shared/contract/rpc'
import { fileHeader, type SentFile } from '../send-file'
import type { createRoutes } from '../web'

/** @param web from `createRoutes`: the main process has checked who asks. */
export function coreFetch(web: ReturnType<typeof createRoutes>): Handler<typeof coreContract.methods.fetch> {
  return async ({ method, path, headers, body }, { signal }) => {
    const request = new Request(`http://core${path}`, {
      method,
      headers,
      signal,
      ...(body && method !== 'GET' && method !== 'HEAD' ? { body: body as Uint8Array<ArrayBuffer> } : {}),
    })
    const response = await web.fetch(request, { passFiles: true })
    const answered = Object.fromEntries(response.headers)
    const { [fileHeader]: named, ...rest } = answered
    const file = named === undefined ? null : (JSON.parse(decodeURIComponent(named)) as SentFile)
    const content = file || !response.body ? null : new Uint8Array(await response.arrayBuffer())
    return { status: response.status, headers: rest, file, body: content }
  }
}
