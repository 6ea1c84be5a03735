import { describe, expect, test } from 'vitest'
import { makePlanarImage, type PlanarImage } from '@shared/domain/planar-image'
import { bayerOffset, cropBayer, flipBayer, packBayer, unpackBayer } from '@shared/raw/bayer-planes'
import { decodeMosaic, runToEnd } from '@shared/raw/decode-mosaic'
import { denoiseDng } from '@shared/raw/denoise-dng'
import { cameraToSrgb, develop, developDng } from '@shared/raw/develop'
import { developPlanes, planesLook } from '@shared/raw/develop-planes'
import { isDng, readDng } from '@shared/raw/dng'
import { levelsOf, stored } from '@shared/raw/levels'
import { exampleMosaic, makeDng, type DngRecipe } from '../../helpers/make-dng'

const reader =
  (file: Uint8Array) =>
  (offset: number, length: number): Uint8Array =>
    file.subarray(offset, offset + length)
const read = (file: Uint8Array) => {
  const dng = readDng(reader(file))
  return { dng, mosaic: runToEnd(decodeMosaic(reader(file), dng)) }
}
const [width, height] = [70, 45]
const make = (recipe: Partial<DngRecipe> = {}): Uint8Array =>
  makeDng({ width, height, bits: 14, mosaic: exampleMosaic(width, height, recipe.bits ?? 14), ...recipe })

const ways: [string, Partial<DngRecipe>][] = [
  ...[8, 9, 10, 11, 12, 13, 14, 15, 16].map((bits): [string, Partial<DngRecipe>] => [`${bits} bit packed`, { bits }]),
  ['16 bit, big-endian', { bits: 16, littleEndian: false }],
  ['strips', { rowsPerStrip: 7 }],
  ['tiles beyond the edge', { tile: [32, 16] }],
  ['lossless JPEG', { compression: 'lossless-jpeg' }],
  ['lossless JPEG, 16 bit, one component, tiles', { bits: 16, compression: 'lossless-jpeg', components: 1, tile: [32, 32] }], // prettier-ignore
  ['lossless JPEG in strips, behind a thumbnail', { compression: 'lossless-jpeg', rowsPerStrip: 16, nested: true }],
]

