/** The sample data set: deterministic, complete, and annotated exactly as painted. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { generateHarbour } from '../../../src-main/sample/generate-harbour'
import { createCanvas, fillPolygon, flat } from '../../../src-main/sample/painter'
import { harbourClasses, paintScene } from '../../../src-main/sample/scene'
import { vesselClasses } from '../../../src-main/sample/vessels'

interface CocoFile {
  images: { id: number; file_name: string; width: number; height: number }[]
  categories: { id: number; name: string; keypoints?: string[]; skeleton?: number[][] }[]
  annotations: { image_id: number; category_id: number; bbox: number[]; keypoints?: number[]; num_keypoints?: number }[]
}

describe('fillPolygon', () => {
  test('blends by coverage and owns what it covers by half', () => {
    const canvas = createCanvas(8, 6)
    const white = flat([1, 1, 1])
    const ring = [
      [1.25, 1],
      [5.75, 1],
      [5.75, 3.5],
      [1.25, 3.5],
    ] as const
    fillPolygon(canvas, ring, white, { id: 3, near: 0.5 })
    const at = (x: number, y: number) => canvas.rgb[3 * (y * 8 + x)]
    expect([at(0, 1), at(1, 1), at(2, 1), at(5, 1), at(6, 1)]).toEqual([0, 0.75, 1, 0.75, 0])
    expect(at(2, 3)).toBeCloseTo(0.5)
    expect(at(2, 4)).toBe(0)
    expect([...canvas.owner.subarray(8, 16)]).toEqual([0, 3, 3, 3, 3, 3, 0, 0])
    // What is painted over it takes the pixels away; what has no id does not.
    fillPolygon(canvas, ring, white, { id: null, near: 1 })
    expect(canvas.owner[10]).toBe(3)
    fillPolygon(canvas, ring, white, { id: 4, near: 1 })
    expect(canvas.owner.includes(3)).toBe(false)
  })
})

describe('paintScene', () => {
  const scenes = Array.from({ length: 24 }, (_, i) => paintScene(480, 320, 'test', i))

  test('the same seed gives the same picture, another seed another one', () => {
    const again = paintScene(480, 320, 'test', 5)
    expect(again.pixels).toEqual(scenes[5].pixels)
    expect(again.objects).toEqual(scenes[5].objects)
    expect(paintScene(480, 320, 'test', 6).pixels).not.toEqual(again.pixels)
  })

  test('boxes lie in the picture, objects are 4 to 250 px, some overlap', () => {
    let overlapping = 0
    for (const { objects } of scenes) {
      expect(objects.length).toBeGreaterThan(0)
      for (const { box, area, visible } of objects) {
        expect(box.every(Number.isInteger)).toBe(true)
        expect(Math.min(box[0], box[1])).toBeGreaterThanOrEqual(0)
        expect(box[2]).toBeLessThanOrEqual(480)
        expect(box[3]).toBeLessThanOrEqual(320)
        const long = Math.max(box[2] - box[0], box[3] - box[1])
        expect(long).toBeGreaterThanOrEqual(6)
        expect(long).toBeLessThanOrEqual(250)
        expect(area).toBeLessThanOrEqual((box[2] - box[0]) * (box[3] - box[1]))
        expect(visible).toBeLessThanOrEqual(1)
        if (visible < 0.97) overlapping++
      }
    }
    expect(overlapping).toBeGreaterThan(3)
  })

  test('visible keypoints lie on the visible part; every boat has five, nothing else has any', () => {
    let visible = 0
    for (const { objects } of scenes) {
      for (const { name, box, keypoints } of objects) {
        expect(keypoints !== undefined).toBe((vesselClasses as readonly string[]).includes(name))
        if (!keypoints) continue
        expect(keypoints).toHaveLength(5)
        for (const [x, y, v] of keypoints) {
          if (v === 0) expect([x, y]).toEqual([0, 0])
          if (v !== 2) continue
          visible++
          expect(x).toBeGreaterThan(box[0] - 3)
          expect(x).toBeLessThan(box[2] + 3)
          expect(y).toBeGreaterThan(box[1] - 3)
          expect(y).toBeLessThan(box[3] + 3)
        }
      }
    }
    expect(visible).toBeGreaterThan(100)
  })

  test('noise has the asked strength', () => {
    const clean = scenes[0].noisy(0)
    const noisy = scenes[0].noisy(25)
    let sum = 0
    let squares = 0
    let count = 0
    for (let i = 0; i < clean.length; i++) {
      // Values near the ends are clipped.
      if (clean[i] < 90 || clean[i] > 165) continue
      const d = noisy[i] - clean[i]
      sum += d
      squares += d * d
      count++
    }
    expect(Math.abs(sum / count)).toBeLessThan(1)
    expect(Math.sqrt(squares / count)).toBeGreaterThan(23)
    expect(Math.sqrt(squares / count)).toBeLessThan(27)
  })
})

describe('generateHarbour', () => {
  test('writes images, COCO files, tags and pairs; twice the same bytes', async () => {
    const dirs = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'tagwright-harbour-')))
    const progress: number[] = []
    const files = await generateHarbour({ dir: dirs[0], images: 24, onProgress: (done) => progress.push(done) })
    await generateHarbour({ dir: dirs[1], images: 24 })
    expect(progress).toEqual(Array.from({ length: 24 }, (_, i) => i + 1))

    const listing = (dir: string) =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [file.slice(dir.length), createHash('sha256').update(readFileSync(file)).digest('hex')])
        .sort()
    expect(listing(dirs[1])).toEqual(listing(dirs[0]))

    const splits = { train: 16, val: 4, test: 4 }
    let boxes = 0
    for (const [split, count] of Object.entries(splits)) {
      const coco = JSON.parse(readFileSync(files.annotations[split as 'train'], 'utf8')) as CocoFile
      expect(coco.images).toHaveLength(count)
      expect(coco.categories.map((c) => c.name)).toEqual([...harbourClasses])
      for (const image of coco.images) {
        const meta = await sharp(join(dirs[0], 'images', split, image.file_name)).metadata()
        expect([meta.width, meta.height]).toEqual([image.width, image.height])
      }
      for (const annotation of coco.annotations) {
        const category = coco.categories.find((c) => c.id === annotation.category_id)!
        expect(annotation.keypoints?.length ?? 0).toBe(3 * (category.keypoints?.length ?? 0))
        expect(annotation.bbox[2]).toBeGreaterThan(0)
        boxes++
      }
    }
    expect(boxes).toBe(files.boxes)
    const tags = readFileSync(files.tags, 'utf8').trim().split('\n')
    expect(tags).toHaveLength(25)
    expect(tags[1]).toMatch(
      /^images\/train\/harbour-0001\.jpg,train,(day|dusk|night),(clear|overcast|fog|rain),[a-z]+$/,
    )
    expect(readdirSync(files.pairs.noisy)).toEqual(readdirSync(files.pairs.clean))
    expect(readdirSync(files.pairs.clean)).toHaveLength(3)
    for (const dir of dirs) rmSync(dir, { recursive: true })
  })

  test('refuses too few images', async () => {
    await expect(generateHarbour({ dir: tmpdir(), images: 3 })).rejects.toThrow('at least 10 images, 3 were asked for')
  })
})
