/** The loader on real files: same bytes for any thread count and resume point, bad files, letterboxed evaluation. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { yoloxAugments } from '@shared/catalog/augments'
import { noFlags } from '@shared/domain/annotation'
import { yoloxInput } from '@shared/domain/model-input'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { rng } from '@shared/base/rng'
import { bundleThread } from '../../helpers/bundle-thread'
import { createEvalLoader, createLoader } from '../../../src-worker/data/loader'
import { decodeImage, probeImage } from '../../../src-worker/data/decode-image'
import { readSnapshot } from '../../../src-worker/data/read-snapshot'
import type { BadSample, Batch, LoaderOptions } from '../../../src-worker/data/types'

let dir: string
let threadFile: string
let samples: SnapshotSample[]

beforeAll(async () => {
  threadFile = await bundleThread('src-worker/data/decode-thread.ts')
})

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-loader-'))
  const random = rng('files')
  samples = []
  for (let i = 0; i < 11; i++) {
    const width = random.int(60, 200)
    const height = random.int(60, 200)
    const file = join(dir, `bild ${i} ä.${i % 2 ? 'png' : 'jpg'}`)
    const background = { r: random.int(0, 255), g: random.int(0, 255), b: random.int(0, 255) }
    await sharp({ create: { width, height, channels: 3, background } }).toFile(file)
    const x = random.int(0, 30)
    samples.push({
      id: 100 + i,
      file,
      name: `bild ${i}`,
      width,
      height,
      split: 'train',
      cocoImageId: i,
      annotations: [
        { id: i, label: i % 3, shape: { kind: 'box', box: [x, x, x + 25, x + 28] }, flags: noFlags, area: 700 },
      ],
    })
  }
  return () => rmSync(dir, { recursive: true })
})

const base = (over: Partial<LoaderOptions> = {}): LoaderOptions => ({
  samples,
  batch: 4,
  input: yoloxInput,
  pack: { layout: 's2d-nhwc', type: 'uint8' },
  threads: 0,
  size: (epoch) => (epoch % 2 ? 96 : 128),
  maxSize: 128,
  seed: 3,
  epochs: 4,
  closeEpochs: 1,
  augment: yoloxAugments('yolox-s'),
  maxGt: [8, 120],
  ...over,
})

interface Copy {
  key: string
  images: Uint8Array
  targets: Float32Array
  ids: number[]
}

async function collect(options: LoaderOptions, from?: { epoch: number; batch: number }): Promise<Copy[]> {
  const loader = createLoader(options)
  const out: Copy[] = []
  try {
    for await (const batch of loader.batches(from)) {
      out.push({
        key: `${batch.epoch}/${batch.index}`,
        images: Uint8Array.from(batch.images),
        targets: Float32Array.from(batch.targets),
        ids: batch.sampleIds,
      })
      batch.release()
    }
  } finally {
    await loader.close()
  }
  return out
}

/** Three points of a box: at two of its corners and in its middle, the last one not labelled at all. */
const withPoints = (sample: SnapshotSample): SnapshotSample => {
  const [annotation] = sample.annotations
  const [x1, y1, x2, y2] = (annotation.shape as { box: [number, number, number, number] }).box
  const keypoints: [number, number, 0 | 1 | 2][] = [[x1, y1, 2], [x2, y1, 1], [(x1 + x2) / 2, y2, 2], [0, 0, 0]] // prettier-ignore
  return { ...sample, annotations: [{ ...annotation, label: 0, shape: { kind: 'keypoints', keypoints, box: [x1, y1, x2, y2] } }] } // prettier-ignore
}
/** [label, cx, cy, w, h, (x, y, v) x 4] of every object of a batch. */
const rowsOf = ({ targets }: Copy) => {
  const rows: number[][] = []
  for (let at = 0; at < targets.length; at += 17)
    if (targets[at + 3] > 0) rows.push(Array.from(targets.subarray(at, at + 17)))
  return rows
}
const points = { count: 4, flip: [[1, 0, 2, 3]] }

