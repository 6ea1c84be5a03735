import { expect, it } from 'vitest'
import { scaleDetection, type Detection } from '@shared/domain/detection'
import { detectionTable } from '@shared/domain/detection-table'

it('has a row an object, a row for each frame without any, and columns for the points of all labels', () => {
  const labels = [{ name: 'mouse', points: ['nose', 'tail'] }, { name: 'wheel, left' }, { name: 'hand', points: ['tip', 'nose'] }] // prettier-ignore
  const text = detectionTable(
    [
      {
        frame: 0,
        time: 0,
        detections: [
          { label: 0, score: 0.91234, box: [1, 2, 30.126, 40], keypoints: [[5, 6, 0.5], [7.12345, 8, 1]] },
          { label: 1, score: 0.5, box: [0, 0, 9, 9] },
          { label: 2, score: 0.4, box: [0, 0, 4, 4], keypoints: [[1, 2, 0.9], [3, 4, 0.8]] },
        ],
      },
      { frame: 3, time: 0.1, detections: [] },
    ],
    labels,
  ) // prettier-ignore
  expect(text.split('\r\n')).toEqual([
    'frame,time,class,score,x1,y1,x2,y2,nose x,nose y,nose confidence,tail x,tail y,tail confidence,tip x,tip y,tip confidence',
    '0,0,mouse,0.912,1,2,30.13,40,5,6,0.5,7.123,8,1,,,',
    '0,0,"wheel, left",0.5,0,0,9,9,,,,,,,,,',
    '0,0,hand,0.4,0,0,4,4,3,4,0.8,,,,1,2,0.9',
    '3,0.1,,,,,,,,,,,,,,,',
    '',
  ])
})

it('scales boxes and points with the picture', () => {
  const found: Detection = { label: 1, score: 0.5, box: [1, 2, 3, 4] }
  expect(scaleDetection(found, 2, 3)).toEqual({ label: 1, score: 0.5, box: [2, 6, 6, 12] })
  const pose = scaleDetection({ ...found, keypoints: [[5, 6, 0.7]] }, 2, 3)
  expect(pose.keypoints).toEqual([[10, 18, 0.7]])
})
