/** AP of resampled images against COCO's own evaluation of a set in which images really are there several times. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { noFlags } from '@shared/domain/annotation'
import type { Detection } from '@shared/domain/detection'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { evaluateCoco } from '@shared/evaluation/evaluate-coco'
import { snapshotDetections, snapshotTruth } from '@shared/evaluation/from-snapshot'
import { weightedAp } from '@shared/evaluation/weighted-ap'

const header: SnapshotHeader = { version: 1, task: 'detect', samples: 0, labels: [{ name: 'b', cocoId: 9, color: '#000000' }, { name: 'a', cocoId: 2, color: '#000000' }, { name: 'none', cocoId: 3, color: '#000000' }] } // prettier-ignore

function made(seed: number, images = 12) {
  const random = rng(seed, 'weighted-ap')
  const found = new Map<number, Detection[]>()
  let id = 1
  const samples = Array.from({ length: images }, (_, i): SnapshotSample => {
    const boxes = Array.from({ length: random.int(0, 4) }, () => {
      const [x, y, side] = [random.uniform(0, 200), random.uniform(0, 200), random.uniform(20, 60)]
      return { label: random.int(0, 1), box: [x, y, x + side, y + side] as [number, number, number, number] }
    })
    const near = boxes
      .filter(() => random.chance(0.8))
      .map(({ label, box }) => {
        const shift = random.uniform(0, 12)
        return { label: random.chance(0.9) ? label : 1 - label, score: random.next(), box: [box[0] + shift, box[1], box[2] + shift, box[3]] as [number, number, number, number] } // prettier-ignore
      })
    const wrong = Array.from({ length: random.int(0, 3) }, () => ({ label: random.int(0, 1), score: random.next(), box: [300, 300, 340, 340] as [number, number, number, number] })) // prettier-ignore
    found.set(i + 1, [...near, ...wrong])
    return {
      id: i + 1, file: '', name: `${i}`, width: 400, height: 400, split: 'val', cocoImageId: i + 1,
      annotations: boxes.map(({ label, box }) => ({ id: id++, label, box, shape: { kind: 'box', box }, flags: { ...noFlags, crowd: random.chance(0.1) }, area: (box[2] - box[0]) * (box[3] - box[1]) })), // prettier-ignore
    } // prettier-ignore
  })
  return { samples, found }
}
const evaluate = (samples: readonly SnapshotSample[], found: ReadonlyMap<number, readonly Detection[]>) => {
  const gt = snapshotTruth(header, samples)
  const dt = snapshotDetections(header, samples, found)
  return { gt, dt, ...evaluateCoco({ gt, dt, iouType: 'bbox' }) }
}

describe('weightedAp', () => {
  it('is COCO AP when every image counts once', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { samples, found } = made(seed)
      const { gt, dt, matches, perClass } = evaluate(samples, found)
      const aps = weightedAp(matches, gt, dt.image, new Float64Array(samples.length).fill(1))
      perClass.forEach(({ AP }, k) => {
        if (AP === null) expect(aps[k]).toBeNull()
        else expect(aps[k]).toBeCloseTo(AP as number, 10)
      })
    }
  })

  it('is COCO AP of a set in which images are left out or there several times', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { samples, found } = made(seed)
      const random = rng(seed, 'counts')
      const counts = samples.map(() => random.int(0, 3))
      const whole = evaluate(samples, found)
      const aps = weightedAp(whole.matches, whole.gt, whole.dt.image, counts)
      // Copies next to each other, so that equal scores stand in the order in which they count.
      let id = 1
      const copies = samples.flatMap((sample, i) =>
        Array.from({ length: counts[i] }, (_, copy) => ({
          ...sample,
          id: 100 * sample.id + copy,
          cocoImageId: 100 * sample.cocoImageId + copy,
          annotations: sample.annotations.map((one) => ({ ...one, id: id++ })),
        })),
      )
      const copied = new Map(copies.map((copy) => [copy.id, found.get(Math.floor(copy.id / 100))!]))
      evaluate(copies, copied).perClass.forEach(({ AP }, k) => {
        if (AP === null) expect(aps[k]).toBeNull()
        // Between copies of one detection precision is not at its end value; the envelope takes the larger one.
        else expect(Math.abs(aps[k]! - (AP as number))).toBeLessThan(0.02)
      })
    }
  })
})
