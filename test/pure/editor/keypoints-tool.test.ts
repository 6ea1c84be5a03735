import { describe, expect, it } from 'vitest'
import { box, createHarness } from './harness'

describe('keypoints tool', () => {
  it('fills a drawn box with the template', async () => {
    const h = createHarness({ settings: { label: 2 } })
    h.scene.labels.set(2, { ...h.scene.labels.get(2)!, template: [[0.5, 1], [1, 0], [0, 0]] }) // prettier-ignore
    h.choose('keypoints')
    h.drag([20, 10], [60, 50])
    await h.settled()
    expect(h.only()).toMatchObject({
      reason: 'Draw keypoints',
      label: 2,
      shape: { keypoints: [[40, 50, 2], [60, 10, 2], [20, 10, 2]] }, // prettier-ignore
    })
  })

  it('uses the only label with a skeleton when the current one has none', async () => {
    const h = createHarness({ settings: { label: 1 } })
    h.choose('keypoints')
    h.drag([20, 10], [60, 50])
    await h.settled()
    expect(h.only()).toMatchObject({ label: 2 })
  })

  it('places points one after another: right button hides, Tab leaves out, Backspace takes back', async () => {
    const h = createHarness({ settings: { label: 2, keypointPlacement: 'sequence' } })
    h.choose('keypoints')
    h.click(10, 10)
    expect(h.tool.render().hint).toBe('left_eye')
    h.click(20, 20)
    expect(h.tool.stepBack!()).toBe(true)
    h.click(25, 20, { button: 2 })
    expect(h.tool.busy).toBe(true)
    expect(h.key('Tab')).toBe(true)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'keypoints', keypoints: [[10, 10, 2], [25, 20, 1], [0, 0, 0]] }) // prettier-ignore
  })

  it('ends a sequence early with the rest absent, and gives it up on cancel', async () => {
    const h = createHarness({ settings: { label: 2, keypointPlacement: 'sequence', keepTool: true } })
    h.choose('keypoints')
    h.click(10, 10)
    expect(h.tool.finish!()).toBe(true)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'keypoints', keypoints: [[10, 10, 2], [0, 0, 0], [0, 0, 0]] }) // prettier-ignore
    h.click(50, 50)
    expect(h.tool.cancel()).toBe(true)
    await h.settled()
    expect(h.commits).toHaveLength(1)
  })

  it('sets one keypoint per image in loop mode', async () => {
    const shape = { kind: 'keypoints' as const, keypoints: [[50, 30, 2], [0, 0, 0], [40, 20, 1]] as [number, number, 0 | 1 | 2][] } // prettier-ignore
    const h = createHarness({
      settings: { label: 2, keypointPlacement: 'loop', loopKeypoint: 1 },
      annotations: [box(1, 0, 0, 1, 1, { label: 2, shape })],
    })
    h.choose('keypoints')
    h.click(60, 22)
    await h.settled()
    expect(h.only()).toMatchObject({
      reason: 'Move keypoint',
      id: 1,
      shape: { keypoints: [[50, 30, 2], [60, 22, 2], [40, 20, 1]] }, // prettier-ignore
    })
    const none = createHarness({ settings: { label: 2, keypointPlacement: 'loop', loopKeypoint: 1 } })
    none.choose('keypoints')
    none.click(60, 22)
    await none.settled()
    expect(none.only().shape).toEqual({ kind: 'keypoints', keypoints: [[0, 0, 0], [60, 22, 2], [0, 0, 0]] }) // prettier-ignore
    expect(none.tool.id).toBe('keypoints')
  })

  it('asks for the label of a drawn box when it is released, and once in a sequence', async () => {
    const asked: unknown[] = []
    const two = (settings: object) => {
      const h = createHarness({
        settings: { label: null, ...settings },
        host: {
          requestLabel: ({ kind, box }) => {
            asked.push({ kind, box })
            return Promise.resolve(2)
          },
        },
      })
      // With a second skeleton it is no longer clear which one is meant.
      h.scene.labels.set(3, { ...h.scene.labels.get(2)!, id: 3, name: 'other' })
      h.choose('keypoints')
      return h
    }
    const h = two({})
    h.down(20, 10)
    h.move(60, 50)
    expect(asked).toEqual([])
    expect(h.tool.render().band).toEqual([20, 10, 60, 50])
    h.up(60, 50)
    expect(asked).toEqual([{ kind: 'keypoints', box: [20, 10, 60, 50] }])
    await h.settled()
    expect(h.only()).toMatchObject({ reason: 'Draw keypoints', label: 2, shape: { kind: 'keypoints' } })

    const one = two({ keypointPlacement: 'sequence' })
    one.click(10, 10)
    await one.settled()
    one.click(20, 20)
    one.click(30, 10)
    await one.settled()
    expect(asked).toHaveLength(2)
    expect(one.only().shape).toEqual({ kind: 'keypoints', keypoints: [[10, 10, 2], [20, 20, 2], [30, 10, 2]] }) // prettier-ignore
  })

  it('draws nothing when the question is left, and says when a label has no skeleton', async () => {
    for (const answer of [null, 1]) {
      const h = createHarness({ settings: { label: null }, host: { requestLabel: () => Promise.resolve(answer) } })
      h.scene.labels.set(3, { ...h.scene.labels.get(2)!, id: 3, name: 'other' })
      h.choose('keypoints')
      h.drag([20, 10], [60, 50])
      await h.settled()
      expect(h.commits).toEqual([])
      expect(h.tool.render().band).toBeUndefined()
      expect(h.spoken).toEqual(answer === null ? [] : [`noSkeleton ${h.scene.labels.get(1)!.name}`])
    }
  })
})