describe('points of poses', () => {
  const flip = (p: number) => [{ id: 'flip', p }]
  test('lie where their box lies; a mirrored left point is the right one; what is not labelled stays so', async () => {
    for (const mirrored of [false, true]) {
      const options = { samples: samples.map(withPoints), points, augment: flip(mirrored ? 1 : 0), epochs: 1, closeEpochs: 0 } // prettier-ignore
      const rows = (await collect(base(options))).flatMap(rowsOf)
      expect(rows).toHaveLength(8)
      for (const [, cx, cy, w, h, ax, ay, av, bx, by, bv, mx, my, mv, , , missing] of rows) {
        const [left, top, right, bottom] = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
        // Point 0 is the one on the left in both: mirroring swaps the partners.
        const near = (...pairs: [number, number][]) => pairs.forEach(([is, wanted]) => expect(is).toBeCloseTo(wanted, 3)) // prettier-ignore
        near([ax, left], [ay, top], [bx, right], [by, top], [mx, cx], [my, bottom])
        expect([av, bv, mv, missing]).toEqual([1, 1, 1, 0])
      }
    }
  })

  test('move with the box through mosaic, rotation, scale and shear, and are dropped outside of the picture', async () => {
    const turning = { id: 'affine', degrees: 30, translate: 0.2, scale: [0.5, 1.5], shear: 5 }
    const options = { samples: samples.map(withPoints), points, augment: [{ id: 'mosaic', p: 1 }, turning], epochs: 6, closeEpochs: 0 } // prettier-ignore
    const batches = await collect(base(options))
    let [seen, outside] = [0, 0]
    for (const batch of batches) {
      for (const [, cx, cy, w, h, ...rest] of rowsOf(batch)) {
        for (let k = 0; k < 4; k++) {
          const [x, y, v] = rest.slice(3 * k, 3 * k + 3)
          if (v === 0) {
            expect([x, y]).toEqual([0, 0])
            if (k < 3) outside++
            continue
          }
          seen++
          expect(k).toBeLessThan(3)
          // The box is that around the turned corners: the points are its corners and stay within.
          expect(Math.abs(x - cx)).toBeLessThanOrEqual(w / 2 + 0.01)
          expect(Math.abs(y - cy)).toBeLessThanOrEqual(h / 2 + 0.01)
        }
      }
    }
    expect(seen).toBeGreaterThan(60)
    expect(outside).toBeGreaterThan(0)
  })
})

describe('training batches', () => {
  test('are the same for 0, 1 and 3 threads, also with a cache too small for the data', async () => {
    const want = await collect(base())
    expect(want.map((b) => b.key)).toEqual(['0/0', '0/1', '1/0', '1/1', '2/0', '2/1', '3/0', '3/1'])
    expect(await collect(base({ threads: 1, threadFile }))).toEqual(want)
    expect(await collect(base({ threads: 3, threadFile }))).toEqual(want)
    expect(await collect(base({ threads: 2, threadFile, cacheBytes: 1 }))).toEqual(want)
    expect(await collect(base({ seed: 4 }))).not.toEqual(want)
  })

  test('resume at any batch', async () => {
    const all = await collect(base())
    expect(await collect(base(), { epoch: 1, batch: 1 })).toEqual(all.slice(3))
    expect(await collect(base({ threads: 1, threadFile }), { epoch: 2, batch: 0 })).toEqual(all.slice(4))
  })

  test('a small cache evicts and gives the same bytes', async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ ...samples[i % 11], id: i }))
    const want = await collect(base({ samples: many, epochs: 2 }))
    expect(await collect(base({ samples: many, epochs: 2, cacheBytes: 1 }))).toEqual(want)
  })

  test('an epoch visits each sample once, drops the rest and shuffles anew', async () => {
    const all = await collect(base({ augment: [] }))
    for (let epoch = 0; epoch < 4; epoch++) {
      const ids = all.slice(2 * epoch, 2 * epoch + 2).flatMap((b) => b.ids)
      expect(new Set(ids).size).toBe(8)
    }
    expect(all[0].ids).not.toEqual(all[2].ids)
  })

  test('data smaller than a batch fills one, each use augmented differently', async () => {
    const [batch] = await collect(base({ samples: samples.slice(0, 2), epochs: 1, closeEpochs: 0 }))
    expect([...batch.ids].sort()).toEqual([100, 100, 101, 101])
    const perImage = batch.images.length / 4
    const first = batch.ids.indexOf(100)
    const second = batch.ids.lastIndexOf(100)
    const image = (i: number) => batch.images.subarray(i * perImage, (i + 1) * perImage)
    expect(image(first)).not.toEqual(image(second))
  })

  test('shapes, targets and buckets; the last epochs have no mosaic', async () => {
    const loader = createLoader(base())
    const batches: Batch[] = []
    for await (const batch of loader.batches()) batches.push(batch)
    expect(batches[0].shape).toEqual([4, 64, 64, 12])
    expect(batches[2].shape).toEqual([4, 48, 48, 12])
    for (const batch of batches) {
      expect([8, 120]).toContain(batch.maxGt)
      expect(batch.targets).toHaveLength(4 * batch.maxGt * 5)
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < batch.maxGt; j++) {
          const [label, cx, cy, w, h] = batch.targets.subarray((i * batch.maxGt + j) * 5, (i * batch.maxGt + j + 1) * 5)
          if (j >= batch.targetCounts[i]) expect([label, cx, cy, w, h]).toEqual([0, 0, 0, 0, 0])
          else {
            expect(Math.min(w, h)).toBeGreaterThan(1)
            expect(cx - w / 2).toBeGreaterThan(-1e-3)
            expect(cy + h / 2).toBeLessThan(batch.height + 1e-3)
          }
        }
      }
    }
    // Closed: one image, one box, at letterbox scale.
    const closed = batches.slice(6)
    expect(closed.every((batch) => batch.targetCounts.every((n) => n === 1))).toBe(true)
    expect(batches.slice(0, 6).some((batch) => batch.targetCounts.some((n) => n > 1))).toBe(true)
    await loader.close()
  })
})

