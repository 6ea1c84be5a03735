/** What a detector sees in a whole video: drawn as WebM, as pictures in a zip with the numbers beside them, or as a table. */
import { zipStored, type ZipEntry } from '@shared/base/zip-stored'
import type { LiveDetector } from '@shared/contract/live'
import type { Detection } from '@shared/domain/detection'
import { detectionTable, type TableFrame } from '@shared/domain/detection-table'
import { detectOn } from './detect'
import { encodeWebm } from './encode-webm'
import { drawBoxes } from './picture'
import { seekFrame, withReader, type VideoFile } from './video-file'

export interface AnnotateOptions {
  detector: LiveDetector
  /** Boxes from this score on. */
  conf: number
  /** Every how many frames one is taken. */
  stride: number
  signal: AbortSignal
  report(done: number, total: number): void
}

/** Each taken frame and what is in it; closed when the next one is asked for. */
async function* looked(video: VideoFile, element: HTMLVideoElement, options: AnnotateOptions) {
  const { detector, conf, stride, signal, report } = options
  const total = Math.ceil(video.frames / stride)
  for (let i = 0; i < total; i++) {
    signal.throwIfAborted()
    await seekFrame(element, video, i * stride)
    const frame = await createImageBitmap(element)
    try {
      const found = await detectOn(detector, frame, signal)
      const detections = found.detections.filter(({ score }) => score >= conf)
      yield { picture: frame, frame: i * stride, time: (i * stride) / video.rate, detections }
    } finally {
      frame.close()
    }
    report(i + 1, total)
  }
}

/** The same, drawn with boxes and points; the canvas is the same every time. */
async function* annotated(video: VideoFile, element: HTMLVideoElement, options: AnnotateOptions) {
  const canvas = new OffscreenCanvas(video.width, video.height)
  const context = canvas.getContext('2d')!
  for await (const { picture, ...found } of looked(video, element, options)) {
    context.drawImage(picture, 0, 0)
    drawBoxes(context, found.detections, options.detector.labels, canvas)
    yield { canvas, ...found }
  }
}

/** @throws TagwrightError `no-encoder` where the browser cannot encode video. */
export async function annotatedVideo(video: VideoFile, options: AnnotateOptions): Promise<Blob> {
  const rate = video.rate / options.stride
  const encoder = await encodeWebm(video.width, video.height, rate)
  try {
    // Players jump from key frame to key frame: one every two seconds.
    const between = Math.max(1, Math.round(2 * rate))
    let count = 0
    await withReader(video, async (element) => {
      for await (const { canvas } of annotated(video, element, options)) {
        encoder.add(canvas, (count * 1000) / rate, count % between === 0)
        count++
        await encoder.settle(9)
      }
    })
    return await encoder.finish((count * 1000) / rate)
  } finally {
    encoder.close()
  }
}

export interface FrameDetections {
  frame: number
  /** Seconds. */
  time: number
  file: string
  detections: {
    name: string
    score: number
    box: Detection['box']
    points?: { name: string; x: number; y: number; confidence: number }[]
  }[]
}

/** `frames/000012.jpg`... and `detections.json` in a zip. */
export async function annotatedFrames(video: VideoFile, options: AnnotateOptions): Promise<Blob> {
  const entries: ZipEntry[] = []
  const rows: FrameDetections[] = []
  const { labels } = options.detector
  await withReader(video, async (element) => {
    for await (const { canvas, frame, time, detections } of annotated(video, element, options)) {
      const picture = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })
      const file = `frames/${String(frame).padStart(6, '0')}.jpg`
      entries.push({ name: file, data: new Uint8Array(await picture.arrayBuffer()) })
      const found = detections.map(({ label, score, box, keypoints }) => {
        const { name, points = [] } = labels[label]
        const told = keypoints?.map(([x, y, confidence], k) => ({ name: points[k] ?? String(k + 1), x, y, confidence }))
        return { name, score, box, ...(told && { points: told }) }
      })
      rows.push({ frame, time, file, detections: found })
    }
  })
  const { file, width, height, rate } = video
  const json = JSON.stringify({ video: file.name, width, height, framesPerSecond: rate, frames: rows }, null, 1)
  entries.push({ name: 'detections.json', data: new TextEncoder().encode(json) })
  return new Blob(zipStored(entries) as Uint8Array<ArrayBuffer>[], { type: 'application/zip' })
}

/** Objects and points of every taken frame as CSV: see {@link detectionTable}. */
export async function videoTable(video: VideoFile, options: AnnotateOptions): Promise<Blob> {
  const frames: TableFrame[] = []
  await withReader(video, async (element) => {
    for await (const { frame, time, detections } of looked(video, element, options))
      frames.push({ frame, time, detections })
  })
  return new Blob([detectionTable(frames, options.detector.labels)], { type: 'text/csv' })
}
