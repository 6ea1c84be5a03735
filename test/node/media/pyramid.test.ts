/** Large images: what is shown at once is read from the file itself, and the tiles of libvips agree with it. */
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { probeImage } from '../../../src-main/media/probe-image'
import { createPyramid, isTiled, pyramidLevels, tileSize, type Pyramid, type Tile } from '../../../src-main/media/pyramid' // prettier-ignore
import { readTiffLayout } from '../../../src-main/media/tiff/layout'
import { sampleRegion, spread } from '../../../src-main/media/tiff/sample-region'
import { largeTiffPixel, writeLargeTiff, type LargeTiffOptions } from '../../bench/write-large-tiff'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagwright-pyramid-'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)
const [width, height] = [1900, 1300]

const kinds: LargeTiffOptions[] = (['striped', 'tiled'] as const).flatMap((layout) =>
  (['none', 'deflate'] as const).flatMap((compression) =>
    ([8, 16] as const).flatMap(
      (bits) =>
      ([1, 3] as const).map((channels) => ({ layout, compression, bits, channels, width, height, predictor: compression === 'deflate' })), // prettier-ignore
    ),
  ),
)

describe('a TIFF read in parts', () => {
  it.each(kinds)('$layout, $compression, $bits bits, $channels channels', async (options) => {
    const file = at('a.tif')
    writeLargeTiff(file, options)
    // The generator is held against another reader first.
    const whole = await sharp(file).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    const [x, y] = [1777, 1201]
    const [red, green, blue] = largeTiffPixel(x, y, width, height)
    const expected = options.channels === 1 ? [red, red, red] : [red, green, blue]
    const place = (y * width + x) * whole.info.channels
    expect([...whole.data.subarray(place, place + options.channels!)]).toEqual(expected.slice(0, options.channels))

    const fd = openSync(file, 'r')
    try {
      const layout = readTiffLayout(fd)!
      const exact = await sampleRegion(fd, layout, { x: 1700, y: 1150, width: 200, height: 150, step: 1 })
      expect(exact).toMatchObject({ width: 200, height: 150, whole: true })
      const inside = ((y - 1150) * 200 + x - 1700) * 3
      expect([...exact.data.subarray(inside, inside + 3)]).toEqual(expected)
      const coarse = await sampleRegion(fd, layout, { x: 0, y: 0, width, height, step: 8 })
      expect(coarse).toMatchObject({ width: 238, height: 163, whole: true })
      // Pixel (100, 90) of the result stands for the middle of its 8 x 8 pixels.
      const middle = largeTiffPixel(804, 724, width, height)
      const sampled = (90 * 238 + 100) * 3
      expect([...coarse.data.subarray(sampled, sampled + 3)]).toEqual(
        options.channels === 1 ? [middle[0], middle[0], middle[0]] : middle,
      )
    } finally {
      closeSync(fd)
    }
    expect(await probeImage(file)).toMatchObject({ state: 'ok', width, height })
  })

  it('fills in what there was no time for', async () => {
    for (const compression of ['none', 'deflate'] as const) {
      writeLargeTiff(at('a.tif'), { width, height, layout: 'tiled', compression })
      const fd = openSync(at('a.tif'), 'r')
      const region = { x: 0, y: 0, width, height, step: 4 }
      const hurried = await sampleRegion(fd, readTiffLayout(fd)!, { ...region, budget: 0 })
      const patient = await sampleRegion(fd, readTiffLayout(fd)!, region)
      closeSync(fd)
      expect([hurried.whole, patient.whole]).toEqual([false, true])
      expect(hurried.data.length).toBe(patient.data.length)
      // The picture has no black pixel; what nobody filled would be black.
      const isBlack = (i: number) => hurried.data.readUIntBE(i * 3, 3) === 0
      expect(Array.from({ length: hurried.width * hurried.height }, (_, i) => i).filter(isBlack)).toEqual([])
      expect(hurried.data.equals(patient.data)).toBe(false)
    }
  })

  it('stops when nobody waits any more', async () => {
    writeLargeTiff(at('a.tif'), { width, height, layout: 'striped', compression: 'deflate' })
    const fd = openSync(at('a.tif'), 'r')
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(sampleRegion(fd, readTiffLayout(fd)!, { x: 0, y: 0, width, height, step: 2, signal })).rejects.toThrow(
      'gone',
    )
    closeSync(fd)
  })

  it('leaves to libvips what it does not know, and finds files that are cut off', async () => {
    const picture = sharp({ create: { width: 300, height: 200, channels: 3, background: '#336699' } })
    await picture.clone().tiff({ compression: 'lzw' }).toFile(at('lzw.tif'))
    await picture.clone().tiff({ compression: 'jpeg' }).toFile(at('jpeg.tif'))
    await picture.clone().withMetadata({ orientation: 6 }).tiff({ compression: 'none' }).toFile(at('turned.tif'))
    for (const name of ['lzw.tif', 'jpeg.tif', 'turned.tif']) {
      const fd = openSync(at(name), 'r')
      expect(readTiffLayout(fd)).toBeNull()
      closeSync(fd)
      expect((await probeImage(at(name))).state).toBe('ok')
    }
    expect(await probeImage(at('turned.tif'))).toMatchObject({ width: 200, height: 300, orientation: 6 })
    writeLargeTiff(at('cut.tif'), { width, height, layout: 'striped' })
    const bytes = readFileSync(at('cut.tif'))
    // The directory lies at the end here: it is put in front of the pixels by cutting a file that sharp wrote.
    await sharp(bytes).tiff({ compression: 'none' }).toFile(at('whole.tif'))
    expect((await probeImage(at('whole.tif'))).state).toBe('ok')
    truncateSync(at('cut.tif'), bytes.length - 1000)
    expect((await probeImage(at('cut.tif'))).state).toBe('unreadable')
  })

  it('visits everything once, evenly', () => {
    for (const n of [0, 1, 2, 7, 64, 1000]) {
      const order = [...spread(n)]
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
    }
    expect([...spread(8)]).toEqual([0, 4, 2, 6, 1, 3, 5, 7])
  })
})

