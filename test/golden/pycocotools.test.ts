/** The evaluator against pycocotools itself on random cases, where a Python has it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { rng } from '@shared/base/rng'
import type { IouType } from '@shared/evaluation/coco-params'
import { evalCocoFiles } from '@shared/evaluation/eval-coco-files'
import { rasterizePolygons } from '@shared/evaluation/rasterize-polygon'
import { rleToString } from '@shared/evaluation/mask'
import { resultFile, truthFile } from '../helpers/coco-files'
import { need } from '../helpers/need'
import { comparable, runPycocotools } from '../helpers/pycocotools'
import { randomCase } from '../helpers/random-coco'

const judge = need('pycocotools')

judge.describe('pycocotools agrees', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-pycocotools-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const root = resolve(import.meta.dirname, '../..')

  function compare(gt: object, dt: object[], iouType: IouType): void {
    const [gtFile, dtFile] = [join(folder, 'gt.json'), join(folder, 'dt.json')]
    writeFileSync(gtFile, JSON.stringify(gt))
    writeFileSync(dtFile, JSON.stringify(dt))
    const theirs = runPycocotools(root, judge.path, gtFile, dtFile, iouType)
    const result = evalCocoFiles(readFileSync(gtFile, 'utf8'), readFileSync(dtFile, 'utf8'), iouType)
    expect(comparable(result, theirs.numpy)).toEqual({ stats: theirs.stats, hashes: theirs.hashes })
    expect(result.table).toEqual(theirs.table)
  }

  test.each([11, 12, 13, 14])('boxes, case %i', (seed) => {
    const { truths, results, images, categories } = randomCase(seed, 200)
    compare(truthFile(truths, { images, categories }), resultFile(results), 'bbox')
  })

  test('repeated annotation ids', () => {
    const { truths, results, images, categories } = randomCase(21, 120)
    const file = truthFile(truths, { images, categories })
    for (const row of file.annotations) row.id = (row.id % 50) + 1
    compare(file, resultFile(results), 'bbox')
  })

  test.each([31, 32])('masks: polygons, run lengths, crowds, case %i', (seed) => {
    const random = rng('masks', seed)
    const size = { width: 120, height: 90 }
    const blob = (cx: number, cy: number, r: number) =>
      Array.from({ length: random.int(3, 12) }, (_, i, all = 0) => {
        const angle = (i + random.next() * 0.8 + all) * 0.6
        return [cx + r * Math.cos(angle) * random.uniform(0.5, 1.2), cy + r * Math.sin(angle)]
      }).flat()
    const annotations = Array.from({ length: 60 }, (_, i) => {
      // Some reach over the border of the image.
      const rings = Array.from({ length: random.int(1, 3) }, () =>
        blob(random.uniform(-5, 125), random.uniform(-5, 95), random.uniform(3, 40)),
      )
      const crowd = random.chance(0.2)
      const mask = rasterizePolygons(rings, size.height, size.width)
      return {
        id: i + 1,
        image_id: random.int(1, 3),
        category_id: random.int(1, 2),
        bbox: [0, 0, 10, 10],
        area: random.uniform(0, 12000),
        iscrowd: crowd ? 1 : 0,
        segmentation: crowd ? { size: mask.size, counts: Array.from(mask.counts) } : rings,
      }
    })
    const results = annotations.flatMap((row) =>
      Array.from({ length: random.int(0, 3) }, () => {
        const rings = Array.isArray(row.segmentation)
          ? row.segmentation.map((ring) => ring.map((value) => value + random.uniform(-3, 3)))
          : [blob(random.uniform(0, 120), random.uniform(0, 90), random.uniform(3, 30))]
        const mask = rasterizePolygons(rings, size.height, size.width)
        return {
          image_id: row.image_id,
          category_id: row.category_id,
          score: random.int(0, 20) / 20,
          segmentation: { size: mask.size, counts: rleToString(mask) },
        }
      }),
    )
    const images = [1, 2, 3].map((id) => ({ id, ...size }))
    const categories = [1, 2].map((id) => ({ id, name: `class${id}` }))
    compare({ images, categories, annotations }, results, 'segm')
  })

  test.each([41, 42])('keypoints, case %i', (seed) => {
    const random = rng('keypoints', seed)
    const person = (x: number, y: number, s: number) =>
      Array.from({ length: 17 }, () => [x + random.next() * s, y + random.next() * s, random.int(0, 2)]).flat()
    const annotations = Array.from({ length: 50 }, (_, i) => {
      const [x, y, s] = [random.uniform(0, 500), random.uniform(0, 400), random.uniform(20, 150)]
      const points = random.chance(0.15) ? Array(51).fill(0) : person(x, y, s)
      const labelled = points.filter((value, at) => at % 3 === 2 && value > 0).length
      const area = random.chance(0.1) ? 0 : s * s * 0.6
      const crowd = labelled === 0 && random.chance(0.5) ? 1 : 0
      return {
        id: i + 1,
        image_id: random.int(1, 6),
        category_id: 1,
        bbox: [x, y, s, s],
        area,
        iscrowd: crowd,
        num_keypoints: labelled,
        keypoints: points,
      }
    })
    const results = annotations.flatMap((row) =>
      Array.from({ length: random.int(0, 4) }, () => {
        const spread = random.uniform(0, 12)
        const keypoints = row.keypoints.map((value: number, at: number) =>
          at % 3 === 2 ? 1 : value + random.normal() * spread,
        )
        return { image_id: row.image_id, category_id: 1, score: random.int(0, 30) / 30, keypoints }
      }),
    )
    const images = Array.from({ length: 6 }, (_, i) => ({ id: i + 1, width: 640, height: 480 }))
    compare({ images, categories: [{ id: 1, name: 'person' }], annotations }, results, 'keypoints')
  })
})
