import { beforeEach, describe, expect, it } from 'vitest'
import type { Prediction } from '@shared/contract/predictions'
import type { ReviewItem } from '@shared/contract/review'
import { createPredictionsService } from '../../../src-main/services/predictions'
import { createReviewService } from '../../../src-main/services/review'
import { setSkeleton } from '../../../src-main/store/change-skeleton'
import { listAnnotations } from '../../../src-main/store/annotation'
import { listPredictionBoxes, putPredictions } from '../../../src-main/store/prediction'
import { putReviewScores } from '../../../src-main/store/review-items'
import { overContract, serviceDeps } from '../../helpers/job-deps'
import { fillStore, tempStore } from '../../helpers/temp-store'

const temp = tempStore()
const [ship, buoy] = [1, 2]
const source = 'run:r1'
type Box = [number, number, number, number]
const detection = (
  label: number,
  score: number,
  box: Box,
): { label: number; score: number; box: Box; keypoints?: [number, number, number][] } => ({ label, score, box })

let predictions: ReturnType<typeof overContract<'predictions'>>
let review: ReturnType<typeof overContract<'review'>>
let deps: ReturnType<typeof serviceDeps>

/** Labels: a has a ship at (1..11.5, 1..21.25) and a buoy at (2..12.5, 2..22.25); b has ships at 3 and 4; c has none. */
beforeEach(() => {
  fillStore(temp.store)
  deps = serviceDeps(() => temp.store)
  const queue = () => {
    throw new Error('no queue in this test')
  }
  predictions = overContract('predictions', createPredictionsService(deps, queue))
  review = overContract('review', createReviewService(deps))
})

const put = (sampleId: number, ...detections: ReturnType<typeof detection>[]) =>
  putPredictions(temp.store.db, source, [{ sampleId, detections }])
const listed = async (sample: number, states = ['pending']) =>
  ((await predictions('list', { sample, states })) as { predictions: Prediction[] }).predictions
const queue = async (input: object = {}) =>
  (await review('queue', { source, ...input })) as { total: number; items: ReviewItem[]; kinds: Record<string, number> }

