/** KAPAO: its loss against formulas and central differences, and the fusion of poses with points as objects. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { kapaoLoss, withPointObjects } from '@shared/catalog/losses/kapao'
import { yoloxLoss } from '@shared/catalog/losses/yolox'
import { models } from '@shared/catalog/models'
import { type KapaoHead, decodeKapao } from '@shared/catalog/models/kapao/head'
import { makeCells } from '@shared/catalog/models/yolox/head'
import { Graph, size, verify } from '@shared/engine/graph'
import { Nn } from '@shared/engine/nn'
import { compareGradients } from '../../helpers/compare-gradients'
import { interpret } from '../../helpers/reference'
import { assignPlainly } from '../../helpers/simota-reference'

const SIDE = 64
const counts = [3, 2]
const K = 3
const P = 5
const logistic = (x: number) => 1 / (1 + Math.exp(-x))
/** The last object is a box without points; the second label has two points. */
const truths = [
  [
    { label: 1, cx: 20, cy: 24, w: 30, h: 18, points: [[12, 20, 1], [30, 28, 1], [0, 0, 0]] },
    { label: 0, cx: 45, cy: 40, w: 26, h: 40, points: [[40, 30, 1], [0, 0, 0], [45, 58, 1]] },
  ],
  [{ label: 0, cx: 33, cy: 30, w: 50, h: 44, points: [[0, 0, 0], [0, 0, 0], [0, 0, 0]] }],
] // prettier-ignore

function headOf(graph: Graph, batch: number): KapaoHead {
  const cells = makeCells(graph, [8, 16, 32].map((s) => [SIDE / s, SIDE / s] as const)) // prettier-ignore
  return {
    box: graph.input('box', [batch, 4, cells.count]),
    objectness: graph.input('objectness', [batch, 1, cells.count]),
    classes: graph.input('classes', [batch, counts.length + P, cells.count]),
    points: graph.input('points', [batch, K, 2, cells.count]),
    cells,
    sigmas: [],
    counts,
    side: SIDE,
  }
}

/** Objects and their labelled points, as the loss should see them. */
const objectsOf = (list: (typeof truths)[number]) => [
  ...list.map(({ label, cx, cy, w, h }) => ({ label, cx, cy, w, h })),
  ...[0, 1, 2].flatMap((k) =>
    list.flatMap(({ label, points: of }) => {
      const [x, y, v] = of[k]
      const side = Math.fround(0.05 * SIDE)
      return v ? [{ label: 2 + (label === 1 ? 3 : 0) + k, cx: x, cy: y, w: side, h: side }] : []
    }),
  ),
]

