import { describe, expect, it } from 'vitest'
import { skeletonFault } from '@shared/domain/skeleton'
import { flipByName, mirroredName } from '@shared/domain/flip-by-name'
import {
  addPoint,
  draftOf,
  emptyDraft,
  movePoint,
  pairByName,
  removePoint,
  setPartner,
  skeletonOf,
  toggleEdge,
} from '../../../src-renderer/panels/labels/skeleton-draft'
import { skeletonPresets } from '../../../src-renderer/panels/labels/skeleton-presets'

describe('names of sides', () => {
  it.each([
    ['left_eye', 'right_eye'],
    ['RightWrist', 'LeftWrist'],
    ['ear-L', 'ear-R'],
    ['eye.R.1', 'eye.L.1'],
    ['左眼', '右眼'],
    ['l_knee', 'r_knee'],
  ])('%s mirrors to %s and back', (a, b) => {
    expect(mirroredName(a)).toBe(b)
    expect(mirroredName(b)).toBe(a)
  })
  it.each(['nose', 'bright', 'tail', 'leftover', 'collar'])('%s has no side', (name) => {
    expect(mirroredName(name)).toBeNull()
  })
  it('pairs only points whose partner is there', () => {
    expect(flipByName(['nose', 'left_eye', 'right_eye', 'left_ear'])).toEqual([0, 2, 1, 3])
    expect(flipByName(['leftear', 'rightEar', 'leftover', 'bright', 'earleft', 'earright'])).toEqual([1, 0, 2, 3, 5, 4])
  })
})

describe('a skeleton while it is drawn', () => {
  it('becomes the same skeleton again, whatever its shape', () => {
    for (const [name, skeleton] of Object.entries(skeletonPresets)) {
      expect(skeletonFault(skeleton), name).toBeNull()
      const again = skeletonOf(draftOf(skeleton))
      expect({ ...again.skeleton, layout: undefined }, name).toEqual({ ...skeleton, layout: undefined })
      expect(again.sources).toEqual(skeleton.names.map((_, at) => at))
      const [xs, ys] = [0, 1].map((axis) => again.skeleton.layout!.map((point) => point[axis]))
      expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)], name).toEqual([0, 1, 0, 1])
    }
  })
  it('keeps edges, pairs and sources true while points come, go and change places', () => {
    const draft = draftOf({ names: ['a', 'left_b', 'right_b'], edges: [[0, 1], [1, 2]], flip: [0, 2, 1], sigmas: [0.1, 0.2, 0.3] }) // prettier-ignore
    movePoint(draft, 0, 1)
    expect(skeletonOf(draft)).toMatchObject({
      skeleton: { names: ['left_b', 'a', 'right_b'], edges: [[1, 0], [0, 2]], flip: [2, 1, 0], sigmas: [0.2, 0.1, 0.3] },
      sources: [1, 0, 2],
    }) // prettier-ignore
    // The middle of a chain: its ends are joined, its partner is alone.
    removePoint(draft, 1)
    expect(skeletonOf(draft)).toMatchObject({ skeleton: { edges: [[0, 1]], flip: [0, 1] }, sources: [0, 2] })
    const key = addPoint(draft, 10, 10, 0, 'left_b')
    pairByName(draft)
    expect(skeletonOf(draft)).toMatchObject({ skeleton: { flip: [0, 2, 1], edges: [[0, 1], [0, 2]] }, sources: [0, 2, null] }) // prettier-ignore
    toggleEdge(draft, key, 0)
    expect(skeletonOf(draft).skeleton.edges).toEqual([[0, 1]])
  })
  it('pairs are mutual, and names do not undo what was paired by hand', () => {
    const draft = emptyDraft()
    const [a, b, c] = ['left_x', 'right_x', 'left_y'].map((name) => addPoint(draft, 0, 0, null, name))
    setPartner(draft, a, c)
    setPartner(draft, b, a)
    pairByName(draft)
    expect(draft.points.map((point) => point.partner)).toEqual([b, a, null])
    setPartner(draft, a, null)
    expect(draft.points.map((point) => point.partner)).toEqual([null, null, null])
    pairByName(draft, true)
    expect(draft.points.map((point) => point.partner)).toEqual([b, a, null])
  })
})
