import { describe, expect, test } from 'vitest'
import { TagwrightError } from '@shared/base/errors'
import { evalCocoFiles } from '@shared/evaluation/eval-coco-files'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { formatThreeDigits, linspace, mean, pairwiseSum } from '@shared/evaluation/numpy'
import { resultFile, truthFile } from '../../helpers/coco-files'

const file = truthFile([
  [7, 90, 0, 0, 10, 10],
  [3, 5, 0, 0, 20, 20],
])
const gt = loadCocoGroundTruth(file)

function errorOf(act: () => unknown): { code: string; message: string; row?: unknown } {
  try {
    act()
  } catch (error) {
    if (error instanceof TagwrightError) return { code: error.code, message: error.message, row: error.details?.row }
    throw error
  }
  throw new Error('nothing was thrown')
}
const truthWith = (change: (truth: typeof file) => unknown) => {
  const copy = structuredClone(file)
  change(copy)
  return copy
}

describe('ground truth', () => {
  test('sparse ids stand in ascending order', () => {
    expect(Array.from(gt.imageIds)).toEqual([3, 7])
    expect(Array.from(gt.categoryIds)).toEqual([5, 90])
    expect(Array.from(gt.image)).toEqual([1, 0])
    expect(Array.from(gt.category)).toEqual([1, 0])
    expect(gt.categoryNames).toEqual(['class5', 'class90'])
  })

  test.each([
    ['a list', [], 'no list "images"'],
    ['null', null, 'no list "images"'],
    ['no categories', { images: [], annotations: [] }, 'no list "categories"'],
    ['text as id', truthWith((t) => (t.images[1].id = '3' as never)), 'images[1] has the id "3"'],
    [
      'no image id',
      truthWith((t) => (t.annotations[1].image_id = undefined as never)),
      'annotations[1] has the image_id',
    ],
    ['a broken row', truthWith((t) => (t.annotations[0] = 5 as never)), 'annotations[0] is not an object'],
    ['three numbers', truthWith((t) => (t.annotations[1].bbox = [1, 2, 3])), 'annotations[1] has the bbox [1,2,3]'],
    ['NaN', truthWith((t) => (t.annotations[1].bbox[2] = NaN)), 'annotations[1] has the bbox [0,0,null,20]'],
  ])('%s is refused', (_name, json, message) => {
    const error = errorOf(() => loadCocoGroundTruth(json))
    expect(error.code).toBe('bad-ground-truth')
    expect(error.message).toContain(message)
  })

  test('what the file does not list is left out, a missing area is computed, both with a warning', () => {
    const odd = truthWith((t) => {
      t.annotations.push({ ...t.annotations[0], id: 3, image_id: 99 }, { ...t.annotations[0], id: 4, category_id: 1 })
      delete (t.annotations[0] as { area?: number }).area
    })
    const loaded = loadCocoGroundTruth(odd)
    expect(loaded.length).toBe(2)
    expect(loaded.area[0]).toBe(100)
    expect(loaded.warnings.map(({ code }) => code)).toEqual(['no-area', 'foreign-annotation'])
  })

  test('masks need a segmentation, keypoints one skeleton', () => {
    expect(errorOf(() => loadCocoGroundTruth(file, 'segm')).message).toContain(
      'annotations[0] has no readable segmentation',
    )
    const poses = truthWith((t) =>
      t.annotations.forEach((row, i) => Object.assign(row, { keypoints: Array(3 * (i + 4)).fill(1) })),
    )
    expect(errorOf(() => loadCocoGroundTruth(poses, 'keypoints')).message).toContain('5 keypoints, rows before it 4')
  })
})

