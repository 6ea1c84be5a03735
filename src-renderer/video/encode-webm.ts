/** Pictures encoded as they come, and the WebM file of them at the end. */
import { TagwrightError } from '@shared/base/errors'
import { writeWebm, type WebmFrame } from '@shared/base/write-webm'

export interface WebmEncoder {
  /** Pictures that wait for the encoder. */
  readonly waiting: number
  /** @param time ms from the first one, ascending. @throws what the encoder failed with. */
  add(picture: CanvasImageSource, time: number, isKey: boolean): void
  /** Until fewer than `most` wait. */
  settle(most: number): Promise<void>
  /** Encodes what waits. @param duration of the whole video, ms. */
  finish(duration: number): Promise<Blob>
  /** Lets the encoder go; always to be called. */
  close(): void
}

/**
 * @param rate frames a second, about.
 * @throws TagwrightError `no-encoder` where the browser cannot encode video.
 */
export async function encodeWebm(width: number, height: number, rate: number): Promise<WebmEncoder> {
  const config: VideoEncoderConfig = {
    codec: 'vp8',
    width,
    height,
    framerate: rate,
    // A tenth of a bit for each pixel: clean edges of boxes at common sizes.
    bitrate: Math.round(Math.min(40e6, Math.max(1e6, 0.1 * width * height * rate))),
  }
  if (!('VideoEncoder' in globalThis) || !(await VideoEncoder.isConfigSupported(config)).supported) {
    const message = `This browser cannot encode a video of ${width} x ${height}. Export pictures, or open the window by http://localhost.`
    throw new TagwrightError('no-encoder', message)
  }
  const frames: WebmFrame[] = []
  let failure: Error | null = null
  const encoder = new VideoEncoder({
    output(chunk) {
      const data = new Uint8Array(chunk.byteLength)
      chunk.copyTo(data)
      frames.push({ data, time: chunk.timestamp / 1000, isKey: chunk.type === 'key' })
    },
    error: (error) => (failure = error),
  })
  encoder.configure(config)
  const check = () => {
    if (failure) throw failure
  }
  return {
    get waiting() {
      return encoder.encodeQueueSize
    },
    add(picture, time, keyFrame) {
      check()
      const frame = new VideoFrame(picture, { timestamp: Math.round(time * 1000) })
      encoder.encode(frame, { keyFrame })
      frame.close()
    },
    async settle(most) {
      while (encoder.encodeQueueSize >= most && !failure)
        await new Promise((resolve) => encoder.addEventListener('dequeue', resolve, { once: true }))
      check()
    },
    async finish(duration) {
      await encoder.flush()
      check()
      const parts = writeWebm(frames, { codec: 'V_VP8', width, height, duration })
      return new Blob(parts as Uint8Array<ArrayBuffer>[], { type: 'video/webm' })
    },
    close() {
      if (encoder.state !== 'closed') encoder.close()
    },
  }
}
