import { describe, expect, it } from 'vitest'
import type { EditChange } from '../../../src-renderer/editor/api'
import { box, createHarness } from './harness'

const add = (x: number): EditChange => ({
  op: 'add',
  sample: 7,
  label: 1,
  shape: { kind: 'box', box: [x, 10, x + 10, 20] },
})

describe('commits', () => {
  it('shows an addition at once and renames it when it is stored', async () => {
    const h = createHarness()
    h.choose('box')
    h.drag([10, 10], [20, 20])
    expect(h.scene.annotations).toHaveLength(1)
    expect(h.scene.selection[0]).toBeLessThan(0)
    await h.settled()
    expect(h.scene.annotations.map(({ id }) => id)).toEqual([100])
    expect(h.scene.selection).toEqual([100])
  })

  it('sends edits of a draft in order, under its stored id', async () => {
    let release: (ids: number[]) => void = () => {}
    const sent: EditChange[][] = []
    const h = createHarness({
      host: {
        commit: (_, changes) => {
          sent.push(changes)
          return sent.length === 1 ? new Promise((done) => (release = done)) : Promise.resolve([55])
        },
      },
    })
    let draft = 0
    void h.store.commit('Draw box', [add(10)], { shown: ([id]) => (draft = id) })
    const moved = { kind: 'box' as const, box: [30, 10, 40, 20] as [number, number, number, number] }
    void h.store.commit('Move', [{ op: 'update', id: draft, shape: moved }])
    expect(sent).toHaveLength(1)
    expect(h.scene.get(draft)!.shape).toEqual(moved)
    release([55])
    await h.settled()
    expect(sent[1]).toEqual([{ op: 'update', id: 55, shape: moved }])
    expect(h.scene.annotations).toMatchObject([{ id: 55, shape: moved }])
    expect(h.scene.overlayOf(55)).toBeUndefined()
  })

  it('keeps a failed edit as a draft until it is tried again', async () => {
    let broken = true
    const h = createHarness({
      annotations: [box(1, 10, 10, 40, 40)],
      host: { commit: () => (broken ? Promise.reject(new Error('disk full')) : Promise.resolve([1])) },
    })
    h.drag([20, 20], [30, 20])
    await h.settled()
    expect(h.failures).toMatchObject([{ reason: 'Move', error: { message: 'disk full' } }])
    expect(h.scene.get(1)!.shape).toEqual({ kind: 'box', box: [20, 10, 50, 40] })
    expect(h.scene.failed).toEqual(new Set([1]))
    // The server's list does not wipe it out.
    h.scene.setStored([box(1, 10, 10, 40, 40)])
    expect(h.scene.get(1)!.shape).toEqual({ kind: 'box', box: [20, 10, 50, 40] })
    broken = false
    h.failures[0].retry()
    await h.settled()
    expect(h.scene.failed.size).toBe(0)
    expect(h.scene.getStored(1)!.shape).toEqual({ kind: 'box', box: [20, 10, 50, 40] })
    expect(h.store.open).toBe(0)
  })

  it('goes back to what is stored when a failed edit is discarded', async () => {
    const h = createHarness({
      annotations: [box(1, 10, 10, 40, 40)],
      host: { commit: () => Promise.reject(new Error('read only')) },
    })
    h.select([1])
    h.commands.deleteSelection()
    expect(h.scene.annotations).toHaveLength(0)
    await h.settled()
    h.failures[0].discard()
    expect(h.scene.annotations).toMatchObject([{ id: 1, shape: { box: [10, 10, 40, 40] } }])
  })

  it('stores a shape on the image it was drawn on, though another is shown by now', async () => {
    let answer: (label: number) => void = () => {}
    const h = createHarness({
      settings: { label: null },
      host: { requestLabel: () => new Promise((done) => (answer = done)) },
    })
    h.choose('box')
    h.drag([10, 10], [20, 20])
    h.scene.clear()
    h.scene.sample = 8
    answer(1)
    await h.settled()
    expect(h.only()).toMatchObject({ op: 'add', sample: 7 })
    expect(h.scene.annotations).toHaveLength(0)
  })
})

