/** A video or the camera, the model that looks at it, and what it sees now. One at a time; it outlives the view. */
import { defineStore } from 'pinia'
import { computed, markRaw, ref, shallowRef, watch } from 'vue'
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import type { LiveDetector } from '@shared/contract/live'
import type { ImportReport } from '@shared/contract/datasets'
import type { ModelSource } from '@shared/contract/runs'
import type { Detection } from '@shared/domain/detection'
import type { Split } from '@shared/domain/split'
import { api } from '../client/api'
import type { DroppedFile } from '../client/dropped'
import { uploadFiles } from '../client/upload'
import { translate } from '../locales'
import { detectOn } from '../video/detect'
import { closeVideo, openVideo, type VideoFile } from '../video/video-file'
import { useJobs } from './jobs'
import { useNotify } from './notify'

export interface Seen {
  /** What the model was shown; closed when the next one comes. */
  frame: ImageBitmap
  detections: Detection[]
}

export const useVideo = defineStore('video', () => {
  const jobs = useJobs()
  const notify = useNotify()

  const file = shallowRef<VideoFile | null>(null)
  const camera = shallowRef<{ element: HTMLVideoElement; stream: MediaStream } | null>(null)
  const opening = ref(false)
  const element = computed(() => file.value?.element ?? camera.value?.element ?? null)

  const detector = shallowRef<LiveDetector | null>(null)
  const loading = ref(false)
  const conf = ref(0.25)
  const seen = shallowRef<Seen | null>(null)
  /** Frames a second that the model looked at lately; seconds for one, and the model's part of them. */
  const speed = ref({ rate: 0, seconds: 0, modelSeconds: 0 })

  function close(): void {
    if (file.value) closeVideo(file.value)
    for (const track of camera.value?.stream.getTracks() ?? []) track.stop()
    file.value = null
    camera.value = null
    forget()
  }
  function forget(): void {
    seen.value?.frame.close()
    seen.value = null
    speed.value = { rate: 0, seconds: 0, modelSeconds: 0 }
  }
  async function open(given: File): Promise<void> {
    opening.value = true
    await notify.attempt(async () => {
      const opened = await openVideo(given)
      close()
      file.value = markRaw(opened)
    })
    opening.value = false
  }
  async function openCamera(): Promise<void> {
    opening.value = true
    await notify.attempt(async () => {
      const stream = await askForCamera()
      close()
      const shown = document.createElement('video')
      shown.muted = true
      shown.playsInline = true
      shown.srcObject = stream
      await shown.play()
      camera.value = markRaw({ element: shown, stream })
    })
    opening.value = false
  }

  /** null: the model is let go. */
  async function useModel(source: ModelSource | null): Promise<void> {
    const before = detector.value
    detector.value = null
    forget()
    if (before) await api.live.close({ detector: before.detector }).catch(() => {})
    if (!source) return
    loading.value = true
    const opened = await notify.attempt(() => api.live.open({ source }))
    loading.value = false
    if (!opened) return
    if (opened.dropped.length > 0) notify.warning(translate('video.dropped', { names: opened.dropped.join(', ') }))
    detector.value = opened
  }
  api.live.on('closed', ({ detector: id, reason }) => {
    if (detector.value?.detector !== id) return
    detector.value = null
    notify.info(translate('video.closed', { reason }))
  })

  /** Looks at one frame after another while there is something new to see. */
  watch([element, detector], ([shown, model], _, onCleanup) => {
    if (!shown || !model) return
    const stop = new AbortController()
    onCleanup(() => stop.abort())
    void look(shown, model, stop.signal)
  })
  async function look(shown: HTMLVideoElement, model: LiveDetector, signal: AbortSignal): Promise<void> {
    const recent: number[] = []
    let last = NaN
    while (!signal.aborted) {
      if (shown.readyState < 2 || shown.seeking || (shown.currentTime === last && !isLive())) {
        await change(shown, signal)
        continue
      }
      last = shown.currentTime
      try {
        const frame = await createImageBitmap(shown)
        const found = await detectOn(model, frame, signal).catch((error: unknown) => {
          frame.close()
          throw error
        })
        if (signal.aborted) return frame.close()
        seen.value?.frame.close()
        seen.value = markRaw({ frame, detections: found.detections })
        recent.push(performance.now())
        while (recent.length > 1 && performance.now() - recent[0] > 2000) recent.shift()
        const span = (recent.at(-1)! - recent[0]) / 1000
        speed.value = { ...found, rate: span > 0 ? (recent.length - 1) / span : 0 }
      } catch (thrown) {
        if (signal.aborted) return
        const { code } = notify.error(thrown)
        if (code === 'not-found' || code === 'interrupted') detector.value = null
        else await change(shown, signal)
      }
    }
  }
  const isLive = () => camera.value !== null
  /** Until the video shows something else. */
  const change = (shown: HTMLVideoElement, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const events = ['seeked', 'timeupdate', 'playing', 'loadeddata']
      const done = () => {
        for (const event of events) shown.removeEventListener(event, done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      for (const event of events) shown.addEventListener(event, done)
      signal.addEventListener('abort', done)
    })

  /** Sends pictures to the project as its images. Answers the import's report. */
  async function addToProject(
    name: string,
    files: readonly DroppedFile[],
    split: Split | 'auto',
    signal = new AbortController().signal,
    report: (files: number) => void = () => {},
  ): Promise<ImportReport> {
    const upload = await uploadFiles(name, files, signal, (sent) => report(sent.files))
    const { job } = await api.media.importUpload({ upload, format: 'images', split })
    return jobs.result<ImportReport>(job)
  }
  return {
    file,
    camera,
    opening,
    element,
    detector,
    loading,
    conf,
    seen,
    speed,
    open,
    openCamera,
    close,
    useModel,
    addToProject,
  }
})

async function askForCamera(): Promise<MediaStream> {
  // Browsers have cameras for pages of https and of the machine itself only.
  if (!navigator.mediaDevices) throw new TagwrightError('no-camera', translate('video.insecure'))
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } }, audio: false })
  } catch (thrown) {
    const { name } = thrown as DOMException
    const reasons: Record<string, string> = { NotAllowedError: 'video.refused', NotFoundError: 'video.noCamera' }
    throw new TagwrightError('no-camera', reasons[name] ? translate(reasons[name]) : toErrorShape(thrown).message)
  }
}
