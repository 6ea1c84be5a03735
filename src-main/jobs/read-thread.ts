/** Reading a large annotation file in a thread of its own, while the rows before are written. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { toErrorShape } from '@shared/base/errors'
import { openSources } from '../media/node-source'
import { packAnnotations } from '../store/pack-annotations'
import { readTexts, slices, type PackedChunk, type ReadAnswer, type ReadRequest } from './packed-chunk'

/** Chunks that may be under way: enough that neither side waits, few enough for memory. */
const chunksAhead = 3

/** Each answer but the last wants one message back when it is used. */
async function answer(port: MessagePort, { paths, source, format, options }: ReadRequest): Promise<void> {
  let free = chunksAhead
  let wake: (() => void) | null = null
  port.on('message', () => {
    free++
    wake?.()
  })
  const send = async (chunk: PackedChunk) => {
    while (free === 0) await new Promise<void>((resolve) => (wake = resolve))
    wake = null
    free--
    port.postMessage({ chunk } satisfies ReadAnswer, buffersOf(chunk))
  }
  try {
    for await (const { annotations = [], ...rest } of readTexts(openSources(paths)[source], format, options)) {
      if (Object.keys(rest).length > 0) await send(rest)
      for (const rows of slices(annotations)) await send({ annotations: packAnnotations(rows) })
    }
    port.postMessage({ done: true } satisfies ReadAnswer)
  } catch (error) {
    port.postMessage({ error: toErrorShape(error) } satisfies ReadAnswer)
  }
  // The thread ends with its last message.
  port.close()
}

const buffersOf = ({ annotations }: PackedChunk): ArrayBuffer[] =>
  annotations
    ? ['sample', 'label', 'kind', 'boxes', 'areas', 'flags'].map(
        (name) => (annotations[name as 'boxes'] as Float64Array<ArrayBuffer>).buffer,
      )
    : []

if (parentPort) void answer(parentPort, workerData as ReadRequest)
