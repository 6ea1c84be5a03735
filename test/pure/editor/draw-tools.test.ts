import { describe, expect, it } from 'vitest'
import { decodeMask } from '@shared/evaluation/mask'
import { box, createHarness } from './harness'

describe('box tool', () => {
  it('commits one box at whole pixels for press, drag, release', async () => {
    const h = createHarness()
    h.choose('box')
    h.drag([10.4, 20.6], [50.2, 60.9])
    await h.settled()
    expect(h.only()).toMatchObject({
      reason: 'Draw box',
      op: 'add',
      sample: 7,
      label: 1,
      shape: { kind: 'box', box: [10, 21, 50, 61] },
    })
    expect(h.tool.id).toBe('select')
    expect(h.scene.selection).toEqual([100])
  })

  it('takes two clicks as well, in any direction', async () => {
    const h = createHarness()
    h.choose('box')
    h.click(50, 60)
    expect(h.commits).toHaveLength(0)
    h.click(10, 20)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'box', box: [10, 20, 50, 60] })
  })

  it('stays inside the image', async () => {
    const h = createHarness()
    h.choose('box')
    h.drag([150, 50], [500, -40])
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'box', box: [150, 0, 200, 50] })
  })

  it('draws squares with Shift, without Shift when squares are on, and about the centre with Alt', async () => {
    const squares = createHarness()
    squares.choose('box')
    squares.drag([10, 10], [50, 30], { shift: true })
    await squares.settled()
    expect(squares.only().shape).toEqual({ kind: 'box', box: [10, 10, 50, 50] })

    const setting = createHarness({ settings: { squares: true } })
    setting.choose('box')
    setting.drag([10, 10], [50, 30])
    await setting.settled()
    expect(setting.only().shape).toEqual({ kind: 'box', box: [10, 10, 50, 50] })

    const centred = createHarness()
    centred.choose('box')
    centred.drag([50, 50], [70, 60], { alt: true })
    await centred.settled()
    expect(centred.only().shape).toEqual({ kind: 'box', box: [30, 40, 70, 60] })
  })

  it('gives nothing for a cancelled, an empty or an unlabelled box', async () => {
    const h = createHarness({ settings: { label: null }, host: { requestLabel: () => Promise.resolve(null) } })
    h.choose('box')
    h.down(10, 10)
    h.move(40, 40)
    expect(h.tool.busy).toBe(true)
    expect(h.tool.cancel()).toBe(true)
    h.up(40, 40)
    h.click(20, 20)
    h.click(20, 60)
    h.drag([10, 10], [40, 40])
    await h.settled()
    expect(h.commits).toHaveLength(0)
    expect(h.scene.pending).toHaveLength(0)
  })

  it('asks for the label when none is set, and shows the box meanwhile', async () => {
    let answer: (label: number) => void = () => {}
    const h = createHarness({
      settings: { label: null },
      host: { requestLabel: () => new Promise((done) => (answer = done)) },
    })
    h.choose('box')
    h.drag([10, 10], [40, 40])
    expect(h.scene.pending).toHaveLength(1)
    answer(2)
    await h.settled()
    expect(h.only()).toMatchObject({ label: 2 })
    expect(h.scene.pending).toHaveLength(0)
  })

  it('sticks to edges of other boxes when told to', async () => {
    const h = createHarness({
      settings: { snapEdges: true },
      annotations: [box(1, 60.5, 10, 100, 40.25)],
    })
    h.choose('box')
    h.drag([5, 5], [59, 42])
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'box', box: [5, 5, 60.5, 40.25] })
  })
})

describe('rotated box tool', () => {
  it('takes a side and a depth', async () => {
    const h = createHarness()
    h.choose('rotated-box')
    h.drag([40, 20], [80, 20])
    h.move(60, 50)
    h.click(60, 50)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'rotated-box', rotatedBox: [60, 35, 40, 30, 0] })
  })

  it('turns with its side', async () => {
    const h = createHarness()
    h.choose('rotated-box')
    h.click(50, 20)
    h.click(50, 60)
    h.click(30, 60)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'rotated-box', rotatedBox: [40, 40, 40, 20, 90] })
  })
})

