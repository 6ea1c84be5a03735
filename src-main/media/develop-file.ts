/** Camera DNG files: their size, and a picture of them. Work is done in pieces, so that others get their turn between. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import type { ReadAt } from '@shared/base/image-header'
import { developDng, developedSize, type Developed, type DevelopOptions } from '@shared/raw/develop'
import { readDng } from '@shared/raw/dng'
import { badRaw } from '@shared/raw/tiff-tree'

/** Milliseconds of work between breaths. */
const slice = 8

/** Throws `bad-raw` and what opening the file throws. */
export async function developFile(file: string, options: DevelopOptions = {}): Promise<Developed> {
  const fd = openSync(file, 'r')
  try {
    const work = developDng(readerOf(fd), options)
    for (let begun = performance.now(); ;) {
      const step = work.next()
      if (step.done) return step.value
      if (performance.now() - begun < slice) continue
      await breathe()
      begun = performance.now()
    }
  } finally {
    closeSync(fd)
  }
}

export interface DngSize {
  /** Upright pixels that are shown. */
  width: number
  height: number
  rawWidth: number
  rawHeight: number
  orientation: number
}

/** From the directories alone. Throws `bad-raw`, also for a file that ends before its pixels do. */
export function dngSize(file: string): DngSize {
  const fd = openSync(file, 'r')
  try {
    const dng = readDng(readerOf(fd))
    const end = dng.offsets.reduce((most, offset, i) => Math.max(most, offset + dng.sizes[i]), 0)
    const bytes = fstatSync(fd).size
    if (end > bytes) throw badRaw(`is cut off: it has ${bytes} of ${end} bytes`)
    const { width, height } = dng.active
    return { ...developedSize(dng), rawWidth: width, rawHeight: height, orientation: dng.orientation }
  } finally {
    closeSync(fd)
  }
}

/** No memory is taken for bytes that the file does not have. */
export function readerOf(fd: number): ReadAt {
  const { size } = fstatSync(fd)
  return (offset, length) => {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, offset))
  }
}
