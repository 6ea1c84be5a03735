import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Shape } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import { decodeMask, encodeMask } from '@shared/evaluation/mask'
import {
  type Bitmap,
  bitmapArea,
  bitmapBox,
  bitmapFromRuns,
  emptyBitmap,
  paintRings,
  paintSegment,
  runsFromBitmap,
} from '../../../src-renderer/editor/geometry/bitmap'
import { clampMove } from '../../../src-renderer/editor/geometry/clamp'
import { handleCursor, hitHandle, layoutHandles } from '../../../src-renderer/editor/geometry/handles'
import { HitIndex, hitTest } from '../../../src-renderer/editor/geometry/hit-test'
import { deleteVertex, tidyRing } from '../../../src-renderer/editor/geometry/polygon-edit'
import { resizeBox, resizeRotatedBox, rotatedBoxFromSide, turnTo } from '../../../src-renderer/editor/geometry/resize'
import { rotatePoint } from '../../../src-renderer/editor/geometry/rotate'
import { fitTemplate, keypointSide, templateFrom, templateOf } from '../../../src-renderer/editor/geometry/skeleton'
import {
  mirrorShape,
  rotateShape,
  scaleShape,
  translateShape,
} from '../../../src-renderer/editor/geometry/transform-shape'
import * as views from '../../../src-renderer/editor/geometry/view'
import { levelFor, tileBox, tilesIn } from '../../../src-renderer/editor/image/levels'
import { channelMaps } from '../../../src-renderer/editor/image/image-filter'
import { outlineBox } from '../../../src-renderer/editor/layers/box-raster'
import { face } from './harness'

const image = { width: 200, height: 100 }
const screen = { width: 800, height: 600 }

describe('view', () => {
  it('fits the whole image in the middle', () => {
    expect(views.fitBox([0, 0, 200, 100], screen)).toEqual({ scale: 4, x: 0, y: 100 })
  })

  it('keeps the point under the pointer while zooming, unless the image would leave', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), fc.integer({ min: 300, max: 500 }), (factor, x) => {
        const view = { scale: 4, x: 0, y: 100 }
        const about: Point = [x, 300]
        const zoomed = views.zoomAbout(view, factor, about, image, screen)
        const [before, after] = [views.toImage(view, about), views.toImage(zoomed, about)]
        expect(after[0]).toBeCloseTo(before[0], 6)
        expect(after[1]).toBeCloseTo(before[1], 6)
      }),
    )
  })

  it('never loses the image and never leaves its limits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer(), fc.integer(), fc.double({ min: 0.01, max: 100, noNaN: true }))),
        (steps) => {
          let view = views.fitBox([0, 0, 200, 100], screen)
          for (const [dx, dy, factor] of steps) {
            view = views.panView(view, dx, dy, image, screen)
            view = views.zoomAbout(view, factor, [400, 300], image, screen)
            expect(views.isOnScreen(view, [0, 0, 200, 100], screen)).toBe(true)
            expect(view.scale).toBeGreaterThanOrEqual(views.minScale(image, screen))
            expect(view.scale).toBeLessThanOrEqual(views.maxScale)
          }
        },
      ),
    )
  })

  it('reveals a box with the least move', () => {
    const view = { scale: 10, x: 0, y: 0 }
    expect(views.revealBox(view, [10, 10, 20, 20], image, screen)).toEqual(view)
    expect(views.revealBox(view, [90, 10, 100, 20], image, screen).x).toBe(800 - 24 - 1000)
  })
})

