/**
 * Decoded images in shared memory, least recently used out first. Each image is kept at the size that the loader needs:
 * letterboxed into the largest network input of the run, never enlarged for training. That is what YOLOX resizes to
 * before a mosaic is warped, and for evaluation it is the network's input itself, so training and evaluation see pixels
 * that went through the same resampling; 12 megapixels become 0.4 MB at 320 px.
 *
 * One index serves all threads: a mutex guards it for the microseconds of a look-up, decoding happens outside. When all
 * images fit into the limit every sample has its own place; else places have one size and are reused. Memory that no
 * image was written to is not resident.
 */
import { createPixelMemory, type PixelMemory } from './pixel-kernels'
import { openPixelSpace, scratchBytes, type PixelSpace } from './pixel-space'
import { sharedInts } from './sample-table'
import type { Pixels } from './resize-bilinear'

const empty = 0
const loading = 1
const ready = 2

/** Everything a thread needs to join the cache; survives structured cloning. */
export interface SharedCache {
  memory: PixelMemory
  /** Width and height at which sample i is kept, at [2 i]. */
  sizes: Int32Array
  /** First pixel of each place. */
  starts: Float64Array
  /** True: place = sample, nothing is ever evicted. */
  fits: boolean
  /** Mutex, clock of use, number of threads that joined. */
  control: Int32Array
  /** Place of each sample, -1 for none. */
  placeOf: Int32Array
  failed: Int32Array
  /** Per place. */
  owner: Int32Array
  state: Int32Array
  pins: Int32Array
  used: Int32Array
}

/** Places that one thread may hold at the same time: four tiles, a partner, and some air. */
const placesPerThread = 16

/** The limit is exceeded rather than deadlocked when it is too small for what the threads hold at the same time. */
export function createSharedCache(sizes: Int32Array, limitBytes: number, threads: number): SharedCache {
  const minimumPlaces = placesPerThread * threads
  const count = sizes.length / 2
  let total = 0
  let largest = 1
  for (let i = 0; i < count; i++) {
    const area = sizes[2 * i] * sizes[2 * i + 1]
    total += area
    largest = Math.max(largest, area)
  }
  const fits = total * 4 <= limitBytes || count <= minimumPlaces
  const places = fits ? count : Math.min(count, Math.max(minimumPlaces, Math.floor(limitBytes / (4 * largest))))
  const starts = new Float64Array(new SharedArrayBuffer(8 * (places + 1)))
  // Each thread's working rows come first.
  starts[0] = (threads * scratchBytes) / 4
  for (let i = 0; i < places; i++) starts[i + 1] = starts[i] + (fits ? sizes[2 * i] * sizes[2 * i + 1] : largest)
  const placeOf = sharedInts(count).fill(-1)
  const owner = sharedInts(places).fill(-1)
  return {
    memory: createPixelMemory(4 * starts[places]),
    sizes,
    starts,
    fits,
    control: sharedInts(3),
    placeOf,
    failed: sharedInts(count),
    owner,
    state: sharedInts(places),
    pins: sharedInts(places),
    used: sharedInts(places),
  }
}

export interface ImageCache {
  /** This thread's kernels and rows in the memory of the cache. */
  space: PixelSpace
  /** Pixels of a sample, decoded by `load` if need be and pinned until {@link release}; null when it cannot be read. */
  acquire(sample: number): Promise<Pixels | null>
  release(sample: number): void
  failed(sample: number): boolean
}

/**
 * @param load decodes a sample into `target`, which has the sample's size in the cache. When it throws, the sample counts
 *   as unreadable from then on, in all threads; `onFailed` hears of it once.
 */
export function joinCache(
  shared: SharedCache,
  load: (sample: number, target: Pixels) => Promise<void>,
  onFailed: (sample: number, error: unknown) => void,
): ImageCache {
  const { control, placeOf, failed, owner, state, pins, used, sizes, starts } = shared
  const data = new Int32Array(shared.memory.buffer)

  const lock = () => {
    while (Atomics.compareExchange(control, 0, 0, 1) !== 0) Atomics.wait(control, 0, 1, 1)
  }
  const unlock = () => {
    Atomics.store(control, 0, 0)
    Atomics.notify(control, 0, 1)
  }
  const pixelsOf = (sample: number, place: number): Pixels => ({
    data,
    offset: starts[place],
    width: sizes[2 * sample],
    height: sizes[2 * sample + 1],
  })
  /** The sample's own place, an empty one or the least recently used one that nobody holds; -1 when all are held. */
  const choosePlace = (sample: number): number => {
    if (shared.fits) return sample
    let best = -1
    for (let i = 0; i < owner.length; i++) {
      if (owner[i] < 0) return i
      if (pins[i] === 0 && (best < 0 || used[i] - used[best] < 0)) best = i
    }
    return best
  }

  return {
    space: openPixelSpace(shared.memory, Atomics.add(control, 2, 1) * scratchBytes),
    failed: (sample) => Atomics.load(failed, sample) === 1,
    release(sample) {
      lock()
      pins[placeOf[sample]]--
      unlock()
    },
    async acquire(sample) {
      for (;;) {
        lock()
        if (failed[sample]) {
          unlock()
          return null
        }
        let place = placeOf[sample]
        if (place >= 0 && state[place] === ready) {
          pins[place]++
          used[place] = ++control[1]
          unlock()
          return pixelsOf(sample, place)
        }
        if (place >= 0) {
          unlock()
          // Another image of this thread or another thread is decoding it. The limit covers a thread that died.
          await Atomics.waitAsync(state, place, loading, 1000).value
          continue
        }
        place = choosePlace(sample)
        if (place < 0) {
          unlock()
          await new Promise((resolve) => setTimeout(resolve, 1))
          continue
        }
        if (owner[place] >= 0) placeOf[owner[place]] = -1
        owner[place] = sample
        placeOf[sample] = place
        pins[place] = 1
        used[place] = ++control[1]
        Atomics.store(state, place, loading)
        unlock()
        const target = pixelsOf(sample, place)
        try {
          await load(sample, target)
          Atomics.store(state, place, ready)
          Atomics.notify(state, place)
          return target
        } catch (error) {
          lock()
          failed[sample] = 1
          placeOf[sample] = -1
          owner[place] = -1
          pins[place] = 0
          Atomics.store(state, place, empty)
          unlock()
          Atomics.notify(state, place)
          onFailed(sample, error)
          return null
        }
      }
    },
  }
}
