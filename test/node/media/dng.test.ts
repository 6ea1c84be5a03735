/** Camera DNG files in the project: size, pictures, import; and what dcraw reads of the same files, bit for bit. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, test } from 'vitest'
import { datasetsContract } from '@shared/contract/datasets'
import { denoisers } from '@shared/catalog/denoisers'
import { decodeMosaic, runToEnd } from '@shared/raw/decode-mosaic'
import { denoiseDng } from '@shared/raw/denoise-dng'
import { readDng } from '@shared/raw/dng'
import { importDatasets } from '../../../src-main/jobs/import-job'
import { imageKind } from '../../../src-main/media/image-kind'
import { probeImage } from '../../../src-main/media/probe-image'
import { openImage, renderImage } from '../../../src-main/media/render-image'
import { openDataset } from '../../../src-main/store/read-dataset'
import { initStore } from '../../../src-main/store/store'
import { decodeImage, probeImage as probeForTraining } from '../../../src-worker/data/decode-image'
import { collect } from '../../helpers/collect'
import { exampleMosaic, makeDng, type DngRecipe } from '../../helpers/make-dng'
import { need } from '../../helpers/need'

const folder = mkdtempSync(join(tmpdir(), 'tagwright-dng-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const dcraw = need('dcraw')
const data = need('data')
const [width, height] = [150, 101]
const put = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}
const make = (recipe: Partial<DngRecipe> = {}): Uint8Array =>
  makeDng({ width, height, bits: 14, mosaic: exampleMosaic(width, height, recipe.bits ?? 14), ...recipe })

/** The active area as stored, by `dcraw -D -4`. */
function readByDcraw(file: string): { width: number; height: number; values: Uint16Array } {
  const pgm = execFileSync(dcraw.path, ['-D', '-4', '-t', '0', '-c', file], { maxBuffer: 2 ** 28 })
  const header = /^P5\s+(\d+)\s+(\d+)\s+65535\s/.exec(pgm.toString('latin1', 0, 40))!
  const pixels = pgm.subarray(header[0].length)
  const values = Uint16Array.from({ length: pixels.length / 2 }, (_, i) => pixels.readUInt16BE(2 * i))
  return { width: Number(header[1]), height: Number(header[2]), values }
}

/** The same by the product; linear, as dcraw gives them. */
function readActive(bytes: Uint8Array): { width: number; height: number; values: Uint16Array } {
  const readAt = (offset: number, length: number) => bytes.subarray(offset, offset + length)
  const dng = readDng(readAt)
  const mosaic = runToEnd(decodeMosaic(readAt, dng))
  const { active, linearization } = dng
  const values = new Uint16Array(active.width * active.height)
  for (let y = 0; y < active.height; y++) {
    const from = (active.y + y) * dng.width + active.x
    values.set(mosaic.subarray(from, from + active.width), y * active.width)
  }
  return { width: active.width, height: active.height, values: linearization ? values.map((v) => linearization[v]) : values } // prettier-ignore
}

function expectAsDcraw(bytes: Uint8Array, name: string): void {
  const [theirs, ours] = [readByDcraw(put(name, bytes)), readActive(bytes)]
  expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height])
  expect(Buffer.compare(Buffer.from(ours.values.buffer), Buffer.from(theirs.values.buffer))).toBe(0)
}

dcraw.describe('bit for bit as dcraw', () => {
  // dcraw reads packed pixels in strips only.
  test.each<[string, Partial<DngRecipe>]>([
    ['8 bit', { bits: 8 }],
    ['10 bit', { bits: 10 }],
    ['12 bit', { bits: 12 }],
    ['14 bit', { bits: 14 }],
    ['16 bit', { bits: 16 }],
    ['16 bit, big-endian', { bits: 16, littleEndian: false }],
    ['12 bit, odd width', { bits: 12, width: 149, mosaic: exampleMosaic(149, height, 12) }],
    ['14 bit, behind a thumbnail, active area', { nested: true, activeArea: [6, 10, 99, 141], black: [600], white: 15000 }], // prettier-ignore
    ['8 bit with a linearization table', { bits: 8, linearization: Array.from({ length: 256 }, (_, i) => i * i) }],
    ['lossless JPEG 14 bit', { compression: 'lossless-jpeg' }],
    ['lossless JPEG 16 bit in tiles', { bits: 16, compression: 'lossless-jpeg', tile: [64, 48] }],
    ['lossless JPEG 12 bit, one component, big-endian', { bits: 12, compression: 'lossless-jpeg', components: 1, littleEndian: false }], // prettier-ignore
  ])('%s', (name, recipe) => expectAsDcraw(make(recipe), `${name.replaceAll(/\W/g, '-')}.dng`))

  test('what was denoised, in its own compression', async () => {
    for (const recipe of [
      { bits: 12 },
      { compression: 'lossless-jpeg', tile: [64, 48], digest: true },
    ] as Partial<DngRecipe>[]) {
      const noisy = make({ ...recipe, activeArea: [2, 4, 98, 148], pattern: [1, 0, 2, 1] })
      const clean = await denoiseDng(noisy, (planes) => denoisers.get('bilateral').denoise(planes, { sigma: 0.05, range: 1 })) // prettier-ignore
      expect(readActive(clean).values).not.toEqual(readActive(noisy).values)
      expectAsDcraw(clean, 'denoised.dng')
    }
  })

  data.test('the camera’s file, as it is and denoised', async () => {
    const file = new Uint8Array(readFileSync(join(data.path, 'denoise/raw/colorchart.dng')))
    expectAsDcraw(file, 'camera.dng')
    const before = readDng((offset, length) => file.subarray(offset, offset + length))
    expect(before).toMatchObject({ width: 1888, height: 1182, bits: 14, black: { values: [2056] }, white: 15000, pattern: [0, 1, 1, 2] }) // prettier-ignore
    before.neutral.forEach((value, i) => expect(value).toBeCloseTo([1, 2.477, 1.462][i], 6))

    const clean = await denoiseDng(file, (planes) => denoisers.get('bilateral').denoise(planes, { sigma: 0.01, range: 1 })) // prettier-ignore
    expectAsDcraw(clean, 'camera-denoised.dng')
    const pixels = before.offsets[0]
    expect(clean.length).toBe(file.length)
    expect(Buffer.compare(clean.subarray(0, pixels), file.subarray(0, pixels))).toBe(0)
    expect(Buffer.compare(clean.subarray(pixels + before.sizes[0]), file.subarray(pixels + before.sizes[0]))).toBe(0)
    // The noise is less: neighbours of one colour differ less.
    const roughness = ({ values, width }: ReturnType<typeof readActive>) => {
      let sum = 0
      for (let i = 2; i < values.length; i++) if (i % width >= 2) sum += Math.abs(values[i] - values[i - 2])
      return sum
    }
    expect(roughness(readActive(clean))).toBeLessThan(0.8 * roughness(readActive(file)))
    // Borders that saw no light are not denoised.
    const masked = (bytes: Uint8Array) => runToEnd(decodeMosaic((at, length) => bytes.subarray(at, at + length), before)).subarray(0, 26 * 1888) // prettier-ignore
    expect(masked(clean)).toEqual(masked(file))
  })
})

