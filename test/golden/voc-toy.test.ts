/** The worked example of Pascal VOC's average precision: 7 images, 15 objects, 24 detections. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadCocoGroundTruth, loadCocoResults } from '@shared/evaluation/load-coco'
import { vocScores } from '@shared/evaluation/voc-ap'
import { resultFile, truthFile, type ResultRow, type TruthRow } from '../helpers/coco-files'
import { need } from '../helpers/need'

const data = need('data')

data.describe('toy set', () => {
  const rows = (kind: string) =>
    readdirSync(join(data.path, 'cocoeval/toy', kind)).flatMap((name) =>
      readFileSync(join(data.path, 'cocoeval/toy', kind, name), 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => [Number.parseInt(name), ...line.trim().split(/\s+/).slice(1).map(Number)]),
    )
  // The set's right and bottom corners, x + w and y + h, are pixels that belong to the box, as in VOC's own files.
  const truths = rows('groundtruths').map(([image, x, y, w, h]): TruthRow => [image, 1, x, y, w + 1, h + 1])
  const results = rows('detections').map(([image, score, x, y, w, h]): ResultRow => [
    image,
    1,
    x,
    y,
    w + 1,
    h + 1,
    score,
  ])
  const gt = loadCocoGroundTruth(truthFile(truths))
  const dt = loadCocoResults(resultFile(results), gt)

  test('it has 15 objects and 24 detections', () => expect([gt.length, dt.length]).toEqual([15, 24]))

  test.each([
    ['all-point', 24.56],
    ['11-point', 26.84],
  ] as const)('AP at IoU .3, %s', (method, expected) => {
    const { map } = vocScores(gt, dt, { iou: 0.3, method })
    // One published figure is cut off after two digits (24.5687), the other rounded (26.8398).
    expect(Math.abs(map! * 100 - expected)).toBeLessThan(0.01)
  })
})