describe('bad files', () => {
  test('a file that disappears is reported once and replaced; the run goes on', async () => {
    unlinkSync(samples[4].file)
    truncateSync(samples[6].file, 150)
    writeFileSync(samples[7].file, 'not an image')
    const bad: BadSample[] = []
    const all = await collect(base({ threads: 2, threadFile, epochs: 3, onBadSample: (b) => bad.push(b) }))
    expect(all).toHaveLength(6)
    expect(bad.map((b) => [b.sampleId, b.code]).sort()).toEqual([
      [104, 'image-missing'],
      [106, 'image-unreadable'],
      [107, 'image-unreadable'],
    ])
    expect(bad.find((b) => b.sampleId === 104)!.message).toBe(
      `Image ${samples[4].file} is not there any more. Restore it or remove the sample.`,
    )
    expect(bad.find((b) => b.sampleId === 107)!.message).toContain(samples[7].file)
    for (const batch of all) for (const id of [104, 106, 107]) expect(batch.ids).not.toContain(id)
    // The same without threads: which image replaces it is drawn by seed.
    expect(await collect(base({ epochs: 3 }))).toEqual(all)
  })

  test('disappears in the middle of a run', async () => {
    const bad: BadSample[] = []
    const loader = createLoader(base({ cacheBytes: 1, onBadSample: (b) => bad.push(b), epochs: 30 }))
    const many = loader.batches()
    await many.next()
    for (const i of [1, 2, 3, 5, 8]) unlinkSync(samples[i].file)
    let count = 1
    for await (const batch of many) {
      expect(batch.count).toBe(4)
      count++
    }
    expect(count).toBe(60)
    expect(new Set(bad.map((b) => b.sampleId)).size).toBe(bad.length)
    await loader.close()
  })

  test('an image of another size than annotated is not trained on', async () => {
    await sharp({ create: { width: 20, height: 20, channels: 3, background: 'red' } }).toFile(samples[2].file)
    const bad: BadSample[] = []
    await collect(base({ onBadSample: (b) => bad.push(b) }))
    expect(bad).toMatchObject([{ sampleId: 102, code: 'image-changed' }])
    expect(bad[0].message).toContain('20 x 20 now')
  })

  test('all unreadable is one clear error', async () => {
    for (const sample of samples) unlinkSync(sample.file)
    const all = collect(base({ threads: 1, threadFile }))
    await expect(all).rejects.toMatchObject({ code: 'no-readable-image' })
    await expect(all).rejects.toThrow('None of the 11 images can be read')
  })

  test('no samples at all', () => {
    expect(() => createLoader(base({ samples: [] }))).toThrow('The chosen splits hold no images')
  })

  test('an input that is too large', () => {
    expect(() => createLoader(base({ size: 8192, maxSize: 8192 }))).toThrow('8192 x 8192 pixels; at most 4096')
  })

  test('a thread file that is not there is an error, not a hang', async () => {
    await expect(collect(base({ threads: 1, threadFile: join(dir, 'nothing.js') }))).rejects.toMatchObject({
      code: 'data-thread-failed',
    })
  })
})