describe('commands', () => {
  it('nudges inside the image, joined into one step, and refuses locked shapes', async () => {
    const h = createHarness({ annotations: [box(1, 2, 10, 40, 40), box(2, 50, 10, 60, 20, { locked: true })] })
    h.select([1, 2])
    h.commands.nudge(-1, 0)
    h.commands.nudge(-10, 0)
    h.commands.nudge(-1, 0)
    await h.settled()
    expect(h.commits).toHaveLength(2)
    expect(h.commits.every(({ merge }) => merge)).toBe(true)
    expect(h.scene.get(1)!.shape).toEqual({ kind: 'box', box: [0, 10, 38, 40] })
  })

  it('resizes by keys and never to nothing', async () => {
    const h = createHarness({ annotations: [box(1, 10, 10, 12, 40)] })
    h.select([1])
    h.commands.resizeBy(-5, 100)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'box', box: [10, 10, 11, 100] })
  })

  it('duplicates beside the original and selects the copy', async () => {
    const h = createHarness({ annotations: [box(1, 170, 10, 195, 40)] })
    h.select([1])
    h.commands.duplicate()
    await h.settled()
    expect(h.only()).toMatchObject({ reason: 'Duplicate', shape: { box: [160, 20, 185, 50] } })
    expect(h.scene.selection).toEqual([100])
  })

  it('pastes shapes of a larger image into this one', async () => {
    const h = createHarness()
    h.commands.paste([box(9, 300, 90, 340, 120), box(9, 0, 0, 900, 50)])
    await h.settled()
    expect(h.commits[0].changes.map((change) => change.op === 'add' && change.shape)).toEqual([
      { kind: 'box', box: [160, 70, 200, 100] },
      { kind: 'box', box: [0, 0, 200, 50] },
    ])
  })

  it('mirrors a pose and swaps left and right', async () => {
    const shape = { kind: 'keypoints' as const, keypoints: [[40, 30, 2], [60, 20, 2], [45, 20, 1]] as [number, number, 0 | 1 | 2][] } // prettier-ignore
    const h = createHarness({ annotations: [box(1, 0, 0, 1, 1, { label: 2, shape })] })
    h.select([1])
    h.commands.mirror()
    await h.settled()
    // About x = 50; the point that was right (45) is the left one now, at 55.
    expect(h.only().shape).toEqual({ kind: 'keypoints', keypoints: [[60, 30, 2], [55, 20, 1], [40, 20, 2]] }) // prettier-ignore
    h.commands.mirror()
    await h.settled()
    expect(h.scene.get(1)!.shape).toEqual(shape)
  })

  it('brings to the front and to the back, and one step up and down', async () => {
    const h = createHarness({ annotations: [box(1, 0, 0, 9, 9), box(2, 0, 0, 9, 9), box(3, 0, 0, 9, 9)] })
    const order = () => h.scene.annotations.map(({ id }) => id)
    h.select([1])
    h.commands.reorder('front')
    expect(order()).toEqual([2, 3, 1])
    h.commands.reorder('back')
    expect(order()).toEqual([1, 2, 3])
    h.commands.reorder('up')
    expect(order()).toEqual([2, 1, 3])
    h.commands.reorder('down')
    expect(order()).toEqual([1, 2, 3])
    await h.settled()
    expect(h.commits).toHaveLength(4)
  })

  it('turns predictions into annotations with their origin', async () => {
    const h = createHarness()
    h.scene.setPredictions([{ id: 1, label: 2, score: 0.9, shape: { kind: 'box', box: [1, 2, 3, 4] } }])
    h.commands.acceptPredictions([1], 'run:r3')
    await h.settled()
    expect(h.only()).toMatchObject({
      reason: 'Accept predictions',
      label: 2,
      provenance: 'run:r3',
      shape: { box: [1, 2, 3, 4] },
    })
  })
})