describe('The loss of KAPAO', () => {
  const graph = new Graph()
  const head = headOf(graph, 2)
  const targets = graph.input('targets', [2, 3, 5 + 3 * K])
  const { total, metrics } = kapaoLoss(head, targets, graph.input('useL1', []), { iou: 'iou', keypoints: 2.5 })
  const random = rng('kapao loss')
  const draws = (shape: readonly number[]) => Array.from({ length: size(shape) }, () => random.normal())
  const feeds: Record<string, number[]> = {
    box: draws(head.box.shape),
    objectness: draws(head.objectness.shape),
    classes: draws(head.classes.shape),
    points: draws(head.points.shape),
    targets: truths.flatMap((list) =>
      [0, 1, 2].flatMap((m) => {
        const one = list[m]
        return one ? [one.label, one.cx, one.cy, one.w, one.h, ...one.points.flat()] : Array<number>(14).fill(0)
      }),
    ),
    useL1: [1],
  }

  it('has the gradient of central differences while the assignment is held', () => {
    const inputs = [head.box, head.objectness, head.classes, head.points]
    compareGradients(total, inputs, feeds, 1e-6, { samples: 24, holdStopped: true })
  })

  it('sees points as small objects of classes of their own', () => {
    const [rows] = interpret([withPointObjects(head, targets)], feeds)
    expect(rows.shape).toEqual([2, 12, 5])
    truths.forEach((list, n) => {
      const real = Array.from({ length: 12 }, (_, i) => [...rows.data.slice((n * 12 + i) * 5, (n * 12 + i + 1) * 5)]).filter(([, , , w]) => w > 0) // prettier-ignore
      expect(real).toEqual(objectsOf(list).map(({ label, cx, cy, w, h }) => [label, cx, cy, w, h]))
    })
  })

  it('has the value of the formulas', () => {
    const cells = interpret([head.cells.x, head.cells.y, head.cells.stride], {}).map((t) => [...t.data])
    const count = cells[0].length
    let [distance, visible] = [0, 0]
    truths.forEach((list, n) => {
      const column = (name: string, channels: number, a: number) =>
        Array.from({ length: channels }, (_, c) => feeds[name][(n * channels + c) * count + a])
      const each = <T>(f: (a: number) => T) => Array.from({ length: count }, (_, a) => f(a))
      const matches = assignPlainly(
        {
          box: each((a) => column('box', 4, a)),
          objectness: each((a) => column('objectness', 1, a)[0]),
          classes: each((a) => column('classes', 2 + P, a)),
          cells: each((a) => ({ x: cells[0][a], y: cells[1][a], stride: cells[2][a] })),
        },
        objectsOf(list),
      )
      matches.forEach((match, a) => {
        if (!match || match.truth >= list.length) return
        const raw = column('points', 2 * K, a)
        const [x, y, s] = cells.map((c) => c[a])
        list[match.truth].points.forEach(([px, py, v], k) => {
          if (!v) return
          const [tx, ty] = [0, 1].map((i) => 8 * (4 * logistic(raw[2 * k + i]) - 2) + 0.5)
          distance += Math.hypot((tx + x) * s - px, (ty + y) * s - py) / s
          visible++
        })
      })
    })
    expect(visible).toBeGreaterThan(3)
    const number = (name: string) => interpret([metrics[name]], feeds)[0].data[0]
    expect(number('loss_kp')).toBeCloseTo((2.5 * distance) / visible, 6)
    // The rest is the detector's loss of the same objects.
    const other = new Graph()
    const plain = headOf(other, 2)
    const rows = interpret([withPointObjects(head, targets)], feeds)[0]
    const detector = yoloxLoss(plain, other.input('rows', rows.shape), other.input('useL1', []), { iou: 'iou' })
    const [{ data }] = interpret([detector.total], { ...feeds, rows: [...rows.data] })
    expect(number('loss')).toBeCloseTo(number('loss_kp') + data[0], 6)
  })
})