describe('polygon tool', () => {
  const corners: [number, number][] = [
    [10, 10],
    [60, 10],
    [60, 50],
  ]

  it('closes with a click on the first corner', async () => {
    const h = createHarness()
    h.choose('polygon')
    for (const corner of corners) h.click(...corner)
    expect(h.commits).toHaveLength(0)
    h.click(11, 11)
    await h.settled()
    expect(h.only()).toMatchObject({ reason: 'Draw polygon', shape: { kind: 'polygon', rings: [corners] } })
  })

  it('closes with a double click, which adds no corner twice', async () => {
    const h = createHarness()
    h.choose('polygon')
    for (const corner of corners) h.click(...corner)
    h.click(60, 50)
    h.doubleClick(60, 50)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'polygon', rings: [corners] })
  })

  it('takes the last corner back, and does not close a line', async () => {
    const h = createHarness()
    h.choose('polygon')
    for (const corner of [...corners, [10, 50] as [number, number]]) h.click(...corner)
    expect(h.tool.stepBack!()).toBe(true)
    expect(h.tool.finish!()).toBe(true)
    await h.settled()
    expect(h.only().shape).toEqual({ kind: 'polygon', rings: [corners] })

    const line = createHarness()
    line.choose('polygon')
    line.click(10, 10)
    line.click(40, 10)
    expect(line.tool.finish!()).toBe(false)
    expect(line.tool.cancel()).toBe(true)
    expect(line.tool.busy).toBe(false)
  })

  it('sets corners along a stroke', async () => {
    const h = createHarness()
    h.choose('polygon')
    h.down(10, 10)
    for (let x = 12; x <= 60; x += 2) h.move(x, 10)
    h.up(60, 10)
    h.click(60, 60)
    h.tool.finish!()
    await h.settled()
    const { shape } = h.only()
    if (shape?.kind !== 'polygon') throw new Error('no polygon')
    expect(shape.rings[0].length).toBeGreaterThan(8)
    expect(shape.rings[0].at(-1)).toEqual([60, 60])
  })
})

describe('brush tool', () => {
  const area = (h: ReturnType<typeof createHarness>, id: number) => {
    const shape = h.scene.get(id)!.shape
    if (shape.kind !== 'mask') throw new Error('no mask')
    return decodeMask(shape.mask).reduce((sum, pixel) => sum + pixel, 0)
  }

  it('paints a new mask with one stroke, adds to it with the next, erases with Alt', async () => {
    const h = createHarness({ settings: { brushSize: 10 } })
    h.choose('brush')
    h.drag([20, 50], [60, 50])
    await h.settled()
    expect(h.commits.map(({ reason }) => reason)).toEqual(['Draw mask'])
    expect(h.tool.id).toBe('brush')
    const first = area(h, 100)
    // A bar of 40 x 10 with round ends of diameter 10.
    expect(first).toBeGreaterThan(460)
    expect(first).toBeLessThan(500)
    h.drag([100, 50], [120, 50])
    await h.settled()
    expect(h.commits.map(({ reason }) => reason)).toEqual(['Draw mask', 'Edit mask'])
    expect(area(h, 100)).toBeGreaterThan(first + 200)
    h.drag([90, 50], [130, 50], { alt: true })
    await h.settled()
    expect(h.commits).toHaveLength(3)
    expect(area(h, 100)).toBe(first)
  })

  it('removes a mask that is erased altogether, and ignores erasing of nothing', async () => {
    const h = createHarness({ settings: { brushSize: 10 } })
    h.choose('brush')
    h.drag([20, 50], [30, 50], { alt: true })
    await h.settled()
    expect(h.commits).toHaveLength(0)
    h.click(20, 50)
    await h.settled()
    h.drag([10, 50], [30, 50], { alt: true })
    await h.settled()
    expect(h.commits.at(-1)).toMatchObject({ reason: 'Edit mask', changes: [{ op: 'remove', id: 100 }] })
  })

  it('changes its size with the brackets', () => {
    const h = createHarness({ settings: { brushSize: 1 } })
    h.choose('brush')
    expect(h.key(']')).toBe(true)
    expect(h.scene.settings.brushSize).toBe(2)
    h.key('[')
    h.key('[')
    expect(h.scene.settings.brushSize).toBe(1)
  })
})

describe('point and tag tools', () => {
  it('sets a visible point where the pointer is, not on the pixel grid', async () => {
    const h = createHarness()
    h.choose('point')
    h.click(10.25, 20.5)
    await h.settled()
    expect(h.only()).toMatchObject({
      reason: 'Draw point',
      shape: { kind: 'keypoints', keypoints: [[10.25, 20.5, 2]] },
    })
  })

  it('tags the image once per label', async () => {
    const h = createHarness({ settings: { keepTool: true } })
    h.choose('tag')
    h.click(10, 10)
    await h.settled()
    h.click(10, 10)
    await h.settled()
    expect(h.only()).toMatchObject({ reason: 'Add tag', label: 1, shape: { kind: 'tag' } })
  })
})