describe('a prediction', () => {
  it('is accepted as an annotation with the model as provenance, and undo takes both back', async () => {
    put(3, detection(buoy, 0.9, [10, 10, 30, 40]))
    const [one] = await listed(3)
    const before = temp.dump()
    await predictions('accept', { predictions: [one.id] })
    expect(listAnnotations(temp.store.db, 3)).toMatchObject([
      { labelId: buoy, shape: { kind: 'box', box: [10, 10, 30, 40] }, provenance: 'run:r1', extra: { score: 0.9 } },
    ])
    expect(await listed(3)).toEqual([])
    const accepted = await listed(3, ['accepted'])
    expect(accepted[0].annotation).toBe(listAnnotations(temp.store.db, 3)[0].id)
    await expect(predictions('accept', { predictions: [one.id] })).rejects.toMatchObject({ code: 'decided' })
    temp.store.undo()
    expect({ ...temp.dump(), project: 0 }).toEqual({ ...before, project: 0 })
    expect(await listed(3)).toEqual([one])
    temp.store.redo()
    expect(await listed(3, ['accepted'])).toEqual(accepted)
  })

  it('is corrected with another class and box in one step', async () => {
    put(3, detection(buoy, 0.9, [10, 10, 30, 40]))
    const [one] = await listed(3)
    await predictions('correct', { prediction: one.id, label: ship, box: [11, 11, 31, 41] })
    expect(listAnnotations(temp.store.db, 3)).toMatchObject([{ labelId: ship, shape: { box: [11, 11, 31, 41] } }])
    expect(temp.store.history().entries[0].reason).toBe('Correct prediction')
    temp.store.undo()
    expect(listAnnotations(temp.store.db, 3)).toEqual([])
  })

  it('of a pose keeps its points, those it is not sure of or that lie outside are absent', async () => {
    const skeleton = { names: ['bow', 'mast', 'stern'], edges: [], flip: [], sigmas: [] }
    setSkeleton(temp.store, ship, skeleton)
    setSkeleton(temp.store, buoy, { ...skeleton, names: ['stern', 'lamp'] })
    const size = temp.store.db.prepare('SELECT width, height FROM sample WHERE id = 3').get() as { width: number }
    const box: Box = [10, 10, 30, 40]
    // One point more than the class has: the model tells as many for every class.
    const keypoints: [number, number, number][] = [[12.5, 14, 0.9], [size.width + 1, 20, 0.99], [28, 38, 0.5], [1, 1, 0.8]] // prettier-ignore
    put(3, { ...detection(ship, 0.9, box), keypoints }, { ...detection(ship, 0.8, box), keypoints })
    const [one, two] = await listed(3)
    expect(one.keypoints).toEqual(keypoints)
    await predictions('accept', { predictions: [one.id] })
    await predictions('correct', { prediction: two.id, label: buoy, box: [11, 11, 31, 41] })
    expect(listAnnotations(temp.store.db, 3).map(({ labelId, shape }) => [labelId, shape])).toEqual([
      [ship, { kind: 'keypoints', keypoints: [[12.5, 14, 2], [0, 0, 0], [28, 38, 2]], box }],
      // As another class: the point that it has too.
      [buoy, { kind: 'keypoints', keypoints: [[28, 38, 2], [0, 0, 0]], box: [11, 11, 31, 41] }],
    ]) // prettier-ignore
    temp.store.undo()
    temp.store.undo()
    expect(await listed(3)).toEqual([one, two])
  })

  it('of a pose takes the place of a label in review, with its points', async () => {
    setSkeleton(temp.store, ship, { names: ['bow'], edges: [], flip: [], sigmas: [] })
    put(1, { ...detection(ship, 0.9, [1, 1, 30, 22]), keypoints: [[3, 4, 0.7]] })
    const [item] = (await queue({ kinds: ['bad-location'] })).items
    await review('accept', { source, items: [item.id] })
    const accepted = listAnnotations(temp.store.db, 1).find(({ id }) => id === item.annotation!.id)!
    expect(accepted.shape).toEqual({ kind: 'keypoints', keypoints: [[3, 4, 2]], box: [1, 1, 30, 22] })
  })

  it('that was rejected does not come back when the model says it again, others are replaced', async () => {
    put(3, detection(buoy, 0.9, [10, 10, 30, 40]), detection(ship, 0.5, [50, 10, 70, 40]))
    const [one, two] = await listed(3)
    await predictions('reject', { predictions: [one.id] })
    put(3, detection(buoy, 0.8, [10, 10, 30, 41]), detection(ship, 0.6, [50, 10, 70, 40]))
    const now = await listed(3)
    expect(now.map(({ label, score }) => [label, score])).toEqual([[ship, 0.6]])
    expect(now[0].id).not.toBe(two.id)
    expect(await listed(3, ['rejected'])).toMatchObject([{ id: one.id }])
    // Undo of a decision about a row that a later prediction replaced must not stand in the way.
    await predictions('reject', { predictions: [now[0].id] })
    temp.store.db.prepare(`DELETE FROM prediction_box WHERE id = ?`).run(now[0].id)
    expect(temp.store.undo()).not.toBeNull()
    expect(temp.store.undo()).not.toBeNull()
    expect((await listed(3)).map(({ id }) => id)).toEqual([one.id])
  })

  it('is accepted in bulk from a score on, unless its object is labelled already', async () => {
    put(1, detection(ship, 0.95, [1, 1, 11.5, 21]), detection(ship, 0.9, [60, 10, 80, 40]))
    put(3, detection(buoy, 0.7, [10, 10, 30, 40]), detection(buoy, 0.3, [40, 10, 60, 40]))
    expect(await predictions('countAbove', { source, minScore: 0.5 })).toEqual({ predictions: 2, samples: 2 })
    expect(await predictions('acceptAbove', { source, minScore: 0.5, filter: { split: 'none' } })).toMatchObject({
      accepted: 1,
      samples: 1,
      skipped: 0,
    })
    expect(await predictions('acceptAbove', { source, minScore: 0.5 })).toMatchObject({ accepted: 1, skipped: 1 })
    expect(listAnnotations(temp.store.db, 1)).toHaveLength(3)
    expect(listAnnotations(temp.store.db, 3)).toHaveLength(1)
    temp.store.undo()
    expect(listAnnotations(temp.store.db, 1)).toHaveLength(2)
    expect(await predictions('sources', {})).toMatchObject({
      sources: [{ source, run: 'r1', samples: 2, pending: 3, accepted: 1, rejected: 0 }],
    })
    expect(await predictions('clear', { source })).toEqual({ removed: 3 })
    expect(listPredictionBoxes(temp.store.db).map(({ state }) => state)).toEqual(['accepted'])
  })
})

