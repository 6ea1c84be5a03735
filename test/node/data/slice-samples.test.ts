import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { noFlags } from '@shared/domain/annotation'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { decodeImage } from '../../../src-worker/data/decode-image'
import { sliceSamples } from '../../../src-worker/data/slice-samples'

let dir: string
let sample: SnapshotSample
/** A picture whose pixels tell where they are. */
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tagwright-slices-'))
  const [width, height] = [160, 100]
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x, y, 7], 3 * (y * width + x))
  const file = join(dir, 'a.png')
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file)
  const box = (id: number, x1: number, y1: number, x2: number, y2: number) => ({
    id,
    label: 0,
    shape: { kind: 'box' as const, box: [x1, y1, x2, y2] as [number, number, number, number] },
    flags: noFlags,
    area: (x2 - x1) * (y2 - y1),
  })
  const annotations = [box(1, 10, 10, 30, 30), box(2, 90, 10, 110, 30), box(3, 140, 80, 160, 100)]
  sample = { id: 5, file, name: 'a.png', width, height, split: 'train', cocoImageId: 1, annotations }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('cuts images into squares whose pixels and boxes belong together, once, beside the whole image', async () => {
  const folder = join(dir, 'slices')
  const made = await sliceSamples([sample], { size: 100, folder })
  expect(made.map(({ id, name, width, height }) => [id, name, width, height])).toEqual([
    [5, 'a.png', 160, 100],
    [6, 'a.png (0, 0)', 100, 100],
    [7, 'a.png (60, 0)', 100, 100],
  ])
  expect(made[0]).toBe(sample)
  const boxes = made.map(({ annotations }) => annotations.map(({ id, box, flags }) => [id, box, flags.truncated]))
  // Half of the second object lies in the first square.
  expect(boxes.slice(1)).toEqual([
    [
      [1, [10, 10, 30, 30], false],
      [2, [90, 10, 100, 30], true],
    ],
    [
      [2, [30, 10, 50, 30], false],
      [3, [80, 80, 100, 100], false],
    ],
  ])
  const { data, width } = await decodeImage(made[2].file)
  expect([data[0] & 255, (data[3 * width + 9] >> 8) & 255, data[3 * width + 9] & 255]).toEqual([60, 3, 69])
  const written = statSync(made[2].file).mtimeMs
  await sliceSamples([sample], { size: 100, folder })
  expect(statSync(made[2].file).mtimeMs).toBe(written)
  expect(readdirSync(folder)).toHaveLength(2)
})

it('leaves out squares without an object and objects of which too little is left', async () => {
  const few = { ...sample, annotations: [{ ...sample.annotations[0], shape: { kind: 'box' as const, box: [41, 0, 61, 20] as [number, number, number, number] } }] } // prettier-ignore
  const made = await sliceSamples([few], { size: 100, folder: join(dir, 'few') })
  // One of 20 columns lies in the second square: less than a tenth.
  expect(made.map(({ name }) => name)).toEqual(['a.png', 'a.png (0, 0)'])
  expect(await sliceSamples([sample], { size: 512, folder: join(dir, 'none') })).toEqual([sample])
})
