/** The order of image work, and caches that stay below their size. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { touch, trimFolder } from '../../../src-main/media/trim-folder'
import { createWorkQueue } from '../../../src-main/media/work-queue'

describe('the work queue', () => {
  /** Work that ends when told, and says when it began. */
  const bench = () => {
    const begun: string[] = []
    const ends = new Map<string, () => void>()
    const work = (name: string) => () => {
      begun.push(name)
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
    }
    return { begun, end: (name: string) => ends.get(name)!(), work }
  }
  const turn = () => new Promise(setImmediate)

  it('does a few things at a time, and background work only while nobody waits', async () => {
    const { begun, end, work } = bench()
    const queue = createWorkQueue(2)
    const first = queue.run('background', work('b1'))
    void queue.run('background', work('b2'))
    for (const name of ['f1', 'f2', 'f3']) void queue.run('foreground', work(name))
    await turn()
    expect(begun).toEqual(['b1', 'f1', 'f2'])
    end('b1')
    expect(await first).toBe('b1')
    end('f1')
    await turn()
    expect(begun).toEqual(['b1', 'f1', 'f2', 'f3'])
    end('f2')
    await turn()
    expect(begun).not.toContain('b2')
    end('f3')
    await turn()
    expect(begun).toContain('b2')
  })

  it('drops what is cancelled before it began, and goes on after a failure', async () => {
    const { begun, end, work } = bench()
    const queue = createWorkQueue(1)
    void queue.run('foreground', work('f1'))
    const abort = new AbortController()
    const dropped = queue.run('foreground', work('f2'), abort.signal)
    const failing = queue.run('foreground', () => Promise.reject(new Error('broken')))
    void queue.run('foreground', work('f4'))
    abort.abort(new Error('gone'))
    await expect(dropped).rejects.toThrow('gone')
    await expect(queue.run('foreground', work('f5'), AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    end('f1')
    await expect(failing).rejects.toThrow('broken')
    await turn()
    expect(begun).toEqual(['f1', 'f4'])
  })
})

describe('a cache folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tagwright-cache-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const put = (path: string, bytes: number, used: number) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), Buffer.alloc(bytes))
    utimesSync(join(folder, path), used, used)
  }
  const has = (...paths: string[]) => paths.map((path) => existsSync(join(folder, path)))

  it('loses first what was not used for longest', async () => {
    put('a/1.webp', 400, 1000)
    put('b/2.webp', 400, 3000)
    put('c/3.webp', 400, 2000)
    expect(await trimFolder(folder, 1200)).toBe(1200)
    expect(await trimFolder(folder, 1100)).toBe(800)
    expect(has('a/1.webp', 'b/2.webp', 'c/3.webp')).toEqual([false, true, true])
    // Shown again, the older one outlives the newer one.
    await touch(join(folder, 'c/3.webp'), new Date(2000_000))
    expect(await trimFolder(folder, 500)).toBe(400)
    expect(has('b/2.webp', 'c/3.webp')).toEqual([false, true])
  })

  it('loses the tiles of an image together', async () => {
    put('1-a/0/0_0.jpeg', 400, 1000)
    put('1-a/1/0_0.jpeg', 400, 9000)
    put('2-b/0/0_0.jpeg', 400, 1000)
    utimesSync(join(folder, '1-a'), 1000, 1000)
    utimesSync(join(folder, '2-b'), 2000, 2000)
    expect(await trimFolder(folder, 1000, true)).toBe(400)
    expect(has('1-a', '2-b/0/0_0.jpeg')).toEqual([false, true])
    expect(await trimFolder(join(folder, 'none'), 1)).toBe(0)
  })
})