describe('reading and writing', () => {
  test.each(ways)('%s', async (_, recipe) => {
    const file = make(recipe)
    expect(isDng(reader(file))).toBe(true)
    expect(read(file).mosaic).toEqual(exampleMosaic(width, height, recipe.bits ?? 14))
    // The same pixels give the same file; the tables of the JPEG depend on the pixels only.
    expect(await denoiseDng(file, (planes) => planes)).toEqual(file)
  })

  test('what a file says', () => {
    const file = make({
      pattern: [1, 2, 0, 1],
      black: [500, 510, 520, 530],
      blackRepeat: [2, 2],
      white: 15000,
      activeArea: [4, 6, 44, 68],
      orientation: 6,
      nested: true,
    })
    expect(readDng(reader(file))).toMatchObject({
      width,
      height,
      bits: 14,
      compression: 'none',
      pattern: [1, 2, 0, 1],
      black: { rows: 2, columns: 2, values: [500, 510, 520, 530] },
      white: 15000,
      active: { x: 6, y: 4, width: 62, height: 40 },
      orientation: 6,
      neutral: [0.5, 1, 0.625],
      camera: 'Example Example One',
    })
  })

  test('changed pixels: everything else stays, byte by byte', async () => {
    const file = make({ activeArea: [4, 6, 44, 68], black: [100] })
    const changed = await denoiseDng(file, (planes) => ({ ...planes, data: planes.data.map((v) => v * 0.5) }))
    expect(changed.length).toBe(file.length)
    const { dng, mosaic } = read(changed)
    const before = exampleMosaic(width, height, 14)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inside = x >= 6 && x < 68 && y >= 4 && y < 44
        const old = before[y * width + x]
        expect(Math.abs(mosaic[y * width + x] - (inside ? (old - 100) * 0.5 + 100 : old))).toBeLessThan(
          inside ? 0.51 : 1e-9,
        )
      }
    }
    const [pixels, length] = [dng.offsets[0], dng.sizes[0]]
    expect(changed.subarray(0, pixels)).toEqual(file.subarray(0, pixels))
    expect(changed.subarray(pixels + length)).toEqual(file.subarray(pixels + length))
  })

  test('compressed blocks that grow move to the end, and smaller ones stay where they are', async () => {
    const mosaic = exampleMosaic(width, height, 14)
    mosaic.fill(3000, 0, width * 22)
    const file = make({ mosaic, compression: 'lossless-jpeg', rowsPerStrip: 15, digest: true, nested: true })
    const before = readDng(reader(file))
    let seed = 7
    const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32
    const result = await denoiseDng(file, (planes) => ({ ...planes, data: planes.data.map(() => next()) }))
    const { dng, mosaic: noise } = read(result)
    expect(dng.offsets[0]).toBeGreaterThanOrEqual(file.length)
    expect(noise).not.toEqual(mosaic)
    // Again: the rounded values come back.
    expect(read(await denoiseDng(result, (planes) => planes)).mosaic).toEqual(noise)
    const smooth = await denoiseDng(file, (planes) => ({ ...planes, data: planes.data.map(() => 0.5) }))
    expect(smooth.length).toBe(file.length)
    expect(readDng(reader(smooth)).offsets).toEqual(before.offsets)
    expect(new Set(read(smooth).mosaic)).toEqual(new Set([8192]))
  })

  test('fingerprints of the old pixels are taken out, the other tags keep their values', async () => {
    for (const nested of [false, true]) {
      const file = make({ digest: true, nested })
      const result = await denoiseDng(file, (planes) => planes)
      const [old, now] = [readDng(reader(file)), readDng(reader(result))]
      old.tree.directories.forEach(({ tags }, i) => {
        const left = now.tree.directories[i].tags
        expect([...left.keys()]).toEqual([...tags.keys()].filter((tag) => tag !== 50781 && tag !== 51111))
        for (const [tag, { valueAt, bytes, type, count }] of left) {
          const was = tags.get(tag)!
          expect([type, count, bytes]).toEqual([was.type, was.count, was.bytes])
          expect(result.subarray(valueAt, valueAt + bytes)).toEqual(file.subarray(was.valueAt, was.valueAt + bytes))
        }
      })
    }
  })
})

describe('levels', () => {
  test('a linearization table is applied and undone', async () => {
    const table = Array.from({ length: 256 }, (_, i) => Math.round((i * i) / 4))
    const file = make({ bits: 8, linearization: table, black: [64], white: 16256 })
    const { dng, mosaic } = read(file)
    const planes = packBayer(mosaic, dng)
    expect(planes.data[1]).toBeCloseTo((table[mosaic[2]] - 64) / (16256 - 64), 6)
    expect(await denoiseDng(file, (same) => same)).toEqual(file)
    const levels = levelsOf(dng)
    expect([stored(levels, 1e6), stored(levels, -5), stored(levels, 2500.4), stored(levels, 2560)]).toEqual([255, 0, 100, 101]) // prettier-ignore
  })

  test('black by position, white, values below black stay negative, and levels from outside', () => {
    const mosaic = new Uint16Array(width * height).fill(1000)
    const file = make({ mosaic, black: [900, 1000, 1100, 950], blackRepeat: [2, 2], white: 5000 })
    const { dng } = read(file)
    const planes = packBayer(mosaic, dng)
    const size = planes.width * planes.height
    expect([0, 1, 2, 3].map((c) => planes.data[c * size])).toEqual([100 / 4100, 0, -100 / 3900, 50 / 4050].map(Math.fround)) // prettier-ignore
    expect(packBayer(mosaic, dng, { black: 0, white: 2000 }).data[0]).toBe(0.5)
    expect(() => packBayer(mosaic, dng, { white: 1050 })).toThrow(/white level 1050 at a black level of 1100/)
  })
})

