/** Damaged and hostile files: a clear message, soon, without much memory. */
import { describe, expect, test } from 'vitest'
import { TagwrightError } from '@shared/base/errors'
import { decodeMosaic, runToEnd } from '@shared/raw/decode-mosaic'
import { denoiseDng } from '@shared/raw/denoise-dng'
import { developDng } from '@shared/raw/develop'
import { isDng, readDng } from '@shared/raw/dng'
import { encodeLosslessJpeg } from '@shared/raw/encode-lossless-jpeg'
import { decodeLosslessJpeg } from '@shared/raw/lossless-jpeg'
import { exampleMosaic, makeDng, type DngRecipe } from '../../helpers/make-dng'

const [width, height] = [40, 30]
const make = (recipe: Partial<DngRecipe> = {}) =>
  makeDng({ width, height, bits: 12, mosaic: exampleMosaic(width, height, 12), ...recipe })
const reader =
  (file: Uint8Array) =>
  (offset: number, length: number): Uint8Array =>
    file.subarray(offset, offset + length)
const open = (file: Uint8Array) => {
  const dng = readDng(reader(file))
  return runToEnd(decodeMosaic(reader(file), dng))
}

describe('what is not read, with the reason', () => {
  test.each<[string, RegExp, DngRecipe['tags']]>([
    ['lossy JPEG', /compressed by method 34892/, { 259: ['short', [34892]] }],
    ['linear DNG', /demosaiced already/, { 262: ['short', [34892]] }],
    ['no mosaic', /no mosaic/, { 262: ['short', [2]] }],
    ['three values a pixel', /3 values a pixel/, { 277: ['short', [3]] }],
    ['floating point', /floating-point/, { 339: ['short', [3]] }],
    ['32 bits', /32 bits a pixel/, { 258: ['short', [32]] }],
    ['reversed bits', /reverse order/, { 266: ['short', [2]] }],
    ['X-Trans', /filter of 6 x 6/, { 33421: ['short', [6, 6]] }],
    ['four colours', /colour filter 0 1 3 2/, { 33422: ['byte', [0, 1, 3, 2]] }],
    ['two rows of one colour', /colour filter 0 1 2 1/, { 33422: ['byte', [0, 1, 2, 1]] }],
    ['no filter', /none named/, { 33422: null }],
    ['no size', /size 0 x 30/, { 256: ['long', [0]] }],
    ['a size that takes 34 GB', /size 131072 x 131072/, { 256: ['long', [131072]], 257: ['long', [131072]] }],
    ['a size that the bytes cannot fill', /bytes for 16000 x 16000/, { 256: ['long', [16000]], 257: ['long', [16000]], 278: ['long', [16000]] }], // prettier-ignore
    ['strips of no rows', /blocks of 40 x 0/, { 278: ['long', [0]] }],
    ['missing strips', /names 1 of 3 blocks/, { 278: ['long', [10]] }],
    ['active area beyond', /active area 0, 0 to 41, 30/, { 50829: ['long', [0, 0, 30, 41]] }],
    ['too many levels', /values in tag 50714|cut off/, { 50714: ['short', []] }],
  ])('%s', (name, message, tags) => {
    const file = make({ tags })
    if (name === 'too many levels') {
      // An empty list counts as black 0.
      expect(readDng(reader(file)).black.values).toEqual([0])
      return
    }
    expect(() => open(file)).toThrow(message)
    expect(() => open(file)).toThrow(TagwrightError)
  })

  test('a repeat of no levels, and levels that are no numbers', async () => {
    const file = make({
      black: [200],
      blackRepeat: [0, 0],
      tags: { 50715: ['srational', new Array<number>(width * 2).fill(0)] },
    })
    const dng = readDng(reader(file))
    expect(dng.black).toEqual({ rows: 1, columns: 1, values: [200] })
    const result = await denoiseDng(file, (planes) => {
      expect(planes.data.every(Number.isFinite)).toBe(true)
      return planes
    })
    expect(result).toEqual(file)
  })

  test('levels that cannot be: only their use fails, levels from outside help', async () => {
    const file = make({ white: 100, black: [200] })
    expect(open(file)).toEqual(exampleMosaic(width, height, 12))
    await expect(denoiseDng(file, (planes) => planes)).rejects.toThrow(
      /white level 100 at a black level of 200.*--white/,
    )
    await expect(denoiseDng(file, (planes) => planes, { black: 0, white: 4095 })).resolves.toHaveLength(file.length)
  })

  test('no TIFF, no DNG', () => {
    for (const bytes of [
      [],
      [0x49, 0x49],
      Array.from('II*\0\0\0\0\0', (c) => c.charCodeAt(0)),
      new Array(200).fill(0x4d),
    ]) {
      expect(isDng(reader(Uint8Array.from(bytes as number[])))).toBe(false)
      expect(() => open(Uint8Array.from(bytes as number[]))).toThrow(/no DNG/)
    }
  })
})

