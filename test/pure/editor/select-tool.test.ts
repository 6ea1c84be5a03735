import { describe, expect, it } from 'vitest'
import { shapeBox } from '@shared/domain/shape-box'
import type { EditorAnnotation } from '../../../src-renderer/editor/api'
import { box, createHarness } from './harness'

const polygon = (id: number): EditorAnnotation =>
  box(id, 0, 0, 1, 1, {
    shape: {
      kind: 'polygon',
      rings: [
        [
          [20, 20],
          [80, 20],
          [80, 60],
          [20, 60],
        ],
      ],
    },
  })

const pose = (id: number): EditorAnnotation =>
  box(id, 0, 0, 1, 1, {
    label: 2,
    shape: {
      kind: 'keypoints',
      keypoints: [
        [50, 30, 2],
        [60, 20, 2],
        [40, 20, 1],
      ],
    },
  })

describe('select tool: choosing', () => {
  const nested = () => createHarness({ annotations: [box(1, 10, 10, 110, 90), box(2, 30, 30, 50, 50)] })

  it('chooses the smallest shape under the pointer, and nothing on empty ground', () => {
    const h = nested()
    h.click(40, 40)
    expect(h.scene.selection).toEqual([2])
    h.click(100, 80)
    expect(h.scene.selection).toEqual([1])
    h.click(150, 50)
    expect(h.scene.selection).toEqual([])
    expect(h.commits).toHaveLength(0)
  })

  it('goes through a stack with Alt-click and with Tab', () => {
    const h = nested()
    h.click(40, 40)
    h.click(40, 40, { alt: true })
    expect(h.scene.selection).toEqual([1])
    expect(h.key('Tab')).toBe(true)
    expect(h.scene.selection).toEqual([2])
    h.move(100, 80)
    // One shape only: Tab goes on to the next control of the page.
    expect(h.key('Tab')).toBe(false)
  })

  it('adds and takes out with Shift, and with a band over whole shapes', () => {
    const h = nested()
    h.click(40, 40)
    h.click(100, 80, { shift: true })
    expect([...h.scene.selection].sort()).toEqual([1, 2])
    h.click(40, 40, { shift: true })
    expect(h.scene.selection).toEqual([1])
    h.click(150, 95)
    h.drag([5, 5], [60, 60], { shift: true })
    expect(h.scene.selection).toEqual([2])
  })

  it('misses by a few screen pixels at most, whatever the scale', () => {
    const close = createHarness({ annotations: [box(1, 10, 10, 50, 50)], scale: 0.5 })
    close.click(60, 30)
    expect(close.scene.selection).toEqual([1])
    const far = createHarness({ annotations: [box(1, 10, 10, 50, 50)], scale: 8 })
    far.click(52, 30)
    expect(far.scene.selection).toEqual([])
  })

  it('does not see hidden shapes or hidden labels', () => {
    const h = createHarness({ annotations: [box(1, 10, 10, 50, 50, { hidden: true }), box(2, 60, 10, 90, 50)] })
    h.click(30, 30)
    expect(h.scene.selection).toEqual([])
    h.scene.settings = { ...h.scene.settings, hiddenLabels: new Set([1]) }
    h.click(70, 30)
    expect(h.scene.selection).toEqual([])
  })

  it('pans on empty ground', () => {
    const h = nested()
    h.drag([150, 50], [160, 45])
    expect(h.pans).toEqual([20, -10])
    expect(h.commits).toHaveLength(0)
  })
})

