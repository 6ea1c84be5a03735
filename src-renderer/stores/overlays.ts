/** Boxes over thumbnails: read in batches for what is on screen, again when their images change. */
import { defineStore } from 'pinia'
import { shallowReactive, watch } from 'vue'
import { api, connection } from '../client/api'
import { batchReader } from '../client/batch-reader'

/** `[label, x1, y1, x2, y2]`, image pixels. */
export type OverlayBox = readonly [label: number, x1: number, y1: number, x2: number, y2: number]

export interface OverlayPose {
  label: number
  /** x, y, v in image pixels. */
  points: readonly (readonly [number, number, number])[]
}
export interface Overlay {
  boxes: readonly OverlayBox[]
  poses: readonly OverlayPose[]
  /** Labels of the whole image. */
  tags: readonly number[]
}

const batch = 100
const kept = 2000
/** On a thumbnail more would be a blot. */
const limit = 40

export const useOverlays = defineStore('overlays', () => {
  const boxes = shallowReactive(new Map<number, Overlay>())
  const { want, renew } = batchReader<Overlay>(boxes, {
    batch,
    kept,
    async read(ids) {
      const { samples } = await api.annotations.listMany({ samples: ids, limit })
      return samples.map(({ sample, boxes: found, poses, tags }) => [sample, { boxes: found, poses, tags }] as const)
    },
  })
  api.project.on('changed', ({ samples, tables }) => {
    if (tables && !tables.includes('annotation')) return
    renew(samples ?? boxes.keys())
  })
  watch(
    () => connection.epoch,
    () => boxes.clear(),
  )
  return { boxes, want }
})
