/** The review of a classifier: one question per image, about its class as a whole. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ReviewItem } from '@shared/contract/review'
import { createPredictionsService } from '../../../src-main/services/predictions'
import { createReviewService } from '../../../src-main/services/review'
import { listAnnotations } from '../../../src-main/store/annotation'
import { putPredictions } from '../../../src-main/store/prediction'
import { initStore, type Store } from '../../../src-main/store/store'
import { overContract, serviceDeps } from '../../helpers/job-deps'

const [buoy, dock, ship] = [1, 2, 3]
const source = 'run:r1'
let folder: string
let store: Store
let predictions: ReturnType<typeof overContract<'predictions'>>
let review: ReturnType<typeof overContract<'review'>>

/** Images 1 (a buoy) and 2 (a dock) have a class, 3 and 4 have none. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'review-classes-'))
  store = initStore(join(folder, 'p'), { task: 'classify' })
  const batch = store.beginImport({ source: '/images', root: '/images' })
  batch.addLabels(['buoy', 'dock', 'ship'].map((name) => ({ key: name, name })))
  batch.addSamples(['a', 'b', 'c', 'd'].map((key) => ({ key, path: `${key}.jpg`, width: 40, height: 30 })))
  batch.addAnnotations([
    { sample: 'a', label: 'buoy', shape: { kind: 'tag' } },
    { sample: 'b', label: 'dock', shape: { kind: 'tag' } },
  ])
  batch.finish()
  const deps = serviceDeps(() => store)
  predictions = overContract(
    'predictions',
    createPredictionsService(deps, () => {
      throw new Error('no queue in this test')
    }),
  )
  review = overContract('review', createReviewService(deps))
  const say = (sampleId: number, scores: [label: number, score: number][]) =>
    putPredictions(store.db, source, [
      { sampleId, detections: scores.map(([label, score]) => ({ label, score, box: [0, 0, 40, 30] })) },
    ])
  say(1, [[buoy, 0.7], [dock, 0.3]]) // prettier-ignore
  say(2, [[ship, 0.6], [dock, 0.4]]) // prettier-ignore
  say(3, [[ship, 0.9], [buoy, 0.1]]) // prettier-ignore
  say(4, [[dock, 0.45], [ship, 0.4]]) // prettier-ignore
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})
const queue = async (input: object = {}) =>
  ((await review('queue', { source, ...input })) as { items: ReviewItem[] }).items
const classesOf = (sample: number) =>
  listAnnotations(store.db, sample).map(({ labelId, shape }) => [labelId, shape.kind])

it('asks once an image, where the likeliest class is not the one of the image', async () => {
  expect((await queue()).map(({ kind, sample, prediction, annotation }) => [kind, sample, prediction!.label, annotation?.label])).toEqual([
    ['false-positive', 3, ship, undefined],
    ['false-positive', 4, dock, undefined],
    ['wrong-class', 2, ship, dock],
  ]) // prettier-ignore
  const [, , wrong] = await queue()
  // Score of the class, less as far as the model doubts: 0.6 x (1 - 0.4).
  expect(wrong.disagreement).toBeCloseTo(0.36)
  expect(await queue({ conf: 0.5 })).toHaveLength(2)
})

it("gives the image the model's class, in place of another one, and undo takes it back", async () => {
  for (const { id } of await queue()) await review('accept', { source, items: [id] })
  expect([1, 2, 3, 4].map(classesOf)).toEqual([[[buoy, 'tag']], [[ship, 'tag']], [[ship, 'tag']], [[dock, 'tag']]])
  expect(await queue()).toEqual([])
  store.undo()
  expect(classesOf(2)).toEqual([[dock, 'tag']])
  expect(await queue()).toHaveLength(1)
})

it("keeps the image's class, and asks no more", async () => {
  const [, , wrong] = await queue()
  await review('reject', { source, items: [wrong.id] })
  expect(classesOf(2)).toEqual([[dock, 'tag']])
  expect((await queue()).map(({ sample }) => sample)).toEqual([3, 4])
})

it('in bulk gives a class to images that have none, and never a second one', async () => {
  expect(await predictions('countAbove', { source, minScore: 0.3 })).toEqual({ predictions: 2, samples: 2 })
  expect(await predictions('acceptAbove', { source, minScore: 0.3 })).toMatchObject({ accepted: 2, skipped: 2 })
  expect([1, 2, 3, 4].map(classesOf)).toEqual([[[buoy, 'tag']], [[dock, 'tag']], [[ship, 'tag']], [[dock, 'tag']]])
})