describe('hit test', () => {
  const at = (id: number, shape: Shape, z = 0) => ({ id, shape, z })
  const find = (items: ReturnType<typeof at>[], point: Point, tolerance = 2) => {
    const index = new HitIndex()
    index.load(items.flatMap(({ id, shape }) => (shapeBox(shape) ? [[id, shapeBox(shape)!] as const] : [])))
    return hitTest(index, (id) => items.find((item) => item.id === id), point, tolerance).map(({ id }) => id)
  }

  it('agrees with trying every box', () => {
    const boxes = fc.array(
      fc.tuple(fc.nat(100), fc.nat(100), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 })),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(boxes, fc.nat(130), fc.nat(130), (list, x, y) => {
        const items = list.map(([left, top, w, h], i) => at(i, { kind: 'box', box: [left, top, left + w, top + h] }))
        const expected = items.filter(({ shape }) => {
          const [x1, y1, x2, y2] = shapeBox(shape)!
          return x >= x1 - 2 && x <= x2 + 2 && y >= y1 - 2 && y <= y2 + 2
        })
        expect(find(items, [x, y]).sort()).toEqual(expected.map(({ id }) => id).sort())
      }),
    )
  })

  it('sees through holes and around turned boxes', () => {
    const ring = (x1: number, y1: number, x2: number, y2: number): [number, number][] => [
      [x1, y1],
      [x2, y1],
      [x2, y2],
      [x1, y2],
    ]
    const holed = at(1, { kind: 'polygon', rings: [ring(0, 0, 90, 90), ring(30, 30, 60, 60)] })
    expect(find([holed], [10, 10])).toEqual([1])
    expect(find([holed], [45, 45])).toEqual([])
    expect(find([holed], [31, 45])).toEqual([1])
    const turned = at(2, { kind: 'rotated-box', rotatedBox: [50, 50, 60, 10, 45] })
    expect(find([turned], [65, 65])).toEqual([2])
    expect(find([turned], [65, 35])).toEqual([])
  })

  it('follows boxes that move and go', () => {
    const index = new HitIndex()
    index.set(1, [0, 0, 10, 10])
    index.set(1, [50, 50, 60, 60])
    expect(index.search([0, 0, 20, 20])).toEqual([])
    expect(index.search([55, 55, 56, 56])).toEqual([1])
    index.set(1, null)
    expect(index.size).toBe(0)
    expect(index.search([0, 0, 100, 100])).toEqual([])
  })
})

describe('handles and resizing', () => {
  const view = { scale: 2, x: 0, y: 0 }

  it('lie on corners and sides, and step outwards from small boxes', () => {
    const large = layoutHandles([10, 10, 60, 50], view)
    expect(large.find(({ id }) => id === 'se')!.at).toEqual([120, 100])
    expect(large.find(({ id }) => id === 'n')!.at).toEqual([70, 20])
    expect(large).toHaveLength(8)
    const small = layoutHandles([10, 10, 14, 14], view)
    expect(small).toHaveLength(4)
    expect(hitHandle(small, [24, 24])).toBeNull()
    expect(hitHandle(large, [123, 96])?.id).toBe('se')
  })

  it('point their cursors along the turn', () => {
    expect(handleCursor('e')).toBe('ew-resize')
    expect(handleCursor('nw')).toBe('nwse-resize')
    expect(handleCursor('e', 90)).toBe('ns-resize')
  })

  it('keeps the opposite corner of a turned box in place', () => {
    fc.assert(
      fc.property(fc.integer({ min: -180, max: 179 }), fc.integer({ min: 5, max: 60 }), (angle, dx) => {
        const start = [100, 50, 40, 20, angle] as const
        const corner = (box: readonly number[], sx: number, sy: number) =>
          rotatePoint([box[0] + (sx * box[2]) / 2, box[1] + (sy * box[3]) / 2], [box[0], box[1]], box[4])
        const to = rotatePoint([100 + 20 + dx, 50 + 10 + dx / 2], [100, 50], angle)
        const next = resizeRotatedBox(start, 'se', to)
        const [before, after] = [corner(start, -1, -1), corner(next, -1, -1)]
        expect(after[0]).toBeCloseTo(before[0], 6)
        expect(after[1]).toBeCloseTo(before[1], 6)
        expect(next[2]).toBeCloseTo(40 + dx, 6)
      }),
    )
  })

  it('never leaves the image, however it is dragged', () => {
    const handle = fc.constantFrom('nw', 'ne', 'se', 'sw', 'n', 'e', 's', 'w' as const)
    const place = fc.integer({ min: -300, max: 500 })
    fc.assert(
      fc.property(handle, place, place, fc.boolean(), fc.boolean(), (id, x, y, square, fromCentre) => {
        const corner = id.length === 2
        const box = resizeBox([50, 20, 120, 70], id as 'nw', [x, y], { square: square && corner, fromCentre, image })
        expect(box[0]).toBeGreaterThanOrEqual(0)
        expect(box[1]).toBeGreaterThanOrEqual(0)
        expect(box[2]).toBeLessThanOrEqual(200)
        expect(box[3]).toBeLessThanOrEqual(100)
        if (square && corner) expect(box[2] - box[0]).toBeCloseTo(box[3] - box[1], 6)
      }),
    )
  })

  it('turns to a point, in steps when asked, and builds a turned box from a side', () => {
    expect(turnTo([0, 0, 10, 10, 0], [10, 0])[4]).toBe(90)
    expect(turnTo([0, 0, 10, 10, 0], [1, -10], 15)[4]).toBe(0)
    expect(rotatedBoxFromSide([0, 0], [10, 0], [4, -6])).toEqual([5, -3, 10, 6, 0])
  })

  it('lets a box that reaches out come back, not go further', () => {
    expect(clampMove([-10, 0, 20, 20], -5, 0, image)).toEqual([0, 0])
    expect(clampMove([-10, 0, 20, 20], 5, 0, image)).toEqual([5, 0])
    expect(clampMove([150, 0, 190, 20], 50, -3, image)).toEqual([10, 0])
  })
})