describe('planes', () => {
  const patterns = { RGGB: [0, 1, 1, 2], GRBG: [1, 0, 2, 1], GBRG: [1, 2, 0, 1], BGGR: [2, 1, 1, 0] }

  test.each(Object.entries(patterns))('%s packs as RGGB and unpacks, odd sizes too', (_, pattern) => {
    for (const [w, h] of [
      [70, 45],
      [69, 44],
    ]) {
      const colours = Uint16Array.from({ length: w * h }, (_, i) => {
        const [x, y] = [i % w, Math.floor(i / w)]
        return 100 * (1 + pattern[(y % 2) * 2 + (x % 2)]) + (pattern[(y % 2) * 2 + (x % 2)] === 1 && pattern[(y % 2) * 2 + 1 - (x % 2)] === 2 ? 50 : 0) // prettier-ignore
      })
      const { dng, mosaic } = read(makeDng({ width: w, height: h, bits: 16, mosaic: colours, pattern, white: 65535 }))
      const planes = packBayer(mosaic, dng)
      const { x, y } = bayerOffset(dng.pattern)
      expect([planes.width, planes.height]).toEqual([Math.ceil((w + x) / 2), Math.ceil((h + y) / 2)])
      const size = planes.width * planes.height
      ;[100, 200, 250, 300].forEach((level, c) => {
        const found = new Set(Array.from(planes.data.subarray(c * size, (c + 1) * size), (v) => Math.round(v * 65535)))
        expect(found).toEqual(new Set([level]))
      })
      expect(unpackBayer(planes, mosaic, dng)).toEqual(mosaic)
      expect(unpackBayer({ ...planes, data: planes.data.map(() => 0.25) }, mosaic, dng)[5]).toBe(16384)
    }
  })

  /** The mosaic that planes stand for, [y][x]. */
  const mosaicOf = ({ width: w, height: h, data }: PlanarImage): number[][] =>
    Array.from({ length: 2 * h }, (_, y) =>
      Array.from({ length: 2 * w }, (_, x) => data[(((y & 1) * 2 + (x & 1)) * h + (y >> 1)) * w + (x >> 1)]),
    )
  const planes = makePlanarImage(5, 4, 4)
  planes.data.set(planes.data.map((_, i) => i))

  test('flips are those of the mosaic without its edge, transposing is that of the mosaic', () => {
    const mosaic = mosaicOf(planes)
    expect(mosaicOf(flipBayer(planes, 'horizontal'))).toEqual(mosaic.map((row) => row.toReversed().slice(1, -1)))
    expect(mosaicOf(flipBayer(planes, 'vertical'))).toEqual(mosaic.toReversed().slice(1, -1))
    expect(mosaicOf(flipBayer(planes, 'transpose'))).toEqual(mosaic[0].map((_, x) => mosaic.map((row) => row[x])))
  })

  test('crops begin at even pixels', () => {
    expect(mosaicOf(cropBayer(planes, 2, 1, 3, 2))).toEqual(
      mosaicOf(planes)
        .slice(2, 6)
        .map((row) => row.slice(4, 10)),
    )
  })
})

