/** Sends pictures to an open detector; boxes and points come back in px of the frame they were made of. */
import { TagwrightError, fromErrorShape } from '@shared/base/errors'
import type { LiveDetector, LiveFrame } from '@shared/contract/live'
import { scaleDetection, type Detection } from '@shared/domain/detection'
import { encodeJpeg } from './picture'

/** Asked for always, so that a slider needs no other look. */
export const leastScore = 0.05

export interface Detected {
  detections: Detection[]
  /** Of the whole question, and of the model's part. */
  seconds: number
  modelSeconds: number
}

/** Larger pictures tell the network nothing: it makes them smaller itself. */
export async function detectOn(
  { detector, input }: LiveDetector,
  frame: ImageBitmap,
  signal?: AbortSignal,
): Promise<Detected> {
  const started = performance.now()
  const picture = await encodeJpeg(frame, 0.92, Math.max(input.width, input.height))
  const answer = await fetch(`/live/${detector}?conf=${leastScore}`, {
    method: 'POST',
    body: picture,
    signal: signal ?? null,
  })
  if (!answer.ok) {
    const body = (await answer.json().catch(() => null)) as { error?: { code: string; message: string } } | null
    throw body?.error
      ? fromErrorShape(body.error)
      : new TagwrightError('no-answer', `The detector answered with status ${answer.status}. Open the model again.`)
  }
  const found = (await answer.json()) as LiveFrame
  const [sx, sy] = [frame.width / found.width, frame.height / found.height]
  return {
    detections: found.detections.map((one) => scaleDetection(one, sx, sy)),
    seconds: (performance.now() - started) / 1000,
    modelSeconds: found.seconds,
  }
}