describe('the review queue', () => {
  /** One of each kind on sample b, whose ships stand at 3 and 4; b gets more labels first. */
  const fill = () => {
    const add = (label: number, box: Box) =>
      temp.store.change('Draw', (write) =>
        write.insert('annotation', {
          sample_id: 2,
          label_id: label,
          kind: 'box',
          x1: box[0],
          y1: box[1],
          x2: box[2],
          y2: box[3],
        }),
      )
    temp.store.change('Clear', (write) =>
      write.removeSet(
        'annotation',
        listAnnotations(temp.store.db, 2).map(({ id }) => id),
      ),
    )
    const ids = {
      found: add(ship, [0, 0, 10, 10]),
      wrong: add(ship, [20, 0, 30, 10]),
      poor: add(buoy, [40, 0, 50, 10]),
      missed: add(buoy, [60, 0, 70, 10]),
    }
    put(
      2,
      detection(ship, 0.9, [0, 0, 10, 10]),
      detection(ship, 0.6, [0, 0, 10, 9]),
      detection(buoy, 0.8, [20, 0, 30, 10]),
      detection(buoy, 0.7, [45, 0, 55, 10]),
      detection(ship, 0.95, [80, 50, 90, 60]),
    )
    return ids
  }

  it('names each disagreement by its kind, largest first', async () => {
    const ids = fill()
    const { items, kinds, total } = await queue()
    expect(items.map(({ kind }) => kind)).toEqual([
      'missed',
      'false-positive',
      'wrong-class',
      'bad-location',
      'duplicate',
    ])
    expect(kinds).toEqual({
      'false-positive': 1,
      missed: 1,
      'wrong-class': 1,
      'bad-location': 1,
      duplicate: 1,
      both: 0,
    })
    expect(total).toBe(5)
    const [missed, , wrong, poor, double] = items
    expect(missed).toMatchObject({ id: `a${ids.missed}`, prediction: null, annotation: { id: ids.missed } })
    expect(wrong).toMatchObject({ annotation: { id: ids.wrong }, iou: 1, disagreement: 0.8 })
    expect(poor.iou).toBeCloseTo(1 / 3, 12)
    expect(poor.disagreement).toBeCloseTo(0.7 * (2 / 3), 12)
    expect(double.disagreement).toBeCloseTo(0.6 * 0.1, 12)
    expect((await queue({ kinds: ['missed'] })).items).toHaveLength(1)
    expect((await queue({ label: buoy })).total).toBe(3)
    expect((await queue({ split: 'train' })).total).toBe(0)
    expect((await queue({ offset: 4 })).items).toHaveLength(1)
  })

  it("takes the model's side for each kind, and undo brings the item back", async () => {
    const ids = fill()
    const { items } = await queue()
    const item = (kind: string) => items.find((one) => one.kind === kind)!.id
    const shapes = () =>
      Object.fromEntries(listAnnotations(temp.store.db, 2).map((one) => [one.id, [one.labelId, one.shape]]))
    const before = shapes()
    await review('accept', { source, items: [item('wrong-class')] })
    expect(shapes()[ids.wrong]).toEqual([buoy, { kind: 'box', box: [20, 0, 30, 10] }])
    await review('accept', { source, items: [item('bad-location')] })
    expect(shapes()[ids.poor]).toEqual([buoy, { kind: 'box', box: [45, 0, 55, 10] }])
    await review('accept', { source, items: [item('missed')] })
    expect(shapes()[ids.missed]).toBeUndefined()
    await review('accept', { source, items: [item('false-positive')] })
    expect(Object.keys(shapes())).toHaveLength(4)
    expect((await queue()).items.map(({ kind }) => kind)).toEqual(['duplicate'])
    for (let i = 0; i < 4; i++) temp.store.undo()
    expect(shapes()).toEqual(before)
    expect((await queue()).items).toEqual(items)
  })

  it("takes the label's side: rejected and confirmed items are gone, labels stay", async () => {
    fill()
    const before = listAnnotations(temp.store.db, 2)
    const { items } = await queue()
    await review('reject', { source, items: items.map(({ id }) => id) })
    expect((await queue()).total).toBe(0)
    expect(listAnnotations(temp.store.db, 2)).toEqual(before)
    temp.store.undo()
    expect((await queue()).total).toBe(5)
    await expect(review('accept', { source, items: ['p999'] })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('leaves low scores out, and then finds their labels missed', async () => {
    const ids = fill()
    const { items } = await queue({ conf: 0.75 })
    expect(items.filter(({ kind }) => kind === 'missed').map(({ annotation }) => annotation!.id)).toEqual([
      ids.poor,
      ids.missed,
    ])
  })

  it('orders unlabelled images by how unsure the model is, and gives the gallery its figures', async () => {
    put(3, detection(ship, 0.5, [0, 0, 10, 10]), detection(ship, 0.9, [20, 0, 30, 10]))
    put(1, detection(ship, 0.5, [50, 0, 60, 10]))
    const entropy = -0.9 * Math.log2(0.9) - 0.1 * Math.log2(0.1)
    const ask = async (input: object) =>
      (await review('uncertain', { source, ...input })) as { images: { sample: number; uncertainty: number }[] }
    expect((await ask({})).images).toMatchObject([{ sample: 3, predictions: 2 }])
    expect((await ask({})).images[0].uncertainty).toBeCloseTo(1 + entropy, 12)
    expect((await ask({ by: 'margin', join: 'mean' })).images[0].uncertainty).toBeCloseTo((1 + 0.2) / 2, 12)
    expect((await ask({ join: 'max' })).images[0].uncertainty).toBe(1)
    putReviewScores(temp.store.db, source, 0.25)
    const rows = temp.store.db.prepare(`SELECT sample_id, value FROM sample_score WHERE kind = 'uncertainty'`).all()
    expect(rows).toMatchObject([
      { sample_id: 1, value: 1 },
      { sample_id: 3, value: expect.closeTo(1 + entropy, 12) as number },
    ])
  })
})
