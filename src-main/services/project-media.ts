/**
 * The images of one open project: thumbnails, whole images, tiles, and what is done with files while nobody waits.
 * Lives as long as the store; `projectMedia(store)` gives the one of a store.
 */
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { events, type Events } from '@shared/base/events'
import type { Background, ImageInfo } from '@shared/contract/media'
import { isTiled, createPyramid, tileSize, type Pyramid, type PyramidState, type Tile } from '../media/pyramid'
import { imageVersion, renderImage, statImage, type RenderedImage } from '../media/render-image'
import { probeImage } from '../media/probe-image'
import { trimFolder } from '../media/trim-folder'
import { createWorkQueue, type WorkQueue } from '../media/work-queue'
import { sampleFile } from '../store/sample'
import type { Store } from '../store/store'
import { createImageKeeper, type ImageKeeper } from './image-keeper'

export interface MediaEvents extends Record<string, unknown> {
  progress: PyramidState & { sample: number }
  background: Background
}

export interface ProjectMedia {
  readonly events: Events<MediaEvents>
  /**
   * @param width left out: the whole image.
   * @param which the sample's own image, or the one that is its truth.
   * Throws `not-found`, `unreadable-image`, `image-too-large`.
   */
  image(
    sample: number,
    width?: number,
    signal?: AbortSignal,
    which?: 'image' | 'pair',
  ): Promise<RenderedImage & { version: string }>
  /** Starts making tiles of a large image. Throws `not-found`, `unreadable-image`. */
  info(sample: number): Promise<ImageInfo>
  /** Throws `not-found`, `not-tiled`. */
  tile(sample: number, level: number, column: number, row: number, signal?: AbortSignal): Promise<Tile>
  readonly keeper: ImageKeeper
  /** Resolves when no background work goes on; tiles being made are left to end by themselves. */
  close(): Promise<void>
}

export interface MediaOptions {
  /** Bytes that the folders of thumbnails and of tiles may grow to. */
  cacheLimits: { thumbs: number; tiles: number }
  /** See KeeperOptions. */
  isBusy?: () => boolean
}

const gigabyte = 2 ** 30
const defaults: MediaOptions = { cacheLimits: { thumbs: 4 * gigabyte, tiles: 20 * gigabyte } }
/** The folders are measured after so many new files. */
const trimInterval = 2000

const open = new WeakMap<Store, ProjectMedia>()

export function projectMedia(store: Store, options: Partial<MediaOptions> = {}): ProjectMedia {
  let media = open.get(store)
  if (!media) open.set(store, (media = createProjectMedia(store, { ...defaults, ...options })))
  return media
}

/** The media of a store that somebody has asked for before. */
export const openedMedia = (store: Store): ProjectMedia | undefined => open.get(store)

interface Known {
  version: string
  width: number
  height: number
  bytes: number
  pyramid: Pyramid | null
}

/** Pyramids whose state is kept in memory; their files stay in the cache folder. */
const keptImages = 64

function createProjectMedia(store: Store, { cacheLimits, isBusy }: MediaOptions): ProjectMedia {
  const bus = events<MediaEvents>()
  const queue: WorkQueue = createWorkQueue()
  const thumbs = join(store.folder, 'cache', 'thumbs')
  const tiles = join(store.folder, 'cache', 'tiles')
  const known = new Map<number, Known>()
  let closed = false
  let rendered = 0
  let trimming = false
  /** Large images wait for each other; the one asked for last comes first. */
  const wanted: { sample: number; pyramid: Pyramid }[] = []
  let building = false

  const trim = (): void => {
    if (trimming || closed) return
    trimming = true
    void Promise.all([trimFolder(thumbs, cacheLimits.thumbs), trimFolder(tiles, cacheLimits.tiles, true)]).finally(
      () => (trimming = false),
    )
  }

  const buildNext = (): void => {
    const next = building || closed ? undefined : wanted.pop()
    if (!next) return
    building = true
    void next.pyramid.build().finally(() => {
      building = false
      trim()
      buildNext()
    })
  }

  const look = async (sample: number): Promise<Known> => {
    const file = sampleFile(store.db, store.folder, sample)
    const stats = statImage(file)
    const version = imageVersion(stats)
    const old = known.get(sample)
    if (old?.version === version) {
      known.delete(sample)
      known.set(sample, old)
      return old
    }
    const probe = await probeImage(file, { decode: false })
    if (!probe.width || !probe.height) {
      const reason = probe.reason ?? 'its size cannot be read'
      const message = `Image ${file} cannot be shown: ${reason}. Replace the file or remove the sample.`
      throw new TagwrightError('unreadable-image', message, { file })
    }
    old?.pyramid?.close()
    const { width, height } = probe
    const pyramid = isTiled(width, height)
      ? createPyramid({
          file,
          width,
          height,
          cacheFolder: tiles,
          name: `${sample}-${version}`,
          onProgress: (state) => closed || bus.emit('progress', { sample, ...state }),
        })
      : null
    const entry = { version, width, height, bytes: stats.size, pyramid }
    known.set(sample, entry)
    for (const [id, { pyramid: other }] of known) {
      if (known.size <= keptImages) break
      if (other?.state.state === 'building') continue
      known.delete(id)
    }
    return entry
  }

  /** @param again also what failed before: the disk may have space now. */
  const start = (sample: number, pyramid: Pyramid, again = false): void => {
    const { state } = pyramid.state
    if (state !== 'waiting' && !(again && state === 'failed')) return
    const at = wanted.findIndex((entry) => entry.pyramid === pyramid)
    if (at >= 0) wanted.splice(at, 1)
    wanted.push({ sample, pyramid })
    buildNext()
  }

  const keeper = createImageKeeper(store, {
    queue,
    thumbs,
    onProgress: (background) => closed || bus.emit('background', background),
    onRendered: () => ++rendered % trimInterval === 0 && trim(),
    ...(isBusy && { isBusy }),
  })

  return {
    events: bus,
    keeper,
    async image(sample, width, signal, which = 'image') {
      const file = sampleFile(store.db, store.folder, sample, which)
      const stats = statImage(file)
      // A pair is of the same size.
      if (width === undefined) {
        const { pyramid, ...size } = await look(sample)
        if (pyramid) {
          const message = `Image ${file} has ${size.width} x ${size.height} pixels, too many to be sent whole. Ask for its tiles.`
          throw new TagwrightError('image-too-large', message, { file })
        }
      }
      const options = { width, cacheFolder: thumbs, key: which === 'pair' ? `${sample} pair` : String(sample) }
      const image = await queue.run('foreground', () => renderImage(file, options), signal)
      if (++rendered % trimInterval === 0) trim()
      return { ...image, version: imageVersion(stats) }
    },
    async info(sample) {
      const { version, width, height, bytes, pyramid } = await look(sample)
      if (pyramid) start(sample, pyramid, true)
      const state: PyramidState = pyramid?.state ?? { state: 'ready', complete: 0, done: 1, error: null }
      const levels = pyramid ? pyramid.levels.map((level) => ({ ...level })) : []
      return { sample, width, height, version, bytes, tiled: pyramid !== null, tileSize, levels, ...state }
    },
    async tile(sample, level, column, row, signal) {
      const { pyramid } = await look(sample)
      if (!pyramid) {
        throw new TagwrightError('not-tiled', `Image ${sample} is small enough to be sent whole; it has no tiles.`)
      }
      start(sample, pyramid)
      return queue.run('foreground', () => pyramid.tile(level, column, row, signal), signal)
    },
    async close() {
      closed = true
      for (const { pyramid } of known.values()) pyramid?.close()
      await keeper.close()
    },
  }
}
