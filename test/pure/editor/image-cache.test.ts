import { describe, expect, it } from 'vitest'
import { ImageCache } from '../../../src-renderer/editor/image/image-cache'

/** A cache whose images are 100 x 100 pixels, 40,000 bytes each, and come when told to. */
function createCache(limit: number) {
  const waiting = new Map<string, { arrive(): void; fail(): void; aborted: boolean }>()
  const closed: string[] = []
  const cache = new ImageCache(limit, (url, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<ImageBitmap>()
    const entry = {
      arrive: () => resolve({ width: 100, height: 100, close: () => closed.push(url) } as unknown as ImageBitmap),
      fail: () => reject(new Error('gone')),
      aborted: false,
    }
    signal.addEventListener('abort', () => {
      entry.aborted = true
      reject(new Error('aborted'))
    })
    waiting.set(url, entry)
    return promise
  })
  const load = async (url: string, owner: object) => {
    const loaded = cache.load(url, owner)
    waiting.get(url)!.arrive()
    return loaded
  }
  return { cache, waiting, closed, load }
}

const viewer = {}
const prefetch = {}

describe('image cache', () => {
  it('loads each image once and gives it at once from then on', async () => {
    const { cache, load, waiting } = createCache(1e6)
    expect(cache.peek('a')).toBeNull()
    const first = await load('a', viewer)
    expect(cache.peek('a')).toBe(first)
    expect(await cache.load('a', prefetch)).toBe(first)
    expect(waiting.size).toBe(1)
    expect(cache.bytes).toBe(40_000)
  })

  it('stays within its memory and lets go of what nobody wants first', async () => {
    const { cache, load, closed } = createCache(100_000)
    await load('a', viewer)
    await load('b', prefetch)
    cache.keep(prefetch, [])
    await load('c', prefetch)
    expect(closed).toEqual(['b'])
    await load('d', prefetch)
    expect(closed).toEqual(['b', 'a'])
    expect(cache.bytes).toBeLessThanOrEqual(100_000)
  })

  it('stops loads nobody waits for and keeps those somebody does', () => {
    const { cache, waiting } = createCache(1e6)
    void cache.load('a', prefetch)
    void cache.load('b', prefetch)
    void cache.load('b', viewer)
    cache.keep(prefetch, [])
    expect(waiting.get('a')!.aborted).toBe(true)
    expect(waiting.get('b')!.aborted).toBe(false)
  })

  it('tries again after a failure', async () => {
    const { cache, waiting, load } = createCache(1e6)
    const failed = cache.load('a', viewer)
    waiting.get('a')!.fail()
    await expect(failed).rejects.toThrow('gone')
    expect(await load('a', viewer)).toMatchObject({ url: 'a' })
  })

  it('closes an image that arrives after the cache was cleared', async () => {
    const { cache, waiting, closed } = createCache(1e6)
    const late = cache.load('a', viewer)
    waiting.get('a')!.arrive()
    cache.clear()
    await late.catch(() => {})
    expect(closed).toEqual(['a'])
    expect(cache.bytes).toBe(0)
  })
})
