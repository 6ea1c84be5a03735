/** What a format reads, by a thread where the file is large. */
import { Worker } from 'node:worker_threads'
import { fromErrorShape } from '@shared/base/errors'
import type { NodeSource } from '../media/node-source'
import { packAnnotations } from '../store/pack-annotations'
import { readTexts, slices, type PackedChunk, type ReadAnswer, type ReadRequest } from './packed-chunk'

/** From here on starting a thread pays. */
const largeFile = 16 << 20

/**
 * The chunks of a source, annotations as columns.
 * @param thread built file of read-thread.ts; null: everything is read here
 */
export async function* readChunks(
  source: NodeSource,
  request: ReadRequest,
  thread: string | null,
): AsyncGenerator<PackedChunk> {
  const large = source.files.some(({ size = 0 }) => size >= largeFile)
  if (thread !== null && large) return yield* readInThread(request, thread)
  for await (const { annotations, ...rest } of readTexts(source, request.format, request.options)) {
    if (Object.keys(rest).length > 0) yield rest
    for (const rows of slices(annotations ?? [])) yield { annotations: packAnnotations(rows) }
  }
}

async function* readInThread(request: ReadRequest, file: string): AsyncGenerator<PackedChunk> {
  // Everything read lives for a moment only: with room for the young it is never moved to the old.
  const thread = new Worker(file, { workerData: request, resourceLimits: { maxYoungGenerationSizeMb: 64 } })
  const arrived: ReadAnswer[] = []
  let wake = () => {}
  let failed: Error | null = null
  thread.on('message', (answer: ReadAnswer) => {
    arrived.push(answer)
    wake()
  })
  thread.on('error', (error) => {
    failed = error
    wake()
  })
  try {
    for (;;) {
      while (arrived.length === 0 && failed === null) await new Promise<void>((resolve) => (wake = resolve))
      if (failed !== null) throw failed
      const answer = arrived.shift()!
      if ('error' in answer) throw fromErrorShape(answer.error)
      if ('done' in answer) return
      yield answer.chunk
      thread.postMessage(null)
    }
  } finally {
    await thread.terminate()
  }
}