describe('a pyramid', () => {
  const make = (file: string, onProgress: (state: Pyramid['state']) => void = () => {}) =>
    createPyramid({ file, width, height, cacheFolder: at('tiles'), name: 'a', onProgress, budget: Infinity })
  const pixels = async (tile: Tile) => {
    const input = tile.kind === 'file' ? tile.path : (tile as { data: Buffer }).data
    return sharp(input).raw().toBuffer({ resolveWithObject: true })
  }

  it('has levels that halve, rounded up, down to one tile', () => {
    expect(pyramidLevels(1900, 1300)).toEqual([
      { width: 1900, height: 1300, columns: 4, rows: 3 },
      { width: 950, height: 650, columns: 2, rows: 2 },
      { width: 475, height: 325, columns: 1, rows: 1 },
    ])
    expect(pyramidLevels(40000, 40000)).toHaveLength(8)
    expect(pyramidLevels(100, 60_000).at(-1)).toEqual({ width: 1, height: 469, columns: 1, rows: 1 })
    expect([isTiled(8192, 7812), isTiled(8193, 10), isTiled(8192, 8192)]).toEqual([false, true, true])
  })

  it.each([
    ['uncompressed', { layout: 'striped' as const }],
    ['tiled', { layout: 'tiled' as const }],
    ['compressed', { layout: 'striped' as const, compression: 'deflate' as const }],
  ])('%s: shows every level at once, and the same when the tiles are made', async (_, options) => {
    writeLargeTiff(at('a.tif'), { width, height, ...options })
    const states: Pyramid['state'][] = []
    const pyramid = make(at('a.tif'), (state) => states.push(state))
    const first = await Promise.all(pyramid.levels.map((_, level) => pyramid.tile(level, 0, 0)))
    expect(first.map(({ kind }) => kind)).toEqual(['bytes', 'bytes', 'bytes'])
    await pyramid.build()
    expect(states.at(0)).toMatchObject({ state: 'building', complete: 'compression' in options ? 2 : 0 })
    expect(states.at(-1)).toEqual({ state: 'ready', complete: 0, done: 1, error: null })
    for (const [level, { columns, rows, width, height }] of pyramid.levels.entries()) {
      const corner = await pixels(await pyramid.tile(level, columns - 1, rows - 1))
      expect([corner.info.width, corner.info.height]).toEqual([
        width - (columns - 1) * tileSize,
        height - (rows - 1) * tileSize,
      ])
      const [before, after] = [await pixels(first[level]), await pixels(await pyramid.tile(level, 0, 0))]
      expect([before.info.width, before.info.height]).toEqual([after.info.width, after.info.height])
      // In the flat middle of a cell of the grid; one is sampled, the other averaged.
      const place = (Math.round(200 / 2 ** level) * before.info.width + Math.round(300 / 2 ** level)) * 3
      for (let channel = 0; channel < 3; channel++)
        expect(Math.abs(before.data[place + channel] - after.data[place + channel])).toBeLessThan(16)
    }
    await expect(pyramid.tile(0, 4, 0)).rejects.toMatchObject({ code: 'not-found' })
    await expect(pyramid.tile(3, 0, 0)).rejects.toMatchObject({ code: 'not-found' })
    // A second look, as after a restart, finds the tiles.
    const again = make(at('a.tif'))
    expect((await again.tile(1, 1, 1)).kind).toBe('file')
    expect(again.state.state).toBe('ready')
    expect(readdirSync(at('tiles'))).toEqual(['a'])
  })

  it('waits for libvips where the file cannot be read in parts', async () => {
    await sharp({ create: { width, height, channels: 3, background: '#336699' } }).withMetadata({ orientation: 3 }).jpeg().toFile(at('a.jpg')) // prettier-ignore
    const pyramid = make(at('a.jpg'))
    expect((await pyramid.tile(0, 0, 0)).kind).toBe('pending')
    await pyramid.build()
    expect((await pixels(await pyramid.tile(0, 3, 2))).info).toMatchObject({ width: 364, height: 276 })
  })

  it('says why it failed, and leaves nothing behind', async () => {
    await sharp({ create: { width, height, channels: 3, background: '#336699' } })
      .png()
      .toFile(at('a.png'))
    truncateSync(at('a.png'), 3000)
    const pyramid = make(at('a.png'))
    await pyramid.build()
    expect(pyramid.state).toMatchObject({ state: 'failed' })
    expect(pyramid.state.error).toContain('could not be made')
    expect(readdirSync(at('tiles'))).toEqual([])
  })
})