describe('evaluation batches', () => {
  test('letterbox, last batch padded with border, scale and offsets', async () => {
    unlinkSync(samples[1].file)
    const bad: BadSample[] = []
    const loader = createEvalLoader({
      samples,
      batch: 4,
      input: { ...yoloxInput, align: 'center', order: 'RGB' },
      pack: { layout: 'nhwc', type: 'uint8' },
      threads: 1,
      threadFile,
      width: 96,
      height: 64,
      onBadSample: (b) => bad.push(b),
    })
    const seen: number[] = []
    for await (const batch of loader.batches()) {
      expect(batch.shape).toEqual([4, 64, 96, 3])
      batch.samples.forEach((sample, i) => {
        seen.push(sample.sampleId)
        const image = batch.images.subarray(i * 64 * 96 * 3, (i + 1) * 64 * 96 * 3)
        const at = (x: number, y: number) => [...image.subarray((y * 96 + x) * 3, (y * 96 + x) * 3 + 3)]
        const middle = at(48, 32)
        expect(middle).not.toEqual([114, 114, 114])
        // The picture is one colour: just inside its box it is there, just outside is border.
        const x1 = Math.round(sample.offsetX)
        const y1 = Math.round(sample.offsetY)
        expect(at(x1, y1)).toEqual(middle)
        if (x1 > 0) expect(at(x1 - 1, 32)).toEqual([114, 114, 114])
        if (y1 > 0) expect(at(48, y1 - 1)).toEqual([114, 114, 114])
      })
      const rest = batch.images.subarray(batch.count * 64 * 96 * 3)
      expect(rest.every((v) => v === 114)).toBe(true)
    }
    expect(seen).toEqual(samples.filter((s) => s.id !== 101).map((s) => s.id))
    expect(bad.map((b) => b.sampleId)).toEqual([101])
    await loader.close()
  })

  test('EXIF orientation is applied', async () => {
    const file = join(dir, 'turned.jpg')
    const left = await sharp({ create: { width: 40, height: 40, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    // Stored 80 x 40 with red left; orientation 6 shows it 40 x 80 with red on top.
    await sharp({ create: { width: 80, height: 40, channels: 3, background: 'blue' } })
      .composite([{ input: left, left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toFile(file)
    const loader = createEvalLoader({
      samples: [{ ...samples[0], file, width: 40, height: 80 }],
      batch: 1,
      input: { ...yoloxInput, order: 'RGB' },
      pack: { layout: 'nchw', type: 'uint8' },
      threads: 0,
      width: 80,
      height: 80,
    })
    const { value } = await loader.batches().next()
    expect(value!.samples[0]).toMatchObject({ scale: 1, offsetX: 0, width: 40 })
    expect(value!.images[10 * 80 + 20]).toBeGreaterThan(240)
    expect(value!.images[70 * 80 + 20]).toBeLessThan(15)
    expect(value!.images[10 * 80 + 60]).toBe(114)
    await loader.close()
  })
})

describe('decodeImage', () => {
  test('reads BMP, grey, 16-bit, CMYK and transparent files as 8-bit RGB', async () => {
    // 2 x 1, 24 bit: blue, then white; rows padded to 4 bytes.
    const bmp = Buffer.alloc(54 + 8)
    bmp.write('BM')
    bmp.writeUInt32LE(62, 2)
    bmp.writeUInt32LE(54, 10)
    bmp.writeUInt32LE(40, 14)
    bmp.writeInt32LE(2, 18)
    bmp.writeInt32LE(1, 22)
    bmp.writeUInt16LE(1, 26)
    bmp.writeUInt16LE(24, 28)
    bmp.set([255, 0, 0, 255, 255, 255], 54)
    writeFileSync(join(dir, 'a.bmp'), bmp)
    const image = await decodeImage(join(dir, 'a.bmp'))
    expect([image.width, image.height, image.data[0] & 0xffffff, image.data[1] & 0xffffff]).toEqual([
      2, 1, 0xff0000, 0xffffff,
    ])
    expect(await probeImage(join(dir, 'a.bmp'))).toEqual({ width: 2, height: 1 })

    const red = {
      create: { width: 3, height: 2, channels: 4 as const, background: { r: 200, g: 0, b: 0, alpha: 0.5 } },
    }
    await sharp(red).png().toFile(join(dir, 'alpha.png'))
    expect((await decodeImage(join(dir, 'alpha.png'))).data[0] & 0xffffff).toBe(200)
    await sharp(red).removeAlpha().toColourspace('rgb16').png().toFile(join(dir, 'deep.png'))
    expect((await decodeImage(join(dir, 'deep.png'))).data[0] & 0xffffff).toBe(200)
    await sharp(red).removeAlpha().toColourspace('b-w').png().toFile(join(dir, 'grey.png'))
    const grey = (await decodeImage(join(dir, 'grey.png'))).data[0]
    expect([grey & 255, (grey >> 8) & 255]).toEqual([(grey >> 16) & 255, (grey >> 16) & 255])
    await sharp(red).removeAlpha().toColourspace('cmyk').jpeg({ quality: 100 }).toFile(join(dir, 'print.jpg'))
    const print = (await decodeImage(join(dir, 'print.jpg'))).data[0]
    expect(print & 255).toBeGreaterThan(150)
    expect((print >> 8) & 255).toBeLessThan(60)
    expect(await probeImage(join(dir, 'print.jpg'))).toEqual({ width: 3, height: 2 })
  })
})

describe('readSnapshot', () => {
  const write = (lines: unknown[]) => {
    const file = join(dir, 'snapshot.jsonl.gz')
    writeFileSync(file, gzipSync(lines.map((line) => JSON.stringify(line) + '\n').join('')))
    return file
  }
  const header = { version: 1, task: 'detect', labels: [], samples: 11 }

  test('reads header and samples, filtered by split', async () => {
    const file = write([header, ...samples.map((s, i) => ({ ...s, split: i < 3 ? 'val' : 'train' }))])
    expect((await readSnapshot(file)).samples).toHaveLength(11)
    const val = await readSnapshot(file, ['val'])
    expect(val.header).toEqual(header)
    expect(val.samples.map((s) => s.id)).toEqual([100, 101, 102])
  })
  test('finds the images of a project that was moved', async () => {
    const project = join(dir, 'moved')
    const runDir = join(project, 'runs/r1')
    mkdirSync(runDir, { recursive: true })
    mkdirSync(join(project, 'images'))
    writeFileSync(join(project, 'images/a.png'), '')
    const [first, second] = samples
    const at = (sample: SnapshotSample, name: string, place: string) => ({ ...sample, name, file: join(place, name) })
    const old = join(dir, 'where it was')
    const file = join(runDir, 'snapshot.jsonl.gz')
    const lines = [
      { ...header, samples: 3 },
      // Imported from a folder in the project: names do not begin at the project's own.
      { ...at(first, 'images/a.png', old), name: 'a.png', pair: join(old, 'clean/a.png') },
      at(second, 'images/gone.png', old),
      second,
    ]
    writeFileSync(file, gzipSync(lines.map((line) => JSON.stringify(line) + '\n').join('')))
    const { samples: found } = await readSnapshot(file)
    expect(found.map((one) => one.file)).toEqual([join(project, 'images/a.png'), join(old, 'images/gone.png'), second.file]) // prettier-ignore
    expect(found[0].pair).toBe(join(project, 'clean/a.png'))
  })
  test('says what is wrong', async () => {
    await expect(readSnapshot(write([header, ...samples.slice(0, 4)]))).rejects.toThrow('4 of 11 samples are there')
    await expect(readSnapshot(write([{ ...header, version: 2 }]))).rejects.toThrow('version 2')
    await expect(readSnapshot(write([]))).rejects.toThrow('it is empty')
    await expect(readSnapshot(join(dir, 'none.gz'))).rejects.toMatchObject({ code: 'bad-snapshot' })
    const file = write([header, ...samples])
    truncateSync(file, 200)
    await expect(readSnapshot(file)).rejects.toMatchObject({ code: 'bad-snapshot' })
  })
})

afterAll(() => {
  rmSync(resolve(threadFile, '..'), { recursive: true })
})
