/** The loss of poses: its gradient with the assignment held, and its points' part against the formulas in plain loops. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { yoloxPoseLoss } from '@shared/catalog/losses/yolox-pose'
import { makeCells } from '@shared/catalog/models/yolox/head'
import { Graph, size } from '@shared/engine/graph'
import { compareGradients } from '../../helpers/compare-gradients'
import { interpret } from '../../helpers/reference'
import { assignPlainly } from '../../helpers/simota-reference'

const SIDE = 64
const POINTS = 3
const strides = [8, 16, 32]
const sigmas = [
  [0.1, 0.05, 0.2],
  [0.07, 0.3, 0.15],
]
/** Points are x, y, v. The last object is a box without points. */
const truths = [
  [
    { label: 1, cx: 20, cy: 24, w: 30, h: 18, points: [[12, 20, 1], [0, 0, 0], [30, 28, 1]] },
    { label: 0, cx: 45, cy: 40, w: 26, h: 40, points: [[40, 30, 1], [50, 44, 1], [45, 58, 1]] },
  ],
  [{ label: 0, cx: 33, cy: 30, w: 50, h: 44, points: [[0, 0, 0], [0, 0, 0], [0, 0, 0]] }],
] // prettier-ignore

function setUp(oks: 'coco' | 'yolo-pose') {
  const graph = new Graph()
  const sides = strides.map((s) => [SIDE / s, SIDE / s] as const)
  const cells = makeCells(graph, sides)
  const head = {
    box: graph.input('box', [2, 4, cells.count]),
    objectness: graph.input('objectness', [2, 1, cells.count]),
    classes: graph.input('classes', [2, 2, cells.count]),
    points: graph.input('points', [2, POINTS, 3, cells.count]),
    cells,
    sigmas,
  }
  const width = 5 + 3 * POINTS
  const targets = graph.input('targets', [2, 3, width])
  const options = { iou: 'iou' as const, oks, points: 10, pointL1: 5, visibility: 1 }
  const { total, metrics } = yoloxPoseLoss(head, targets, graph.input('useL1', []), options)
  const random = rng('pose loss', oks)
  const draws = (shape: readonly number[]) => Array.from({ length: size(shape) }, () => random.normal())
  const feeds: Record<string, number[]> = {
    box: draws(head.box.shape),
    objectness: draws(head.objectness.shape),
    classes: draws(head.classes.shape),
    points: draws(head.points.shape),
    targets: truths.flatMap((list) =>
      [0, 1, 2].flatMap((m) => {
        const one = list[m]
        return one ? [one.label, one.cx, one.cy, one.w, one.h, ...one.points.flat()] : Array<number>(width).fill(0)
      }),
    ),
    useL1: [1],
  }
  return { head, total, metrics, feeds, cells: interpret([cells.x, cells.y, cells.stride], {}).map((t) => [...t.data]) }
}

describe.each(['coco', 'yolo-pose'] as const)('The loss of poses, %s', (oks) => {
  const at = setUp(oks)

  it('has the gradient of central differences while the assignment is held', () => {
    const { head, total, feeds } = at
    const inputs = [head.box, head.objectness, head.classes, head.points]
    compareGradients(total, inputs, feeds, 1e-6, { samples: 90, holdStopped: true })
  })

  it('has the value of the formulas', () => {
    const { metrics, feeds, cells } = at
    const count = cells[0].length
    const logistic = (x: number) => 1 / (1 + Math.exp(-x))
    const sums = { apart: 0, objects: 0, all: 0, labelled: 0, distance: 0, visibility: 0, positives: 0 }
    truths.forEach((list, n) => {
      const column = (name: string, channels: number, a: number) =>
        Array.from({ length: channels }, (_, c) => feeds[name][(n * channels + c) * count + a])
      const each = <T>(f: (a: number) => T) => Array.from({ length: count }, (_, a) => f(a))
      const matches = assignPlainly(
        {
          box: each((a) => column('box', 4, a)),
          objectness: each((a) => column('objectness', 1, a)[0]),
          classes: each((a) => column('classes', 2, a)),
          cells: each((a) => ({ x: cells[0][a], y: cells[1][a], stride: cells[2][a] })),
        },
        list,
      )
      matches.forEach((match, a) => {
        if (!match) return
        sums.positives++
        const { label, w, h, points } = list[match.truth]
        const raw = column('points', 3 * POINTS, a)
        const labelled = points.filter(([, , v]) => v > 0).length
        if (labelled === 0) return
        sums.objects++
        let apart = 0
        points.forEach(([px, py, v], k) => {
          const t = raw[3 * k + 2]
          sums.visibility -= v * Math.log(logistic(t)) + (1 - v) * Math.log(1 - logistic(t))
          if (v === 0) return
          const [x, y, s] = cells.map((c) => c[a])
          const [dx, dy] = [(2 * raw[3 * k] + x + 0.5) * s - px, (2 * raw[3 * k + 1] + y + 0.5) * s - py]
          const e = (dx * dx + dy * dy) / (w * h * (2 * sigmas[label][k]) ** 2)
          apart += 1 - Math.exp(-(oks === 'coco' ? e / 2 : e))
          sums.distance += (Math.abs(dx) + Math.abs(dy)) / (2 * Math.sqrt(w * h))
          sums.labelled++
        })
        sums.apart += apart / labelled
        sums.all += apart
      })
    })
    expect(sums.labelled).toBeGreaterThan(3)
    const number = (name: string) => interpret([metrics[name]], feeds)[0].data[0]
    const similarity = oks === 'coco' ? sums.apart / sums.objects : sums.all / sums.labelled
    expect(number('loss_pts')).toBeCloseTo(10 * similarity, 6)
    expect(number('loss_dist')).toBeCloseTo((5 * sums.distance) / sums.labelled, 6)
    expect(number('loss_vis')).toBeCloseTo(sums.visibility / POINTS / sums.positives, 6)
    const parts = ['loss_box', 'loss_obj', 'loss_cls', 'loss_l1', 'loss_pts', 'loss_dist', 'loss_vis']
    expect(number('loss')).toBeCloseTo(
      parts.reduce((sum, name) => sum + number(name), 0),
      6,
    )
  })
})
