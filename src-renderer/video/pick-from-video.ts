/** Frames of a video as images of the project: chosen, shown, and made into files. */
import { pickDifferent, strideFrames, timedFrames } from '@shared/domain/pick-frames'
import type { DroppedFile } from '../client/dropped'
import { encodeJpeg, encodePng, hashOf, shrink } from './picture'
import { seekFrame, withReader, type VideoFile } from './video-file'

export interface FrameChoice {
  mode: 'stride' | 'seconds' | 'different'
  /** Every how many frames. */
  stride: number
  seconds: number
  /** How many, of the different ones. */
  count: number
}

/** Looked at for differences: more cost time and show little else. */
const mostCandidates = 400

/** Numbers of frames, ascending. @param report of frames that were looked at. */
export async function pickFrames(
  video: VideoFile,
  { mode, stride, seconds, count }: FrameChoice,
  signal: AbortSignal,
  report: (done: number, total: number) => void,
): Promise<number[]> {
  if (mode === 'stride') return strideFrames(video.frames, stride)
  if (mode === 'seconds') return timedFrames(video.frames, video.rate, seconds)
  const step = Math.max(1, Math.ceil(video.frames / mostCandidates), Math.round(video.rate / 10))
  const candidates = strideFrames(video.frames, step)
  const hashes: bigint[] = []
  await withReader(video, async (element) => {
    for (const frame of candidates) {
      signal.throwIfAborted()
      await seekFrame(element, video, frame)
      hashes.push(hashOf(element))
      report(hashes.length, candidates.length)
    }
  })
  return pickDifferent(hashes, count).map((at) => candidates[at])
}

/** Small pictures of frames, as they come; the caller revokes their addresses. */
export async function previewFrames(
  video: VideoFile,
  frames: readonly number[],
  signal: AbortSignal,
  show: (frame: number, url: string) => void,
): Promise<void> {
  await withReader(video, async (element) => {
    for (const frame of frames) {
      if (signal.aborted) return
      await seekFrame(element, video, frame)
      const picture = await shrink(element, 192).convertToBlob({ type: 'image/jpeg', quality: 0.8 })
      if (!signal.aborted) show(frame, URL.createObjectURL(picture))
    }
  })
}

export const stemOf = (name: string): string => name.replace(/\.[^.]+$/, '') || 'video'

/** Whole frames as files named after the video and their number. */
export async function frameFiles(
  video: VideoFile,
  frames: readonly number[],
  type: 'jpeg' | 'png',
  signal: AbortSignal,
  report: (done: number, total: number) => void,
): Promise<DroppedFile[]> {
  const stem = stemOf(video.file.name)
  const files: DroppedFile[] = []
  await withReader(video, async (element) => {
    for (const frame of frames) {
      signal.throwIfAborted()
      await seekFrame(element, video, frame)
      const blob = await (type === 'png' ? encodePng(element) : encodeJpeg(element, 0.95))
      const name = `${stem}-${String(frame).padStart(6, '0')}.${type === 'png' ? 'png' : 'jpg'}`
      files.push({ path: name, file: new File([blob], name, { type: blob.type }) })
      report(files.length, frames.length)
    }
  })
  return files
}
