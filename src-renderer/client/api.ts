/** The one client of the window. Every call and event of the product goes through `api`. */
import { reactive } from 'vue'
import { contracts, type StudioContracts } from '@shared/contract'
import type { Client } from '@shared/contract/rpc'
import { dial } from './dial'
import { reconnectingClient, type ConnectionState } from './reconnect'

/** `epoch` counts the connections: stores reload what they show when it changes. */
export const connection = reactive({ state: 'connecting' as ConnectionState, reason: '', epoch: 0 })

export let api: Client<StudioContracts>

/** Called once, before anything is shown. */
export function connect(): void {
  api = reconnectingClient(contracts, {
    dial,
    onState(state, reason = '') {
      connection.state = state
      connection.reason = reason
      if (state === 'open') connection.epoch++
    },
  })
}
