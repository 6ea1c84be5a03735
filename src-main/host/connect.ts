/** From a folder to a client: opens the project, or attaches to the process that has it open. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { TagwrightError } from '@shared/base/errors'
import { contracts, type StudioContracts } from '@shared/contract'
import { client, type Client } from '@shared/contract/rpc'
import { contractVersion } from '@shared/contract/system'
import { websocketWire } from '@shared/contract/wires/websocket'
import type { Endpoint } from './lock'
import type { Ports } from './ports'
import { createStudio, ProjectOwned } from './studio'

export interface Core {
  api: Client<StudioContracts>
  /** true: another process owns the project. */
  attached: boolean
  /**
   * The owner first waits for jobs that other processes have started through it, until `signal` aborts.
   * @param onWait called when there are some.
   */
  close(options?: { signal?: AbortSignal; onWait?: () => void }): Promise<void>
}

/** How long to try again when the owner ends at the very moment of attaching, ms. */
const patience = 10_000

/** A core without a project. */
export function startCore(ports: Ports): Core {
  const studio = createStudio(ports)
  return { api: studio.client(), attached: false, close: () => studio.close() }
}

/** Throws what openStore throws, `version-mismatch`, `project-busy`, `project-locked`. */
export async function connectProject(ports: Ports, folder: string): Promise<Core> {
  const deadline = Date.now() + patience
  for (;;) {
    const studio = createStudio(ports)
    try {
      await studio.open(folder)
    } catch (error) {
      await studio.close()
      if (!(error instanceof ProjectOwned)) throw error
      try {
        return await attach(error.owner.endpoint, folder)
      } catch (failure) {
        const isOver = failure instanceof TagwrightError && failure.code === 'version-mismatch'
        if (isOver || Date.now() > deadline) throw failure
        await sleep(100)
        continue
      }
    }
    return {
      api: studio.client(),
      attached: false,
      async close({ signal, onWait } = {}) {
        if (studio.queue().busy && !signal?.aborted) {
          onWait?.()
          while (studio.queue().busy && !signal?.aborted) await sleep(100)
        }
        await studio.close()
      },
    }
  }
}

async function attach({ url, token }: Endpoint, folder: string): Promise<Core> {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false })
  try {
    await once(socket, 'open')
  } catch (cause) {
    const message = `The process that has ${folder} open does not answer at ${url}. End it, then repeat the command.`
    throw new TagwrightError('cannot-attach', message, { folder }, { cause })
  }
  const api = client(contracts, websocketWire(socket))
  const core: Core = {
    api,
    attached: true,
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return
      socket.close(1000)
      const cut = setTimeout(() => socket.terminate(), 500)
      await once(socket, 'close')
      clearTimeout(cut)
    },
  }
  try {
    const { contract, version } = await api.system.version()
    if (contract !== contractVersion) {
      throw new TagwrightError(
        'version-mismatch',
        `The project is open in Tagwright ${version}, which this version cannot attach to. Close it there, or use the same version.`,
      )
    }
    return core
  } catch (error) {
    await core.close()
    throw error
  }
}
