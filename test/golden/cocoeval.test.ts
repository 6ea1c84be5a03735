/** The evaluator against pycocotools' own numbers: every number of every set, to the last digit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { IouType } from '@shared/evaluation/coco-params'
import { evalCocoFiles } from '@shared/evaluation/eval-coco-files'
import { need } from '../helpers/need'

interface Expected {
  sets: Record<string, { ground_truth: string; detections: string; iou_type: IouType; stats: number[] }>
}

const data = need('data')

data.describe('pycocotools numbers', () => {
  const read = (path: string) => readFileSync(join(data.path, path), 'utf8')
  const { sets } = JSON.parse(read('cocoeval/expected.json')) as Expected

  test('there are six sets', () => expect(Object.keys(sets)).toHaveLength(6))

  test.each(Object.entries(sets))('%s', (_name, { ground_truth, detections, iou_type, stats }) => {
    const result = evalCocoFiles(read(ground_truth), read(detections), iou_type)
    expect(result.stats).toEqual(stats)
    expect(result.stats.every((value, i) => Object.is(value, stats[i]))).toBe(true)
    expect(Object.values(result.coco)).toEqual(stats)
  })

  test('the printed table is that of val2014_fake_eval_res.txt for the whole set', () => {
    const { ground_truth, detections } = sets['val2014_100 bbox']
    const { table } = evalCocoFiles(read(ground_truth), read(detections), 'bbox')
    expect(table).toEqual([
      ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.505',
      ' Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.697',
      ' Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.573',
      ' Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.586',
      ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.519',
      ' Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.501',
      ' Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.387',
      ' Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.594',
      ' Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.595',
      ' Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.640',
      ' Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.566',
      ' Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.564',
    ])
  })

  test('the slice pair gives AP .0720 AP50 .1850 AP75 .0694', () => {
    const { coco } = evalCocoFiles(read('slice/dataset.json'), read('slice/result.json'))
    expect([coco.AP, coco.AP50, coco.AP75].map((value) => value.toFixed(4))).toEqual(['0.0720', '0.1850', '0.0694'])
  })
})
