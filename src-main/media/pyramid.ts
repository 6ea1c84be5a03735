/**
 * Tiles of images that are too large to be decoded whole. libvips streams the file once and writes all levels (Deep
 * Zoom layout), which needs about 0.3 GB whatever the size. Until a tile is there it is read straight from the file
 * where the file's layout allows that, so that something can be shown at once.
 */
import { closeSync, openSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { TagwrightError } from '@shared/base/errors'
import { openImage } from './render-image'
import { readTiffLayout, type TiffLayout } from './tiff/layout'
import { sampleRegion } from './tiff/sample-region'
import { touch } from './trim-folder'

export const tileSize = 512
/** An image is tiled above this side or this number of pixels. */
export const wholeLimits = { side: 8192, pixels: 64_000_000 }

export interface Level {
  width: number
  height: number
  columns: number
  rows: number
}

export interface PyramidState {
  state: 'waiting' | 'building' | 'ready' | 'failed'
  /** Levels from here on are complete; `levels.length`: none. */
  complete: number
  /** 0..1 */
  done: number
  error: string | null
}

export type Tile =
  | { kind: 'file'; path: string; mime: string }
  /** Coarser than the tile that will replace it, or read directly: not to be kept. */
  | { kind: 'bytes'; data: Buffer; mime: string }
  | { kind: 'pending' }

export const isTiled = (width: number, height: number): boolean =>
  Math.max(width, height) > wholeLimits.side || width * height > wholeLimits.pixels

/** Level 0 is the image; each next one has half its size, rounded up; the last fits into one tile. */
export function pyramidLevels(width: number, height: number): Level[] {
  const levels: Level[] = []
  for (let [w, h] = [width, height]; ; [w, h] = [Math.ceil(w / 2), Math.ceil(h / 2)]) {
    levels.push({ width: w, height: h, columns: Math.ceil(w / tileSize), rows: Math.ceil(h / tileSize) })
    if (w <= tileSize && h <= tileSize) return levels
  }
}

export interface Pyramid {
  readonly levels: readonly Level[]
  readonly state: PyramidState
  /** Makes the tiles unless they are there; one call at a time. Never rejects: see `state`. */
  build(): Promise<void>
  /** Throws `not-found` for a tile outside, what reading the image throws, and the reason of an aborted signal. */
  tile(level: number, column: number, row: number, signal?: AbortSignal): Promise<Tile>
  /** After this nothing is reported any more. */
  close(): void
}

export interface PyramidOptions {
  file: string
  /** Upright pixels. */
  width: number
  height: number
  /** Holds `<name>/<level>/<column>_<row>.jpeg` when complete. */
  cacheFolder: string
  /** Names the content; see imageVersion. */
  name: string
  onProgress(state: PyramidState): void
  /** What a direct answer may take before the rest of it is filled in from its surroundings, ms; default 1200. */
  budget?: number
}

/** How often the growing folder is looked at, ms. */
const pollInterval = 250
/** Making all tiles keeps every core busy: it begins when the first view was shown, after so long without a request, ms. */
const quietTime = 500
const longestWait = 6000
/** Larger source regions of compressed files take too long to decode for one tile. */
const directPixels = 2048 * 2048

export function createPyramid(options: PyramidOptions): Pyramid {
  const { file, width, height, cacheFolder, name, onProgress, budget = 1200 } = options
  const levels = pyramidLevels(width, height)
  const folder = join(cacheFolder, name)
  const building = `${folder}.${process.pid}.part`
  let layout: TiffLayout | null | undefined
  let reports = true
  let reading = 0
  let lastRead = 0
  const state: PyramidState = { state: 'waiting', complete: levels.length, done: 0, error: null }
  /** Rows of tiles that are complete, per level, while building. */
  const rowsDone = levels.map(() => 0)

  /** Uncompressed TIFF: every tile of level 0 is read from the file itself and need not be kept a second time. */
  const isDirect = (): boolean => getLayout()?.compression === 'none'
  const getLayout = (): TiffLayout | null => {
    if (layout === undefined) {
      const fd = openSync(file, 'r')
      try {
        layout = readTiffLayout(fd)
      } finally {
        closeSync(fd)
      }
      if (layout && (layout.width !== width || layout.height !== height)) layout = null
    }
    return layout
  }
  const report = (patch: Partial<PyramidState>): void => {
    Object.assign(state, patch)
    if (reports) onProgress({ ...state })
  }
  const isComplete = async (): Promise<boolean> => {
    const info = await stat(folder).catch(() => null)
    if (info) await touch(folder, info.atime).catch(() => {})
    return info !== null
  }

  const build = async (): Promise<void> => {
    if (state.state === 'building' || state.state === 'ready') return
    try {
      if (await isComplete()) return report({ state: 'ready', complete: 0, done: 1 })
      const direct = isDirect()
      // What can be read from the file itself is there from the start.
      const complete = direct ? 0 : levels.length - (getLayout() ? 1 : 0)
      report({ state: 'building', done: 0, complete, error: null })
      await mkdir(cacheFolder, { recursive: true })
      if (direct) await untilQuiet()
      const watch = setInterval(() => void look(direct), pollInterval)
      try {
        await writeTiles(direct)
      } finally {
        clearInterval(watch)
      }
      await checkTiles(direct)
      await rename(`${building}_files`, folder)
      report({ state: 'ready', complete: 0, done: 1 })
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0].replace(`${file}: `, '') : String(error)
      report({ state: 'failed', error: `The tiles of ${file} could not be made: ${reason}. Check the file and the free space.` }) // prettier-ignore
    } finally {
      await rm(`${building}_files`, { recursive: true, force: true })
      await rm(`${building}.dzi`, { force: true })
    }
  }

  const untilQuiet = async (): Promise<void> => {
    const begun = performance.now()
    for (let now = begun; now - begun < longestWait; now = performance.now()) {
      if (reading === 0 && now - Math.max(begun, lastRead) > quietTime) return
      await sleep(50)
    }
  }

  const writeTiles = async (direct: boolean): Promise<void> => {
    const image = (await openImage(file)).toColourspace('srgb')
    if (direct && levels.length > 1) {
      const { width, height } = levels[1]
      image.resize({ width, height, fit: 'fill', kernel: 'linear' })
    }
    await image
      .removeAlpha()
      .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
      .tile({ size: tileSize, overlap: 0, layout: 'dz', depth: 'onetile' })
      .toFile(`${building}.dz`)
  }

  /** libvips does not notice when the disk is full while it writes tiles: each must be there and end as a JPEG does. */
  const checkTiles = async (direct: boolean): Promise<void> => {
    for (let level = direct && levels.length > 1 ? 1 : 0; level < levels.length; level++) {
      const { columns, rows } = levels[level]
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const tile = join(`${building}_files`, String(levels.length - 1 - level), `${column}_${row}.jpeg`)
          if (!(await endsAsJpeg(tile))) throw new Error('the disk is full')
        }
      }
    }
  }

  /** A row of tiles is complete when the next one has begun. */
  const look = async (direct: boolean): Promise<void> => {
    const first = direct && levels.length > 1 ? 1 : 0
    for (let level = first; level < levels.length; level++) {
      const names = await readdir(join(`${building}_files`, String(levels.length - 1 - level))).catch(() => [])
      let last = 0
      for (const entry of names) last = Math.max(last, Number(/_(\d+)\./.exec(entry)?.[1] ?? 0))
      rowsDone[level] = last
    }
    if (state.state === 'building') report({ done: Math.min(0.99, rowsDone[first] / levels[first].rows) })
  }

  const readDirect = async (
    level: number,
    column: number,
    row: number,
    signal?: AbortSignal,
  ): Promise<Buffer | null> => {
    const plan = getLayout()
    const step = 2 ** level
    const x = column * tileSize * step
    const y = row * tileSize * step
    const region = { x, y, width: Math.min(tileSize * step, width - x), height: Math.min(tileSize * step, height - y) }
    const small = region.width * region.height <= directPixels
    if (plan && (plan.compression === 'none' || small || level === levels.length - 1)) {
      const fd = openSync(file, 'r')
      try {
        const sampled = await sampleRegion(fd, plan, { ...region, step, budget, signal })
        return await sharp(sampled.data, { raw: { width: sampled.width, height: sampled.height, channels: 3 } })
          .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
          .toBuffer()
      } finally {
        closeSync(fd)
      }
    }
    return null
  }

  return {
    levels,
    state,
    build,
    async tile(level, column, row, signal) {
      const { columns, rows } = levels[level] ?? { columns: 0, rows: 0 }
      if (!(column >= 0 && column < columns && row >= 0 && row < rows)) {
        throw new TagwrightError('not-found', `There is no tile ${column}, ${row} at level ${level}.`)
      }
      const stored = `${levels.length - 1 - level}/${column}_${row}.jpeg`
      if (state.state === 'waiting' && (await isComplete())) report({ state: 'ready', complete: 0, done: 1 })
      const kept = level > 0 || levels.length === 1 || !isDirect()
      if (kept && state.state === 'ready') return { kind: 'file', path: join(folder, stored), mime: 'image/jpeg' }
      if (kept && state.state === 'building' && row < rowsDone[level])
        return { kind: 'file', path: join(`${building}_files`, stored), mime: 'image/jpeg' }
      reading++
      const data = await readDirect(level, column, row, signal).finally(() => {
        reading--
        lastRead = performance.now()
      })
      return data ? { kind: 'bytes', data, mime: 'image/jpeg' } : { kind: 'pending' }
    },
    close() {
      reports = false
    },
  }
}

async function endsAsJpeg(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => null)
  if (!handle) return false
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, Math.max(0, size - 2))
    return bytesRead === 2 && buffer.readUInt16BE(0) === 0xffd9
  } finally {
    await handle.close()
  }
}