describe('in a project', () => {
  const grey = Uint16Array.from({ length: width * height }, (_, i) => [2000, 4000, 2500][[0, 1, 1, 2][(Math.floor(i / width) % 2) * 2 + ((i % width) % 2)]]) // prettier-ignore

  test('the size is that of the upright active area, not of the thumbnail', async () => {
    const file = put('turned.dng', make({ nested: true, orientation: 6, activeArea: [0, 10, 100, 150] }))
    expect(imageKind(file)).toBe('dng')
    expect(await probeImage(file)).toEqual({ state: 'ok', width: 100, height: 140, rawWidth: 140, rawHeight: 100, orientation: 6 }) // prettier-ignore
    expect(await probeForTraining(file)).toEqual({ width: 100, height: 140 })
    const { info } = await (await openImage(file)).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([100, 140])
  })

  test('thumbnail, whole image and training see the developed picture', async () => {
    const file = put('grey.dng', make({ mosaic: grey, white: 8000, nested: true }))
    const cacheFolder = join(folder, 'cache')
    const whole = await renderImage(file, { cacheFolder })
    expect(whole.mime).toBe('image/png')
    const { data: pixels, info } = await sharp(whole.path).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([width, height])
    for (let i = 0; i < pixels.length; i += 3) {
      expect(Math.max(...pixels.subarray(i, i + 3)) - Math.min(...pixels.subarray(i, i + 3))).toBeLessThan(3)
      expect(pixels[i]).toBeGreaterThan(240)
    }
    const small = await renderImage(file, { cacheFolder, width: 64 })
    expect(await sharp(small.path).metadata()).toMatchObject({ format: 'webp', width: 64 })
    const decoded = await decodeImage(file)
    expect([decoded.width, decoded.height]).toEqual([width, height])
    expect((decoded.data as Int32Array)[decoded.offset] & 255).toBe(pixels[0])
  })

  test('a file that is cut off or of a kind that is not read says so', async () => {
    const whole = make()
    const cut = put('cut.dng', whole.subarray(0, whole.length - 500))
    expect(await probeImage(cut)).toMatchObject({ state: 'unreadable', reason: expect.stringMatching(/^it is cut off: it has \d+ of \d+ bytes$/) as string }) // prettier-ignore
    await expect(renderImage(cut, { cacheFolder: join(folder, 'cache') })).rejects.toMatchObject({ code: 'unreadable-image' }) // prettier-ignore
    await expect(decodeImage(cut)).rejects.toThrow(/cut\.dng cannot be decoded/)
    const linear = put('linear.dng', make({ tags: { 262: ['short', [34892]] } }))
    expect((await probeImage(linear)).reason).toBe('it holds a picture that is demosaiced already (linear DNG)')
  })

  test('a folder of DNG is imported as images', async () => {
    const store = initStore(join(folder, 'night'))
    try {
      const file = put('a.dng', make({ nested: true }))
      put('b.dng', make({ orientation: 8 }))
      const params = datasetsContract.methods.import.input.parse({
        paths: [file, join(folder, 'b.dng')],
        format: 'images',
      })
      const context = { signal: new AbortController().signal, report() {}, log() {} }
      const { samples, skipped, warnings } = await importDatasets(store, params, context)
      expect({ samples, skipped, warnings }).toEqual({ samples: 2, skipped: [], warnings: [] })
      const open = openDataset(store)
      const items = await collect(open.dataset.items())
      open.close()
      expect(items.map(({ sample }) => [sample.width, sample.height])).toEqual([
        [width, height],
        [height, width],
      ])
    } finally {
      store.close()
    }
  })
})
