/**
 * What is done with the image files of a project while nobody waits: is each one there, its thumbnail, its hashes.
 * One image at a time, only while no request is answered, and slowly beside a training.
 */
import { stat } from 'node:fs/promises'
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import type { Background } from '@shared/contract/media'
import { differenceHash } from '../media/fingerprint'
import { hashFile } from '../media/hash-file'
import { renderImage } from '../media/render-image'
import type { WorkQueue } from '../media/work-queue'
import type { SampleState } from '../store/sample'
import {
  countImages,
  countUnhashed,
  forgetFileFacts,
  saveFileFacts,
  setSampleStates,
  walkImages,
  type FileFacts,
  type SampleImage,
} from '../store/sample-file'
import type { Store } from '../store/store'

export interface FileCheck {
  samples: number
  missing: number
  nowMissing: number
  foundAgain: number
}

export interface ImageKeeper {
  readonly state: Background
  /** Looks whether every file is there; also forgets what was known of files that were replaced. */
  check(signal?: AbortSignal): Promise<FileCheck>
  /** Makes thumbnails and hashes of images that have none yet. Called again while it runs, it goes on to the new ones. */
  fill(): Promise<void>
  /**
   * Both, after `delay` ms and after every change of the project's samples, until closed. By default a window that opens
   * has the processor to itself until its first images are there.
   */
  start(delay?: number): void
  close(): Promise<void>
}

export interface KeeperOptions {
  queue: WorkQueue
  /** Folder of thumbnails. */
  thumbs: string
  onProgress(state: Background): void
  onRendered(): void
  /** True while other work needs the processor, such as a training: images then get a tenth of the time. */
  isBusy?(): boolean
  /** Default 256: what galleries ask for. */
  thumbnailWidth?: number
}

/** Files looked at before other work gets its turn, and rows of one write. */
const batch = 200
const writeEvery = 50
const progressInterval = 250
/** Pause after an image while others are busy, in times of what the image took. */
const restShare = 9
/** Changes come in bursts. */
const settleTime = 1000
/** What a window takes to show a large project on a slow machine. */
const openingTime = 4000

