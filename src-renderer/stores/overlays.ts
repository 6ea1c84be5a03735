/** Boxes over thumbnails: read in batches for what is on screen, again when their images change. */
import { defineStore } from 'pinia'
import { shallowReactive, watch } from 'vue'
import { api, connection } from '../client/api'

/** `[label, x1, y1, x2, y2]`, image pixels. */
export type OverlayBox = readonly [label: number, x1: number, y1: number, x2: number, y2: number]

const batch = 100
const kept = 2000
/** On a thumbnail more would be a blot. */
const limit = 40

export const useOverlays = defineStore('overlays', () => {
  const boxes = shallowReactive(new Map<number, readonly OverlayBox[]>())
  const wanted = new Set<number>()
  let asking = false
  let round = 0

  function want(ids: Iterable<number>): void {
    for (const id of ids) if (!boxes.has(id)) wanted.add(id)
    void ask()
  }
  async function ask(): Promise<void> {
    if (asking) return
    asking = true
    try {
      while (wanted.size > 0) {
        const some = [...wanted].slice(-batch)
        for (const id of some) wanted.delete(id)
        const asked = round
        const { samples } = await api.annotations.listMany({ samples: some, limit })
        for (const { sample, boxes: found } of samples) {
          boxes.delete(sample)
          boxes.set(sample, found)
        }
        if (asked !== round) for (const id of some) wanted.add(id)
        for (const id of boxes.keys()) {
          if (boxes.size <= kept) break
          boxes.delete(id)
        }
      }
    } catch {
      // Asked for again by the next scroll or connection.
    } finally {
      asking = false
    }
  }
  api.project.on('changed', ({ samples, tables }) => {
    if (tables && !tables.includes('annotation')) return
    round++
    for (const id of samples ?? boxes.keys()) if (boxes.has(id)) wanted.add(id)
    void ask()
  })
  watch(
    () => connection.epoch,
    () => boxes.clear(),
  )
  return { boxes, want }
})