describe('The fusion of KAPAO', () => {
  const graph = new Graph()
  const head = headOf(graph, 1)
  const output = decodeKapao(head)
  const [xs, ys, strides] = interpret([head.cells.x, head.cells.y, head.cells.stride], {}).map((t) => [...t.data])
  const count = xs.length
  const logit = (p: number) => Math.log(p / (1 - p))

  /** Objects as the head tells them, one in a cell; all other cells are certain of nothing. */
  function told(objects: { cell: number; cls: number; score: number; x?: number; y?: number; side?: number; points?: number[][] }[]) {
    const feeds: Record<string, number[]> = {
      box: Array<number>(4 * count).fill(0),
      objectness: Array<number>(count).fill(-20),
      classes: Array<number>((2 + P) * count).fill(-20),
      points: Array<number>(2 * K * count).fill(0),
    }
    for (const { cell: a, cls, score, x = 32, y = 32, side = 3.2, points = [] } of objects) {
      feeds.box[a] = x / strides[a] - xs[a]
      feeds.box[count + a] = y / strides[a] - ys[a]
      feeds.box[2 * count + a] = feeds.box[3 * count + a] = Math.log(side / strides[a])
      feeds.objectness[a] = 30
      feeds.classes[cls * count + a] = logit(score)
      points.forEach((at, k) =>
        at.forEach((v, i) => {
          const offset = (v / strides[a] - (i === 0 ? xs : ys)[a] - 0.5) / 8
          feeds.points[(2 * k + i) * count + a] = logit((offset + 2) / 4)
        }),
      )
    }
    const [{ data, shape }] = interpret([output], feeds)
    const width = shape[2]
    return objects.map(({ cell }) => [...data.slice(cell * width, (cell + 1) * width)])
  } // prettier-ignore
  const pointsOf = (row: number[]) =>
    [0, 1, 2].map((k) => row.slice(7 + 3 * k, 10 + 3 * k).map((v) => Number(v.toFixed(3))))
  const pose = { cell: 70, cls: 0, score: 0.9, side: 40, points: [[20, 20], [40, 20], [30, 44]] } // prettier-ignore

  it('takes the nearest point object within reach, and tells its score', () => {
    // 50 px of 1280 are 2.5 px here.
    const [row] = told([
      pose,
      { cell: 3, cls: 2, score: 0.8, x: 21, y: 20 },
      { cell: 30, cls: 2, score: 0.95, x: 22.4, y: 20, side: 0.5 },
      { cell: 9, cls: 3, score: 0.7, x: 43, y: 20 },
    ])
    expect(row.slice(0, 4).map((v) => Number(v.toFixed(3)))).toEqual([32, 32, 40, 40])
    expect(row[4] * row[5]).toBeCloseTo(0.9, 6)
    expect(pointsOf(row)).toEqual([
      [21, 20, 0.8],
      [40, 20, 0.9],
      [30, 44, 0.9],
    ])
  })

  it('suppresses point objects that overlap a better one, and heeds no doubtful ones', () => {
    const [row] = told([
      pose,
      { cell: 3, cls: 2, score: 0.8, x: 21, y: 20 },
      { cell: 30, cls: 2, score: 0.95, x: 21.5, y: 20 },
      { cell: 9, cls: 3, score: 0.19, x: 40.5, y: 20 },
      { cell: 12, cls: 4, score: 0.5, x: 30, y: 45 },
    ])
    expect(pointsOf(row)).toEqual([
      [21.5, 20, 0.95],
      [40, 20, 0.9],
      [30, 45, 0.5],
    ])
  })

  it('lets one that was suppressed by a suppressed one stay', () => {
    // 0.3 and 0.9 overlap 0.6 each, not each other.
    const side = 3.2
    const [row] = told([
      pose,
      { cell: 3, cls: 2, score: 0.9, x: 24, y: 20, side },
      { cell: 30, cls: 2, score: 0.8, x: 22.2, y: 20, side },
      { cell: 9, cls: 2, score: 0.7, x: 20.4, y: 20, side },
    ])
    expect(pointsOf(row)[0]).toEqual([20.4, 20, 0.7])
  })

  it('leaves poses of low scores as they are, and looks at points of their own label alone', () => {
    const near = { cell: 3, cls: 2, score: 0.8, x: 21, y: 20 }
    expect(pointsOf(told([{ ...pose, score: 0.29 }, near])[0])[0]).toEqual([20, 20, 0.29])
    expect(pointsOf(told([{ ...pose, cls: 1 }, near])[0])[0]).toEqual([20, 20, 0.9])
    expect(
      pointsOf(
        told([
          { ...pose, cls: 1 },
          { ...near, cls: 5 },
        ])[0],
      )[0],
    ).toEqual([21, 20, 0.8])
  })
})

describe.each(['kapao-nano', 'yolox-pose-nano', 'yolov7-pose-nano'])('%s', (id) => {
  it('gives boxes with points', () => {
    const model = models.get(id)
    const graph = new Graph()
    const params = { points: 4, sigmas: [[0.1, 0.1, 0.1, 0.1], [0.1, 0.1]] }
    const size = [64, 128]
    const head = model.build(new Nn(graph, false), graph.input('images', [2, 3, ...size]), { classes: 2, params })
    const cells = [8, 16, 32, ...(model.stride === 64 ? [64] : [])].reduce((n, s) => n + (64 / s) * (128 / s), 0)
    expect(model.output(head).shape).toEqual([2, cells, 5 + 2 + 3 * 4])
    verify(graph)
    if (id === 'kapao-nano') expect(head).toMatchObject({ counts: [4, 2], side: 128 })
  }) // prettier-ignore
})