export function createImageKeeper(store: Store, options: KeeperOptions): ImageKeeper {
  const { queue, thumbs, onProgress, onRendered, isBusy = () => false, thumbnailWidth = 256 } = options
  const abort = new AbortController()
  const state: Background = { phase: 'idle', done: 0, total: 0 }
  const working = new Set<Promise<unknown>>()
  let lastReport = 0
  let filling: Promise<void> | null = null
  let again = false
  let unsubscribe: (() => void) | null = null
  let timer: NodeJS.Timeout | null = null
  let beginning: NodeJS.Timeout | null = null

  const report = (patch: Partial<Background>): void => {
    const isNew = patch.phase !== undefined && patch.phase !== state.phase
    Object.assign(state, patch)
    const now = performance.now()
    if (!isNew && now - lastReport < progressInterval) return
    lastReport = now
    onProgress({ ...state })
  }
  const follow = <T>(work: Promise<T>): Promise<T> => {
    working.add(work)
    void work.catch(() => {}).finally(() => working.delete(work))
    return work
  }

  const check = async (signal?: AbortSignal): Promise<FileCheck> => {
    const signals = AbortSignal.any([abort.signal, ...(signal ? [signal] : [])])
    const result: FileCheck = { samples: 0, missing: 0, nowMissing: 0, foundAgain: 0 }
    report({ phase: 'files', done: 0, total: countImages(store.db) })
    try {
      for (const page of walkImages(store.db, store.folder)) {
        for (let at = 0; at < page.length; at += batch) {
          await queue.run('background', () => checkPage(page.slice(at, at + batch), result), signals)
          await breathe()
          signals.throwIfAborted()
        }
        report({ done: result.samples })
      }
    } finally {
      report({ phase: 'idle' })
    }
    return result
  }

  const checkPage = async (images: SampleImage[], result: FileCheck): Promise<void> => {
    const states = new Map<number, SampleState>()
    const replaced: number[] = []
    const infos = await Promise.all(images.map(({ file }) => stat(file).catch((error: NodeJS.ErrnoException) => error)))
    images.forEach((image, i) => {
      const info = infos[i]
      result.samples++
      if (info instanceof Error) {
        // Only what is certain: a folder that may not be read does not make its images missing.
        if (info.code !== 'ENOENT' && info.code !== 'ENOTDIR') return
        result.missing++
        if (image.state !== 'missing') states.set(image.id, 'missing')
        return
      }
      if (image.state === 'missing') states.set(image.id, 'ok')
      if (image.bytes !== null && (image.bytes !== info.size || image.mtime !== info.mtimeMs)) replaced.push(image.id)
    })
    if (abort.signal.aborted) return
    if (replaced.length > 0) forgetFileFacts(store.db, replaced)
    if (states.size === 0) return
    for (const value of states.values()) result[value === 'missing' ? 'nowMissing' : 'foundAgain']++
    store.events.emit('project.changed', { revision: setSampleStates(store.db, states) })
  }

  const look = async ({ id, file }: SampleImage): Promise<FileFacts | null> => {
    const info = await stat(file).catch(() => null)
    if (!info?.isFile()) return null
    const facts: FileFacts = { id, bytes: info.size, mtime: info.mtimeMs, hash: null, dhash: null }
    try {
      facts.hash = await hashFile(file, abort.signal)
    } catch {
      abort.signal.throwIfAborted()
      return facts
    }
    const options = { width: thumbnailWidth, cacheFolder: thumbs, key: String(id) }
    const thumbnail = await renderImage(file, options).catch(() => null)
    if (thumbnail) {
      onRendered()
      facts.dhash = await differenceHash(thumbnail.path)
    }
    return facts
  }

  const fillAll = async (): Promise<void> => {
    const total = countUnhashed(store.db)
    if (total === 0) return
    let done = 0
    let facts: FileFacts[] = []
    const save = (): void => {
      if (facts.length > 0 && store.db.open) saveFileFacts(store.db, facts)
      facts = []
    }
    report({ phase: 'images', done, total })
    try {
      for (const page of walkImages(store.db, store.folder, { unhashed: true })) {
        for (const image of page) {
          let begun = 0
          const fact = await queue.run(
            'background',
            () => {
              // Waiting for others is no work.
              begun = performance.now()
              return look(image)
            },
            abort.signal,
          )
          if (fact) facts.push(fact)
          if (facts.length >= writeEvery) save()
          report({ done: ++done })
          if (isBusy()) await sleep(restShare * (performance.now() - begun), undefined, { signal: abort.signal })
        }
        save()
      }
    } finally {
      save()
      report({ phase: 'idle' })
    }
  }

  const keeper: ImageKeeper = {
    state,
    check: (signal) => follow(check(signal)),
    fill() {
      again = true
      filling ??= follow(
        (async () => {
          while (again && !abort.signal.aborted) {
            again = false
            await fillAll()
          }
        })().finally(() => (filling = null)),
      )
      return filling
    },
    start(delay = openingTime) {
      const quietly = (work: Promise<unknown>): void => void work.catch(() => {})
      beginning ??= setTimeout(() => quietly(keeper.check().then(() => keeper.fill())), delay)
      unsubscribe ??= store.events.on('project.changed', () => {
        if (timer) return
        timer = setTimeout(() => {
          timer = null
          if (!abort.signal.aborted && store.db.open) quietly(keeper.fill())
        }, settleTime)
        timer.unref()
      })
    },
    async close() {
      abort.abort(new Error('The project is being closed.'))
      unsubscribe?.()
      if (beginning) clearTimeout(beginning)
      if (timer) clearTimeout(timer)
      await Promise.allSettled(working)
    },
  }
  return keeper
}