describe('damage', () => {
  test('cut off anywhere', () => {
    for (const recipe of [{}, { compression: 'lossless-jpeg', nested: true }] as Partial<DngRecipe>[]) {
      const file = make(recipe)
      for (let length = 0; length < file.length - 1; length += 13) {
        expect(() => open(file.subarray(0, length)), `${length} bytes`).toThrow(TagwrightError)
      }
    }
  })

  test('any byte of the directories changed: a picture or a message', () => {
    for (const recipe of [{}, { compression: 'lossless-jpeg', tile: [16, 16], nested: true }] as Partial<DngRecipe>[]) {
      const file = make(recipe)
      const end = readDng(reader(file)).offsets[0]
      for (let at = 0; at < end; at++) {
        for (const value of [0, 255, file[at] ^ 0x81]) {
          const damaged = file.slice()
          damaged[at] = value
          try {
            runToEnd(developDng(reader(damaged)))
          } catch (error) {
            if (!(error instanceof TagwrightError)) throw new Error(`byte ${at} = ${value}: ${String(error)}`, { cause: error }) // prettier-ignore
          }
        }
      }
    }
  })

  test('directories that point at each other, and too many', () => {
    const file = make({ nested: true })
    const dng = readDng(reader(file))
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
    const last = dng.tree.directories[1]
    view.setUint32(last.at + 2 + last.tags.size * 12, dng.tree.directories[0].at, true)
    expect(open(file)).toEqual(exampleMosaic(width, height, 12))
  })
})

describe('lossless JPEG', () => {
  const data = exampleMosaic(12, 10, 14)

  test.each([
    [1, 12],
    [2, 6],
    [3, 4],
    [4, 3],
  ])('%i components', (components, columns) => {
    const bytes = encodeLosslessJpeg(data, columns, 10, components, 14)
    expect(decodeLosslessJpeg(bytes, 120)).toEqual({ width: columns, height: 10, components, bits: 14, data })
    expect(() => decodeLosslessJpeg(bytes, 119)).toThrow(/samples for a block of 119/)
  })

  test('differences of all sizes, up to 32768', () => {
    const values = Uint16Array.from([
      0, 65535, 0, 32768, 0, 1, 3, 7, 65535, 32767, 2, 40000, 40001, 40003, 39996, 40011,
    ])
    expect(decodeLosslessJpeg(encodeLosslessJpeg(values, 4, 4, 1, 16), 16).data).toEqual(values)
  })

  test('very unequal differences keep codes within 16 bits', () => {
    // How often each size occurs grows as Fibonacci's numbers, which makes the deepest trees.
    const values: number[] = [0]
    let [a, b] = [1, 1]
    for (let category = 16; category >= 0; category--, [a, b] = [b, a + b])
      for (let i = 0; i < a; i++) values.push((values.at(-1)! + (category === 0 ? 0 : 1 << (category - 1))) & 65535)
    const samples = Uint16Array.from(values)
    expect(decodeLosslessJpeg(encodeLosslessJpeg(samples, samples.length, 1, 1, 16), samples.length).data).toEqual(
      samples,
    )
  })

  /** A stream by hand: one component, codes of the given table. */
  const stream = (
    predictor: number,
    bits: string,
    extra: number[] = [],
    [w, h] = [2, 2],
    transform = 0,
  ): Uint8Array => {
    // Categories 0, 1, 2 have the codes 0, 10, 110.
    const table = [0xff, 0xc4, 0, 22, 0, 1, 1, 1, ...new Array<number>(13).fill(0), 0, 1, 2]
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
    const body = padded.match(/.{8}/g)!.map((byte) => parseInt(byte, 2))
    const frame = [0xff, 0xc3, 0, 11, 8, 0, h, 0, w, 1, 0, 0x11, 0]
    return Uint8Array.from([0xff, 0xd8, ...table, ...frame, ...extra, 0xff, 0xda, 0, 8, 1, 0, 0, predictor, 0, transform, ...body, 0xff, 0xd9]) // prettier-ignore
  }

  // First row 128, 129 (codes 0, 10 1); second row begins with 128 + 2 (110 10), then the prediction + 0.
  test.each([
    [1, 130],
    [2, 129],
    [3, 128],
    [4, 131],
    [5, 130],
    [6, 130],
    [7, 129],
  ])('predictor %i', (predictor, last) => {
    const { data } = decodeLosslessJpeg(stream(predictor, '0' + '101' + '11010' + '0'), 4)
    expect([...data]).toEqual([128, 129, 130, last])
  })

  test('a point transform, restarts', () => {
    expect([...decodeLosslessJpeg(stream(1, '0' + '101' + '100' + '0', [], [2, 2], 1), 4).data]).toEqual([128, 130, 126, 126]) // prettier-ignore
    // A restart after each line of two: the bits of a line are filled up to a byte.
    const bits = '0101' + '1111' + '11111111' + '11010000' + '101' + '0' + '1111'
    expect([...decodeLosslessJpeg(stream(1, bits, [0xff, 0xdd, 0, 4, 0, 2]), 4).data]).toEqual([128, 129, 129, 129])
  })

  test('damage', () => {
    const good = encodeLosslessJpeg(data, 12, 10, 1, 14)
    expect(() => decodeLosslessJpeg(stream(0, '0000'), 4)).toThrow(/predictor 0/)
    expect(() => decodeLosslessJpeg(stream(1, '11101110'), 4)).toThrow(/no table/)
    expect(() => decodeLosslessJpeg(Uint8Array.from([1, 2, 3]), 4)).toThrow(/no start/)
    const lossy = good.slice()
    lossy[3] = 0xc0
    expect(() => decodeLosslessJpeg(lossy, 120)).toThrow(/another kind \(SOF0\)/)
    for (let at = 0; at < good.length; at++) {
      for (const value of [0, 255, good[at] ^ 16]) {
        const damaged = good.slice()
        damaged[at] = value
        try {
          expect(decodeLosslessJpeg(damaged, 120).data.length).toBeLessThanOrEqual(120)
        } catch (error) {
          expect(error).toBeInstanceOf(TagwrightError)
        }
      }
    }
  })
})