describe('results', () => {
  const good = resultFile([[7, 90, 0, 0, 10, 10, 0.5]])[0]

  test.each([
    ['an object', {}, 'bad-results', 'not a list'],
    ['an unknown image', [good, { ...good, image_id: 8 }], 'unknown-image', 'Result 1 is for image 8'],
    ['an image id as text', [{ ...good, image_id: '7' }], 'unknown-image', 'Result 0 is for image "7"'],
    ['no score', [good, { ...good, score: undefined }], 'bad-results', 'Result 1 has the score'],
    ['a score as text', [{ ...good, score: '0.5' }], 'bad-results', 'Result 0 has the score "0.5"'],
    ['no category', [{ ...good, category_id: null }], 'bad-results', 'Result 0 has the category_id null'],
    ['no box', [good, { ...good, bbox: undefined }], 'bad-results', 'Result 1 has the bbox missing'],
    ['null', [good, null], 'bad-results', 'Result 1 is not an object'],
    ['nothing to evaluate', [{ image_id: 7, category_id: 90, score: 1 }], 'bad-results', 'neither a bbox'],
  ])('%s is refused', (_name, json, code, message) => {
    const error = errorOf(() => loadCocoResults(json, gt))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })

  test('a foreign category is left out with a warning, an empty list is fine', () => {
    const dt = loadCocoResults([good, { ...good, category_id: 4 }], gt)
    expect(dt.length).toBe(1)
    expect(dt.warnings.map(({ code }) => code)).toEqual(['foreign-category'])
    expect(evaluateCoco({ gt, dt: loadCocoResults([], gt), iouType: 'bbox' }).coco.AP).toBe(0)
  })

  test('polygons and run lengths become masks, whose size the image gives', () => {
    const truth = {
      images: [{ id: 1, width: 20, height: 10 }],
      categories: [{ id: 1, name: 'a' }],
      annotations: [
        {
          id: 1,
          image_id: 1,
          category_id: 1,
          bbox: [2, 1, 3, 2],
          area: 6,
          iscrowd: 0,
          segmentation: [[2, 1, 5, 1, 5, 3, 2, 3]],
        },
      ],
    }
    const evaluate = (segmentation: unknown) =>
      evalCocoFiles(
        JSON.stringify(truth),
        JSON.stringify([{ image_id: 1, category_id: 1, score: 1, segmentation }]),
        'segm',
      )
    const counts = [21, 2, 8, 2, 8, 2, 157]
    for (const same of [
      truth.annotations[0].segmentation,
      { size: [10, 20], counts },
      { size: [10, 20], counts: 'e028000e4' },
    ]) {
      expect(evaluate(same).coco.AR100).toBe(1)
    }
    // pycocotools gives -1 to masks of another size: no match.
    expect(evaluate({ size: [10, 21], counts }).coco.AR100).toBe(0)
    expect(errorOf(() => evaluate({ size: [10, 20], counts: '!' })).message).toContain('Result 0: The compressed mask')
    expect(errorOf(() => evaluate([[1, 2]])).code).toBe('bad-results')
  })

  test('text that is not JSON is named', () => {
    expect(errorOf(() => evalCocoFiles('{', '[]')).message).toContain('The ground truth file is not JSON')
    expect(errorOf(() => evalCocoFiles(JSON.stringify(file), 'x')).message).toContain('The results file is not JSON')
  })
})

describe('the evaluator itself refuses', () => {
  test('masks or keypoints where the columns carry none', () => {
    const dt = loadCocoResults(resultFile([[7, 90, 0, 0, 10, 10, 0.5]]), gt)
    expect(errorOf(() => evaluateCoco({ gt, dt, iouType: 'segm' })).message).toContain('ground truth carry none')
    expect(errorOf(() => evaluateCoco({ gt, dt, iouType: 'keypoints' })).code).toBe('bad-evaluation')
  })

  test('rows that point nowhere and scores that are no numbers', () => {
    const dt = loadCocoResults(resultFile([[7, 90, 0, 0, 10, 10, 0.5]]), gt)
    const broken = { ...dt, image: Int32Array.of(9) }
    expect(errorOf(() => evaluateCoco({ gt, dt: broken, iouType: 'bbox' })).message).toContain(
      'Detection 0 points to image 9',
    )
    const scoreless = { ...dt, score: Float64Array.of(NaN) }
    expect(errorOf(() => evaluateCoco({ gt, dt: scoreless, iouType: 'bbox' })).message).toContain('has the score NaN')
  })
})

describe('numbers as NumPy has them', () => {
  test('linspace', () => {
    expect(Array.from(linspace(0.5, 0.95, 10))).toEqual([
      0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95,
    ])
    const recalls = linspace(0, 1, 101)
    const different = Array.from(recalls.keys()).filter((k) => recalls[k] !== k / 100)
    expect(different).toEqual([35, 41, 47, 57, 69, 70, 82, 83, 94, 95])
  })

  test('sums of integers are exact whatever their number', () => {
    for (const n of [1, 7, 8, 127, 128, 129, 1000, 8192, 8193, 20000]) {
      const values = Float64Array.from({ length: n }, (_, i) => i)
      expect(pairwiseSum(values)).toBe((n * (n - 1)) / 2)
      expect(mean(values)).toBe((n - 1) / 2)
    }
  })

  test('the order of addition is pairwise', () => {
    // Eight partial sums: .1 added 16 times along each, then joined; one after the other gives 12.799999999999983.
    const tenths = new Float64Array(128).fill(0.1)
    expect(pairwiseSum(tenths)).not.toBe(tenths.reduce((a, b) => a + b, 0))
    const lane = Array(16)
      .fill(0.1)
      .reduce((a: number, b: number) => a + b, 0) as number
    expect(pairwiseSum(tenths)).toBe(lane * 8)
  })

  test('three digits, ties to even', () => {
    const cases: [number, string][] = [
      [0.0625, '0.062'],
      [0.1875, '0.188'],
      [0.3125, '0.312'],
      [0.5, '0.500'],
      [-1, '-1.000'],
      [0.0005, '0.001'],
      [1, '1.000'],
    ]
    for (const [value, text] of cases) expect(formatThreeDigits(value)).toBe(text)
  })
})
