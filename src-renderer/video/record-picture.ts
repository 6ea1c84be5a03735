/**
 * What a canvas or a camera shows, as a WebM file. Each picture has the time at which it was seen, and where the encoder
 * is behind pictures are left out, never the end: a browser's own recorder drops what it has not encoded when it is stopped.
 */
import { encodeWebm } from './encode-webm'

type Picture = HTMLCanvasElement | HTMLVideoElement

export interface Recording {
  /** Ends it. Answers null when nothing was shown. */
  stop(): Promise<Blob | null>
}

const rate = 30
const mostWaiting = 8
/** Players jump from key frame to key frame. */
const betweenKeys = 2000

/** @param picture asked anew for each one: a model may come and go meanwhile. */
export async function recordPicture(picture: () => Picture, width: number, height: number): Promise<Recording> {
  const encoder = await encodeWebm(width, height, rate)
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')!
  let start = NaN
  let lastKey = -Infinity
  let failure: unknown
  const timer = setInterval(() => {
    if (encoder.waiting >= mostWaiting) return
    try {
      const now = performance.now()
      if (Number.isNaN(start)) start = now
      const time = now - start
      const isKey = time - lastKey >= betweenKeys
      if (isKey) lastKey = time
      context.drawImage(picture(), 0, 0, width, height)
      encoder.add(canvas, time, isKey)
    } catch (error) {
      failure ??= error
      clearInterval(timer)
    }
  }, 1000 / rate)
  return {
    async stop() {
      clearInterval(timer)
      try {
        if (failure) throw failure
        return Number.isNaN(start) ? null : await encoder.finish(performance.now() - start)
      } finally {
        encoder.close()
      }
    },
  }
}