describe('select tool: changing', () => {
  it('moves a shape with one commit, by whole pixels, inside the image', async () => {
    const h = createHarness({ annotations: [box(1, 10.5, 10, 40.5, 30)] })
    h.drag([20, 20], [33.3, 24.6])
    await h.settled()
    expect(h.only()).toEqual({ reason: 'Move', op: 'update', id: 1, shape: { kind: 'box', box: [23.5, 15, 53.5, 35] } })
    h.drag([30, 20], [-100, 500])
    await h.settled()
    expect(h.commits[1].changes).toEqual([{ op: 'update', id: 1, shape: { kind: 'box', box: [0, 80, 30, 100] } }])
  })

  it('moves all that is selected together, locked shapes left out', async () => {
    const h = createHarness({
      annotations: [box(1, 10, 10, 40, 40), box(2, 60, 10, 90, 40), box(3, 100, 10, 130, 40, { locked: true })],
    })
    h.select([1, 2, 3])
    h.drag([20, 20], [25, 30])
    await h.settled()
    expect(h.commits).toHaveLength(1)
    expect(h.commits[0].changes).toEqual([
      { op: 'update', id: 1, shape: { kind: 'box', box: [15, 20, 45, 50] } },
      { op: 'update', id: 2, shape: { kind: 'box', box: [65, 20, 95, 50] } },
    ])
  })

  it('commits nothing for a click, a move back to the start, or a cancelled move', async () => {
    const h = createHarness({ annotations: [box(1, 10, 10, 40, 40)] })
    h.click(20, 20)
    h.down(20, 20)
    h.move(60, 60)
    h.move(20, 20)
    h.up(20, 20)
    h.down(20, 20)
    h.move(60, 60)
    expect(h.tool.cancel()).toBe(true)
    h.up(60, 60)
    await h.settled()
    expect(h.commits).toHaveLength(0)
    expect(h.scene.editing.size).toBe(0)
  })

  it('resizes by a corner, turns over when dragged across, and keeps the other sides exact', async () => {
    const h = createHarness({ annotations: [box(1, 20.25, 20, 80, 60)] })
    h.select([1])
    h.drag([80, 60], [90.4, 70.4])
    await h.settled()
    expect(h.commits[0]).toMatchObject({ reason: 'Resize', changes: [{ shape: { box: [20.25, 20, 90, 70] } }] })
    h.drag([90, 70], [10, 10])
    await h.settled()
    expect(h.commits[1].changes[0]).toMatchObject({ shape: { box: [10, 10, 20.25, 20] } })
  })

  it('stretches a mask by its handles', async () => {
    // Columns 20 to 79, rows 20 to 59 of an image of 200 x 100.
    const counts = [2020, ...Array.from({ length: 59 }, () => [40, 60]).flat(), 40, 12040]
    const h = createHarness({
      annotations: [box(1, 0, 0, 1, 1, { shape: { kind: 'mask', mask: { size: [100, 200], counts } } })],
    })
    h.select([1])
    h.drag([80, 60], [110, 70])
    await h.settled()
    expect(h.commits[0].reason).toBe('Resize')
    const [change] = h.commits[0].changes
    expect(change.op === 'update' && change.shape && shapeBox(change.shape)).toEqual([20, 20, 110, 70])
  })

  it('resizes by a side, as a square with Shift, about the middle with Alt', async () => {
    const h = createHarness({ annotations: [box(1, 20, 20, 80, 60)] })
    h.select([1])
    h.drag([80, 40], [100, 90])
    await h.settled()
    expect(h.commits[0].changes[0]).toMatchObject({ shape: { box: [20, 20, 100, 60] } })
    h.drag([100, 60], [110, 70], { shift: true })
    await h.settled()
    // The image ends 80 below the fixed corner.
    expect(h.commits[1].changes[0]).toMatchObject({ shape: { box: [20, 20, 100, 100] } })
    h.drag([100, 60], [90, 60], { alt: true })
    await h.settled()
    expect(h.commits[2].changes[0]).toMatchObject({ shape: { box: [30, 20, 90, 100] } })
  })

  it('keeps the corner at the distance at which it was pressed', async () => {
    const h = createHarness({ annotations: [box(1, 20, 20, 80, 60)] })
    h.select([1])
    h.drag([82, 61], [92, 71])
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'box', box: [20, 20, 90, 70] })
  })

  it('does not change locked shapes', async () => {
    const h = createHarness({ annotations: [box(1, 20, 20, 80, 60, { locked: true })] })
    h.select([1])
    h.drag([80, 60], [90, 70])
    h.drag([50, 40], [60, 50])
    await h.settled()
    expect(h.commits).toHaveLength(0)
  })

  it('moves, inserts and removes corners of a polygon', async () => {
    const h = createHarness({ annotations: [polygon(1)] })
    h.select([1])
    h.drag([80, 20], [90, 10])
    await h.settled()
    expect(h.commits[0]).toMatchObject({
      reason: 'Edit polygon',
      changes: [{ shape: { rings: [[[20, 20], [90, 10], [80, 60], [20, 60]]] } }], // prettier-ignore
    })
    h.drag([20, 40], [10, 40])
    await h.settled()
    expect(h.commits[1].changes[0]).toMatchObject({
      shape: { rings: [[[20, 20], [90, 10], [80, 60], [20, 60], [10, 40]]] }, // prettier-ignore
    })
    h.click(20, 20, { mod: true })
    await h.settled()
    expect(h.commits[2].changes[0]).toMatchObject({
      shape: { rings: [[[90, 10], [80, 60], [20, 60], [10, 40]]] }, // prettier-ignore
    })
    expect(h.commits).toHaveLength(3)
  })

  it('turns a rotated box by its arm', async () => {
    const h = createHarness({
      annotations: [box(1, 0, 0, 1, 1, { shape: { kind: 'rotated-box', rotatedBox: [100, 50, 40, 20, 0] } })],
    })
    h.select([1])
    // The arm ends 28 screen pixels above the top side (at scale 2), pulled to the right.
    h.drag([100, 26], [150, 50])
    await h.settled()
    expect(h.only()).toMatchObject({ reason: 'Rotate', shape: { rotatedBox: [100, 50, 40, 20, 90] } })
  })

  it('drags keypoints, toggles their visibility with the right button, moves and turns the pose with Alt', async () => {
    const h = createHarness({ annotations: [pose(1)] })
    h.select([1])
    h.drag([60, 20], [66.5, 18])
    await h.settled()
    expect(h.commits[0]).toMatchObject({
      reason: 'Move keypoint',
      changes: [{ shape: { keypoints: [[50, 30, 2], [66.5, 18, 2], [40, 20, 1]] } }], // prettier-ignore
    })
    h.click(40, 20, { button: 2 })
    await h.settled()
    expect(h.commits[1]).toMatchObject({
      reason: 'Change keypoint visibility',
      changes: [{ shape: { keypoints: [[50, 30, 2], [66.5, 18, 2], [40, 20, 2]] } }], // prettier-ignore
    })
    expect(h.spoken.at(-1)).toBe('keypointVisible right_eye')
    h.drag([50, 30], [55, 40], { alt: true })
    await h.settled()
    expect(h.commits[2]).toMatchObject({
      reason: 'Move',
      changes: [{ shape: { keypoints: [[55, 40, 2], [71.5, 28, 2], [45, 30, 2]] } }], // prettier-ignore
    })
    expect(h.wheel(55, 40, 100, { alt: true })).toBe(true)
    expect(h.wheel(55, 40, 100)).toBe(false)
    await h.settled()
    expect(h.commits[3]).toMatchObject({ reason: 'Rotate', merge: true })
  })

  it('stops a drag whose shape another window removed', async () => {
    const h = createHarness({ annotations: [box(1, 10, 10, 40, 40)] })
    h.down(20, 20)
    h.move(60, 60)
    h.scene.setStored([])
    h.tool.sceneChanged!()
    h.up(60, 60)
    await h.settled()
    expect(h.commits).toHaveLength(0)
  })
})
