/** Decoded images, the least recently used given up first when they hold more memory than allowed. */

export interface CachedImage {
  readonly url: string
  readonly bitmap: ImageBitmap
  /** Half, quarter... sizes, made on demand. */
  readonly halves: OffscreenCanvas[]
}

interface Slot {
  readonly promise: Promise<CachedImage>
  readonly abort: AbortController
  image: CachedImage | null
  /** Who still waits; a load nobody waits for is stopped. */
  wanted: Set<object>
}

const bytesOf = ({ bitmap, halves }: CachedImage): number =>
  4 * (bitmap.width * bitmap.height + halves.reduce((sum, half) => sum + half.width * half.height, 0))

export class ImageCache {
  /** In order of last use, oldest first. */
  private readonly slots = new Map<string, Slot>()
  private readonly limit: number
  private readonly fetchImage: (url: string, signal: AbortSignal) => Promise<ImageBitmap>

  /** @param limit bytes of decoded pixels. */
  constructor(limit: number, fetchImage = loadBitmap) {
    this.limit = limit
    this.fetchImage = fetchImage
  }

  get bytes(): number {
    let sum = 0
    for (const { image } of this.slots.values()) if (image) sum += bytesOf(image)
    return sum
  }

  /** The image when it is decoded already. */
  peek(url: string): CachedImage | null {
    return this.slots.get(url)?.image ?? null
  }

  /** Decodes in the background. Rejects when it cannot be had; the next call tries again. */
  load(url: string, owner: object): Promise<CachedImage> {
    const known = this.slots.get(url)
    if (known) {
      this.slots.delete(url)
      this.slots.set(url, known)
      known.wanted.add(owner)
      return known.promise
    }
    const abort = new AbortController()
    const slot: Slot = {
      abort,
      image: null,
      wanted: new Set([owner]),
      promise: this.fetchImage(url, abort.signal).then(
        (bitmap) => {
          const image: CachedImage = { url, bitmap, halves: [] }
          if (this.slots.get(url) === slot) {
            slot.image = image
            this.shrink()
          } else bitmap.close()
          return image
        },
        (error: unknown) => {
          if (this.slots.get(url) === slot) this.slots.delete(url)
          throw error
        },
      ),
    }
    // Whoever asked hears of a failure; a prefetch that nobody asked about must not.
    slot.promise.catch(() => {})
    this.slots.set(url, slot)
    return slot.promise
  }

  /** The owner waits for and keeps only these. */
  keep(owner: object, urls: readonly string[]): void {
    for (const [url, slot] of this.slots) {
      if (urls.includes(url)) continue
      slot.wanted.delete(owner)
      if (!slot.image && slot.wanted.size === 0) {
        slot.abort.abort()
        this.slots.delete(url)
      }
    }
    this.shrink()
  }

  clear(): void {
    for (const slot of this.slots.values()) {
      slot.abort.abort()
      slot.image?.bitmap.close()
    }
    this.slots.clear()
  }

  /** Gives up the oldest images that nobody wants, then the oldest of all but the last. */
  private shrink(): void {
    for (const unwanted of [true, false]) {
      for (const [url, slot] of [...this.slots].slice(0, -1)) {
        if (this.bytes <= this.limit) return
        if (!slot.image || (unwanted && slot.wanted.size > 0)) continue
        this.slots.delete(url)
        slot.image.bitmap.close()
      }
    }
  }
}

/** EXIF orientation is applied by the decoder. */
async function loadBitmap(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`The image did not load: the server answered ${response.status}.`)
  return createImageBitmap(await response.blob())
}
