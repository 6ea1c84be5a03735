/** Serves the echo contract to the parent: forked as a process, or started as a worker thread with a port. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { serve } from '@shared/contract/rpc'
import { messagePortWire } from '@shared/contract/wires/message-port'
import { processWire } from '@shared/contract/wires/process'
import { echoContracts, echoHandlers, echoHub } from './echo-contract'

const hub = echoHub()
const wire = parentPort ? messagePortWire(workerData.port as MessagePort) : processWire(process)
const handlers = echoHandlers(hub, () => process.exit(7))
serve(echoContracts, handlers, wire, { hub })