describe('masks', () => {
  it('encodes as COCO does, and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 35, maxLength: 35 }), (bytes) => {
        const pixels = bytes.map((byte) => byte & 1)
        const coco = encodeMask(pixels, 5, 7)
        const runs = { size: [5, 7] as [number, number], counts: [...(coco.counts as number[])] }
        const bitmap = bitmapFromRuns(runs)
        expect(bitmapArea(bitmap)).toBe(pixels.reduce((sum, pixel) => sum + pixel, 0))
        expect([...decodeMask(runsFromBitmap(bitmap, 5, 7))]).toEqual([...pixels])
      }),
    )
  })

  it('paints pixels whose centres the brush covers, and nothing outside the image', () => {
    const dot = paintSegment(emptyBitmap, [5, 5], [5, 5], 1, 1, image)
    expect(bitmapArea(dot)).toBe(4)
    const edge = paintSegment(emptyBitmap, [0, 0], [0, 0], 3, 1, image)
    const mask = decodeMask(runsFromBitmap(edge, 100, 200))
    expect(mask.reduce((sum, pixel) => sum + pixel, 0)).toBe(bitmapArea(edge))
    expect(bitmapArea(paintSegment(dot, [5, 5], [5, 5], 3, 0, image))).toBe(0)
  })

  it('fills rings with holes', () => {
    const square = (a: number, b: number): Point[] => [
      [a, a],
      [b, a],
      [b, b],
      [a, b],
    ]
    expect(bitmapArea(paintRings(emptyBitmap, [square(10, 30), square(15, 25)], 1, image))).toBe(300)
  })

  it('moves and mirrors on the pixel grid', () => {
    const bitmap = paintRings(emptyBitmap, [[[10, 10], [20, 10], [20, 14], [10, 14]]], 1, image) // prettier-ignore
    const shape: Shape = { kind: 'mask', mask: runsFromBitmap(bitmap, 100, 200) }
    expect(shapeBox(translateShape(shape, 5, -3))).toEqual([15, 7, 25, 11])
    expect(shapeBox(mirrorShape(shape))).toEqual([10, 10, 20, 14])
  })
})

describe('a mask that is stretched', () => {
  const square: Bitmap = { left: 10, top: 20, width: 2, height: 2, data: Uint8Array.of(1, 0, 1, 1) }
  const stretched = (from: Bitmap, to: [number, number, number, number]) =>
    scaleShape({ kind: 'mask', mask: runsFromBitmap(from, 100, 200) }, bitmapBox(from) as typeof to, to)
  const bitmapOf = (shape: Shape) => (shape.kind === 'mask' ? bitmapFromRuns(shape.mask) : emptyBitmap)

  it('fills the other box, pixel by pixel', () => {
    const { left, top, width, height, data } = bitmapOf(stretched(square, [10, 20, 14, 26]))
    expect([left, top, width, height]).toEqual([10, 20, 4, 6])
    expect([...data].join('')).toBe('110011001100111111111111')
  })

  it('comes back as it was, and is cut at the border of the image', () => {
    const wide = stretched(square, [8, 18, 16, 26])
    expect(scaleShape(wide, [8, 18, 16, 26], [10, 20, 12, 22])).toEqual({
      kind: 'mask',
      mask: runsFromBitmap(square, 100, 200),
    })
    expect(bitmapBox(bitmapOf(stretched(square, [196, 96, 204, 104])))).toEqual([196, 96, 200, 100])
  })

  it('keeps a pixel of what no centre meets', () => {
    const thin: Bitmap = { left: 0, top: 0, width: 4, height: 4, data: new Uint8Array(16).fill(0) }
    thin.data[0] = 1
    thin.data[15] = 1
    expect(bitmapArea(bitmapOf(stretched(thin, [0, 0, 1, 1])))).toBe(1)
  })
})

