/** A video file as this browser decodes it: opened, measured, and read frame by frame. */
import { TagwrightError } from '@shared/base/errors'

export interface VideoFile {
  file: File
  /** Of the file's bytes; revoked by {@link closeVideo}. */
  url: string
  /** Paused, without sound. */
  element: HTMLVideoElement
  /** Px as shown. */
  width: number
  height: number
  /** Seconds. */
  duration: number
  /** Frames a second, as measured while some were played. */
  rate: number
  frames: number
}

export const isVideo = (file: File): boolean =>
  file.type.startsWith('video/') || /\.(mp4|m4v|mov|webm|mkv|ogv|avi)$/i.test(file.name)

/** @throws TagwrightError `unreadable-video`. */
export async function openVideo(file: File): Promise<VideoFile> {
  const url = URL.createObjectURL(file)
  try {
    const element = await openElement(url, file.name)
    const { videoWidth: width, videoHeight: height, duration } = element
    if (width === 0 || !(duration > 0)) throw unreadable(file.name, 'it holds no pictures')
    const rate = await measureRate(element)
    await seek(element, 0)
    return { file, url, element, width, height, duration, rate, frames: Math.max(1, Math.round(duration * rate)) }
  } catch (error) {
    URL.revokeObjectURL(url)
    throw error
  }
}

export function closeVideo({ element, url }: VideoFile): void {
  element.pause()
  element.removeAttribute('src')
  element.load()
  URL.revokeObjectURL(url)
}

/** A second reader of an opened file, so that the player stays where it is. */
export async function withReader<T>(video: VideoFile, read: (element: HTMLVideoElement) => Promise<T>): Promise<T> {
  const element = await openElement(video.url, video.file.name)
  try {
    return await read(element)
  } finally {
    element.removeAttribute('src')
    element.load()
  }
}

/** Shows frame `at` (from 0): its middle, since the ends belong to its neighbours after rounding. */
export const seekFrame = (element: HTMLVideoElement, { rate, duration }: VideoFile, at: number): Promise<void> =>
  seek(element, Math.min((at + 0.5) / rate, Math.max(0, duration - 0.001)))

export async function seek(element: HTMLVideoElement, time: number): Promise<void> {
  if (Math.abs(element.currentTime - time) < 1e-4 && element.readyState >= 2 && !element.seeking) return
  await new Promise<void>((resolve, reject) => {
    const done = () => {
      element.removeEventListener('seeked', done)
      element.removeEventListener('error', failed)
      resolve()
    }
    const failed = () => {
      element.removeEventListener('seeked', done)
      reject(unreadable('The video', element.error?.message ?? 'it cannot be decoded further'))
    }
    element.addEventListener('seeked', done)
    element.addEventListener('error', failed, { once: true })
    element.currentTime = time
  })
}

async function openElement(url: string, name: string): Promise<HTMLVideoElement> {
  const element = document.createElement('video')
  element.muted = true
  element.playsInline = true
  element.preload = 'auto'
  await new Promise<void>((resolve, reject) => {
    element.addEventListener('loadeddata', () => resolve(), { once: true })
    element.addEventListener('error', () => reject(unreadable(name, element.error?.message ?? 'unknown')), {
      once: true,
    })
    element.src = url
  })
  // Recordings of browsers do not state their duration: it is known when their end was looked at.
  if (!Number.isFinite(element.duration)) {
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!Number.isFinite(element.duration)) return
        element.removeEventListener('durationchange', check)
        resolve()
      }
      element.addEventListener('durationchange', check)
      element.currentTime = 1e7
    })
    await seek(element, 0)
  }
  return element
}

const unreadable = (name: string, reason: string): TagwrightError =>
  new TagwrightError(
    'unreadable-video',
    `${name} cannot be shown here (${reason || 'the format is not known'}). Convert it to MP4 (H.264) or WebM.`,
  )

/** Rates that cameras and films have. */
const usual = [10, 12, 12.5, 15, 20, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 90, 100, 120]
const assumed = 30

/** From the times of the first frames that are played; frames that the player leaves out make some gaps longer. */
async function measureRate(element: HTMLVideoElement): Promise<number> {
  const times: number[] = []
  await new Promise<void>((resolve) => {
    const end = setTimeout(resolve, 2000)
    const finish = () => {
      clearTimeout(end)
      resolve()
    }
    const next = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      if (mediaTime !== times.at(-1)) times.push(mediaTime)
      if (times.length > 16) finish()
      else element.requestVideoFrameCallback(next)
    }
    element.requestVideoFrameCallback(next)
    element.addEventListener('ended', finish, { once: true })
    element.play().catch(finish)
  })
  element.pause()
  const gaps = times.slice(1).map((time, i) => time - times[i]).filter((gap) => gap > 0.004).sort((a, b) => a - b) // prettier-ignore
  if (gaps.length < 3) return assumed
  const rate = 1 / gaps[gaps.length >> 2]
  const near = usual.reduce((a, b) => (Math.abs(b - rate) < Math.abs(a - rate) ? b : a))
  return Math.abs(near - rate) / rate < 0.04 ? near : Math.round(rate * 100) / 100
}
