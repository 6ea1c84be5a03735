/** Camera DNG and classical denoisers where denoising runs: crops of mosaics, whole files, evaluations. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, expect, test } from 'vitest'
import { workerContract } from '@shared/contract/worker'
import { noiseSchema, type SetNoise } from '@shared/domain/noise'
import { parseRecipe } from '@shared/domain/recipe'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { decodeMosaic, runToEnd } from '@shared/raw/decode-mosaic'
import { readDng } from '@shared/raw/dng'
import { shownPair } from '../../../src-main/media/shown-pair'
import { readPlanes, toPlanarImage } from '../../../src-worker/data/planes'
import { evaluateImages } from '../../../src-worker/tasks/denoise/evaluate-images'
import { methodDenoiser } from '../../../src-worker/tasks/denoise/method-denoiser'
import { cropPlanes, PlaneCache } from '../../../src-worker/tasks/denoise/plane-cache'
import { predictClean } from '../../../src-worker/tasks/denoise/predict-clean'
import { runData } from '../../../src-worker/tasks/denoise/run-data'
import { exampleMosaic, makeDng } from '../../helpers/make-dng'
import { silentReport } from '../../helpers/silent-report'

const folder = mkdtempSync(join(tmpdir(), 'tagwright-denoise-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const put = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}
const [width, height] = [60, 44]
const dng = (pattern = [0, 1, 1, 2]) =>
  makeDng({ width, height, bits: 14, mosaic: exampleMosaic(width, height, 14), pattern, black: [1024], white: 16383 })

test('a DNG has four planes of whole numbers, and levels from outside count', async () => {
  const file = put('planes.dng', dng())
  const stored = await readPlanes(file)
  expect(stored).toMatchObject({ width: 30, height: 22, channels: 4, black: 1024, white: 16383 })
  const mosaic = exampleMosaic(width, height, 14)
  for (const [x, y] of [
    [0, 0],
    [17, 4],
    [30, 21],
    [59, 43],
  ])
    // prettier-ignore
    expect(stored.data[(((y & 1) * 2 + (x & 1)) * 22 + (y >> 1)) * 30 + (x >> 1)]).toBe(mosaic[y * width + x])
  expect(toPlanarImage(stored).data[0]).toBeCloseTo((mosaic[0] - 1024) / (16383 - 1024), 6)
  expect(toPlanarImage(await readPlanes(file, { black: 0, white: 10000 })).data[0]).toBeCloseTo(mosaic[0] / 10000, 6)
})

test('noise made on mosaics is that of a camera unless another is asked for', async () => {
  const file = put('train.dng', dng())
  const sample = { id: 1, name: 'train.dng', file, width, height, split: 'train', annotations: [] } as unknown as SnapshotSample // prettier-ignore
  const noiseOf = async (noise: object) => {
    const recipe = parseRecipe({ task: 'denoise', model: { id: 'dncnn', params: {} }, noise })
    return (await runData.complete(recipe, [sample], [])).recipe
  }
  expect(await noiseOf({})).toMatchObject({ model: { params: { channels: 4 } }, noise: { id: 'poisson-gaussian', levels: [0.01] } }) // prettier-ignore
  expect((await noiseOf({ id: 'gaussian' })).noise).toMatchObject({ id: 'gaussian', levels: [25] })
})

test('a camera file before and after is shown with one exposure, and a browser can show both', async () => {
  const before = put('before.dng', dng())
  const dark = exampleMosaic(width, height, 14).map((value) => 1024 + (Math.max(1024, value) - 1024) / 8)
  const after = put('after.dng', makeDng({ width, height, bits: 14, mosaic: dark, pattern: [0, 1, 1, 2], black: [1024], white: 16383 })) // prettier-ignore
  const [from, to] = await shownPair(before, after, join(folder, 'cache'))
  const mean = async ({ path, mime }: { path: string; mime: string }) => {
    expect(mime).toBe('image/png')
    const { channels } = await sharp(path).stats()
    return channels.reduce((sum, channel) => sum + channel.mean, 0) / channels.length
  }
  // Exposed by itself the darker one would look the same.
  expect(await mean(to)).toBeLessThan(0.7 * (await mean(from)))
  expect(await sharp(from.path).metadata()).toMatchObject({ width, height })
  const tiff = join(folder, 'before.tif')
  await sharp({ create: { width: 8, height: 6, channels: 3, background: '#666' } }).toFile(tiff)
  const png = join(folder, 'after.png')
  await sharp({ create: { width: 8, height: 6, channels: 3, background: '#777' } }).toFile(png)
  const others = await shownPair(tiff, png, join(folder, 'cache'))
  expect(others.map(({ mime }) => mime)).toEqual(['image/png', 'image/png'])
  expect(others[1].path).toBe(png)
})

test('crops of a mosaic are turned as the mosaic is, and keep their colours', () => {
  // Each value tells its pixel.
  const data = new Uint16Array(4 * 22 * 30)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[(((y & 1) * 2 + (x & 1)) * 22 + (y >> 1)) * 30 + (x >> 1)] = y * width + x
  const stored = { width: 30, height: 22, channels: 4, data, black: 0, white: 1 }
  const [side, left, top] = [6, 5, 3]
  for (let turn = 0; turn < 8; turn++) {
    const crop = cropPlanes(stored, { x: left, y: top, side, turn, channels: 4 })
    for (let y = 0; y < 2 * side; y++) {
      for (let x = 0; x < 2 * side; x++) {
        const value = crop.data[(((y & 1) * 2 + (x & 1)) * side + (y >> 1)) * side + (x >> 1)]
        const a = turn & 1 ? 2 * side - x : x
        const b = turn & 2 ? 2 * side - y : y
        const [column, row] = turn & 4 ? [b, a] : [a, b]
        expect(value, `turn ${turn}, ${x}, ${y}`).toBe((2 * top + row) * width + 2 * left + column)
        // Red stays red and blue blue.
        if ((x & 1) === (y & 1)) expect([column & 1, row & 1]).toEqual([x & 1, y & 1])
      }
    }
  }
})

test('denoise writes DNG for DNG and PNG for others', async () => {
  const raw = put('night.dng', dng([2, 1, 1, 0]))
  const noise = Uint8Array.from({ length: 32 * 24 * 3 }, (_, i) => 100 + ((i * 7919) % 31))
  const png = join(folder, 'day.png')
  await sharp(noise, { raw: { width: 32, height: 24, channels: 3 } })
    .png()
    .toFile(png)
  const out = join(folder, 'clean')
  const input = workerContract.methods.predict.input.parse({
    model: { kind: 'method', id: 'bm3d', sigma: 10 },
    labels: null,
    conf: 0.25,
    iou: 0.45,
    maxDet: 300,
    images: [raw, png, join(folder, 'absent.dng')].map((file, id) => ({ id, file, cocoImageId: id })),
    restore: { out },
  })
  const result = await predictClean(input, silentReport().report, new AbortController().signal)
  expect(result).toMatchObject({ task: 'denoise', images: 2, failed: [{ id: 2 }] })
  expect(readdirSync(out).sort()).toEqual(['day.png', 'night.dng'])
  const bytes = readFileSync(join(out, 'night.dng'))
  const readAt = (offset: number, length: number) => bytes.subarray(offset, offset + length)
  const mosaic = runToEnd(decodeMosaic(readAt, readDng(readAt)))
  const before = exampleMosaic(width, height, 14)
  const roughness = (values: Uint16Array) => {
    let sum = 0
    for (let i = 2; i < values.length; i++) sum += Math.abs(values[i] - values[i - 2])
    return sum
  }
  expect(roughness(mosaic)).toBeLessThan(0.9 * roughness(before))
  expect(await sharp(join(out, 'day.png')).metadata()).toMatchObject({ width: 32, height: 24, channels: 3 })
})

test('an evaluation measures classical methods on the same noise', async () => {
  const clean = Uint8Array.from({ length: 40 * 40 }, (_, i) => (i % 40 < 20 ? 60 : 190))
  const file = join(folder, 'step.png')
  await sharp(clean, { raw: { width: 40, height: 40, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(file)
  const noise = { ...noiseSchema.parse({}), id: 'gaussian', levels: [15, 25] } as SetNoise
  const sample = { id: 1, name: 'step.png', file } as SnapshotSample
  const { methods, levels } = await evaluateImages(methodDenoiser({ id: 'bilateral', sigma: 25 }), {
    samples: [sample],
    noise,
    cache: new PlaneCache(({ message }) => expect.fail(message)),
    side: null,
    channels: null,
    seed: 0,
    classical: ['bilateral', 'bm3d'],
  })
  expect(methods.map(({ id }) => id)).toEqual(['noisy', 'model', 'bilateral', 'bm3d'])
  for (const { scores, perImage } of levels) {
    expect(scores).toHaveLength(4)
    expect(perImage[0].scores).toEqual(scores)
    expect(scores[3].psnr).toBeGreaterThan(scores[0].psnr + 8)
  }
  // The model is this method, told 25: on noise of 25 both say the same within what the draw of the noise differs by.
  expect(levels[1].scores[1].psnr).toBeCloseTo(levels[1].scores[2].psnr, 0)
  expect(levels[0].scores[1].psnr).not.toBeCloseTo(levels[0].scores[2].psnr, 6)
})