describe('polygons and poses', () => {
  it('drops repeated corners and shapes without area', () => {
    expect(tidyRing([[0, 0], [0, 0], [5, 0], [5, 5], [0, 0]])).toEqual([[0, 0], [5, 0], [5, 5]]) // prettier-ignore
    expect(tidyRing([[0, 0], [5, 0], [9, 0]])).toBeNull() // prettier-ignore
  })

  it('deletes corners: a hole goes with its third, an outline cannot', () => {
    const ring: [number, number][] = [[0, 0], [5, 0], [5, 5]] // prettier-ignore
    expect(deleteVertex([ring, ring], 1, 0)).toEqual([ring])
    expect(deleteVertex([ring], 0, 0)).toBeNull()
  })

  it('lays skeletons out inside the unit box, flip partners opposite each other', () => {
    const coco = ['nose', 'left_eye', 'right_eye', 'left_ankle', 'right_ankle']
    for (const skeleton of [
      face,
      { ...face, names: coco, flip: [0, 2, 1, 4, 3] },
      { ...face, names: ['a'], flip: [] },
    ]) {
      const template = templateOf(skeleton)
      expect(template).toHaveLength(skeleton.names.length)
      expect(template.flat().every((value) => value >= 0 && value <= 1)).toBe(true)
      skeleton.flip.forEach((partner, i) => {
        if (partner !== i) expect(template[i][0] + template[partner][0]).toBeCloseTo(1, 6)
      })
    }
    const box: Box = [10, 20, 50, 60]
    const pose = fitTemplate([[0, 0], [1, 0.5], [0.5, 1]], box) // prettier-ignore
    expect(shapeBox(pose)).toEqual(box)
    expect(templateFrom(pose)).toEqual([[0, 0], [1, 0.5], [0.5, 1]]) // prettier-ignore
    expect([0, 1, 2].map((i) => keypointSide(face, i))).toEqual([null, 'left', 'right'])
  })

  it('turns poses about their middle and back', () => {
    const shape: Shape = { kind: 'keypoints', keypoints: [[10, 10, 2], [0, 0, 0], [20, 30, 1]] } // prettier-ignore
    const turned = rotateShape(rotateShape(shape, [15, 20], 90), [15, 20], -90)
    if (turned.kind !== 'keypoints') throw new Error('no pose')
    turned.keypoints.forEach((point, i) => {
      expect(point[0]).toBeCloseTo(shape.keypoints[i][0], 9)
      expect(point[2]).toBe(shape.keypoints[i][2])
    })
  })
})

describe('drawing kernels', () => {
  it('chooses the coarsest level that is fine enough, and covers the view with tiles', () => {
    expect([2, 1, 0.6, 0.5, 0.26, 0.25, 0.001].map((scale) => levelFor(scale, 1, 5))).toEqual([0, 0, 0, 1, 1, 2, 4])
    const large = { width: 5000, height: 3000 }
    expect(tilesIn([600, 0, 1500, 400], 0, 512, large)).toMatchObject({ column1: 1, row1: 0, column2: 3, row2: 1 })
    expect(tileBox(1, 4, 2, 512, large)).toEqual([4096, 2048, 5000, 3000])
    expect(tilesIn([-1e6, -1e6, 1e6, 1e6], 3, 512, large)).toMatchObject({ column1: 0, row1: 0, column2: 2, row2: 1 })
  })

  it('outlines boxes as pixels, clipped', () => {
    const pixels = { width: 8, height: 6, words: new Uint32Array(48) }
    outlineBox(pixels, 1, 1, 5, 5, 1, 9)
    const rows = () => Array.from({ length: 6 }, (_, y) => [...pixels.words.subarray(y * 8, y * 8 + 8)].join(''))
    expect(rows()).toEqual(['00000000', '09999000', '09009000', '09009000', '09999000', '00000000'])
    pixels.words.fill(0)
    outlineBox(pixels, -3, -3, 20, 3, 1, 7)
    expect(rows()).toEqual(['00000000', '00000000', '77777777', '00000000', '00000000', '00000000'])
    pixels.words.fill(0)
    outlineBox(pixels, 2, 2, 2, 2, 1, 5)
    expect(pixels.words.reduce((sum, word) => sum + word, 0)).toBe(5)
  })

  it('maps channels: nothing to do, brighter, flat, stretched', () => {
    expect(channelMaps(0, 0, null)).toBeNull()
    expect(channelMaps(100, 0, null)![0]).toEqual({ slope: 1, intercept: 0.5 })
    expect(channelMaps(0, -100, null)![1]).toEqual({ slope: 0, intercept: 0.5 })
    const pixels = Uint8ClampedArray.from({ length: 400 }, (_, i) => (i % 4 === 0 ? (i < 200 ? 51 : 102) : 128))
    const [red, green] = channelMaps(0, 0, pixels)!
    expect(red.slope * (51 / 255) + red.intercept).toBeCloseTo(0, 6)
    expect(red.slope * (102 / 255) + red.intercept).toBeCloseTo(1, 6)
    // One value only: there is nothing to stretch.
    expect(green).toEqual({ slope: 1, intercept: 0 })
  })
})