describe('developing', () => {
  /** One light, as the camera of makeDng sees it: red .5, green 1, blue .625 for grey. */
  const flat = (light: [number, number, number], recipe: Partial<DngRecipe> = {}) => {
    const pattern = recipe.pattern ?? [0, 1, 1, 2]
    const mosaic = Uint16Array.from({ length: width * height }, (_, i) => 1000 + Math.round(10000 * light[pattern[(Math.floor(i / width) % 2) * 2 + ((i % width) % 2)]])) // prettier-ignore
    return makeDng({ width, height, bits: 14, mosaic, black: [1000], white: 16000, ...recipe })
  }

  test('grey stays grey, and the brightest hundredth is white', () => {
    const picture = runToEnd(developDng(reader(flat([0.5, 1, 0.625]))))
    expect([picture.width, picture.height]).toEqual([width, height])
    for (let i = 0; i < picture.data.length; i += 4) {
      const [r, g, b, a] = picture.data.subarray(i, i + 4)
      expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThanOrEqual(1)
      expect(g).toBeGreaterThan(250)
      expect(a).toBe(255)
    }
  })

  test.each(['RGGB', 'GRBG', 'GBRG', 'BGGR'])('a reddish light is red with the filter %s', (name) => {
    const pattern = Array.from(name, (letter) => 'RGB'.indexOf(letter))
    const { data } = runToEnd(developDng(reader(flat([0.45, 0.3, 0.2], { pattern }))))
    for (let i = 0; i < data.length; i += 4) {
      expect(data[i]).toBeGreaterThan(data[i + 1] + 40)
      expect(data[i]).toBe(data[0])
      expect(data[i + 2]).toBe(data[2])
    }
  })

  test.each(['RGGB', 'BGGR'])('four planes look like the mosaic they are of, filter %s', (name) => {
    const pattern = Array.from(name, (letter) => 'RGB'.indexOf(letter))
    for (const light of [[0.45, 0.3, 0.2], [0.1, 0.2, 0.4]] as [number, number, number][]) {
      const file = flat(light, { pattern, orientation: 6 })
      const whole = runToEnd(developDng(reader(file)))
      const { dng, mosaic } = read(file)
      const planes = packBayer(mosaic, dng)
      const picture = developPlanes(planes, planesLook(planes, dng))
      expect([picture.width, picture.height]).toEqual([planes.height, planes.width])
      for (let c = 0; c < 3; c++) expect(picture.data[c * planes.width * planes.height] * 255).toBeCloseTo(whole.data[c], 0)
    }
  }) // prettier-ignore

  test('a given exposure is used instead of its own', () => {
    const own = runToEnd(developDng(reader(flat([0.05, 0.1, 0.0625]))))
    const darker = runToEnd(developDng(reader(flat([0.05, 0.1, 0.0625])), { exposure: own.exposure / 4 }))
    expect(darker.exposure).toBe(own.exposure / 4)
    expect(darker.data[1]).toBeLessThan(own.data[1] - 60)
  })

  test('all orientations put the same corner where EXIF says', () => {
    const corners: Record<number, [number, number]> = { 1: [0, 0], 2: [1, 0], 3: [1, 1], 4: [0, 1], 5: [0, 0], 6: [1, 0], 7: [1, 1], 8: [0, 1] } // prettier-ignore
    for (let orientation = 1; orientation <= 8; orientation++) {
      const file = flat([0.1, 0.2, 0.125], { orientation })
      const { dng, mosaic } = read(file)
      for (let y = 0; y < 12; y++) for (let x = 0; x < 20; x++) mosaic[y * width + x] = 16000
      const picture = runToEnd(develop(mosaic, dng))
      const turned = orientation >= 5
      expect([picture.width, picture.height]).toEqual(turned ? [height, width] : [width, height])
      const bright = ([right, down]: [number, number]) => {
        const [x, y] = [right ? picture.width - 3 : 2, down ? picture.height - 3 : 2]
        return picture.data[(y * picture.width + x) * 4 + 1]
      }
      const best = (
        [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ] as [number, number][]
      ).toSorted((a, b) => bright(b) - bright(a))[0]
      expect(best, `orientation ${orientation}`).toEqual(corners[orientation])
    }
  })

  test('without a matrix colours stay the camera’s; one that cannot be inverted counts as none', () => {
    expect(cameraToSrgb(null)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
    expect(cameraToSrgb([0, 0, 0, 0, 0, 0, 0, 0, 0])).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
  })
})
