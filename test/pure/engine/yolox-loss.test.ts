/** The YOLOX loss: its gradient with the assignment held fixed, and its value against the formulas in plain loops. */
import { describe, expect, it } from 'vitest'
import { rng } from '@shared/base/rng'
import { yoloxLoss } from '@shared/catalog/losses/yolox'
import { makeCells } from '@shared/catalog/models/yolox/head'
import { Graph, size } from '@shared/engine/graph'
import { compareGradients } from '../../helpers/compare-gradients'
import { interpret } from '../../helpers/reference'
import { assignPlainly } from '../../helpers/simota-reference'

const SIDE = 64
const CLASSES = 3
const strides = [8, 16, 32]
const truths = [
  [
    { label: 2, cx: 20, cy: 24, w: 30, h: 18 },
    { label: 0, cx: 45, cy: 40, w: 26, h: 40 },
  ],
  [{ label: 1, cx: 33, cy: 30, w: 50, h: 44 }],
]

function setUp(mode: 'iou' | 'giou', useL1: number) {
  const graph = new Graph()
  const sides = strides.map((s) => [SIDE / s, SIDE / s] as const)
  const cells = makeCells(graph, sides)
  const input = (name: string, c: number) => graph.input(name, [2, c, cells.count])
  const head = { box: input('box', 4), objectness: input('objectness', 1), classes: input('classes', CLASSES), cells }
  const { total, metrics } = yoloxLoss(head, graph.input('targets', [2, 3, 5]), graph.input('useL1', []), { iou: mode })
  const random = rng('yolox loss', mode)
  const draws = (shape: readonly number[]) => Array.from({ length: size(shape) }, () => random.normal())
  const feeds: Record<string, number[]> = {
    box: draws(head.box.shape),
    objectness: draws(head.objectness.shape),
    classes: draws(head.classes.shape),
    targets: truths.flatMap((list) =>
      [0, 1, 2].flatMap((m) =>
        list[m] ? [list[m].label, list[m].cx, list[m].cy, list[m].w, list[m].h] : [0, 0, 0, 0, 0],
      ),
    ),
    useL1: [useL1],
  }
  return { head, total, metrics, feeds, cells: interpret([cells.x, cells.y, cells.stride], {}).map((t) => [...t.data]) }
}

describe.each([
  ['iou', 0],
  ['iou', 1],
  ['giou', 1],
] as const)('The YOLOX loss, %s, L1 %i', (mode, useL1) => {
  const at = setUp(mode, useL1)

  it('has the gradient of central differences while the assignment is held', () => {
    const { head, total, feeds } = at
    compareGradients(total, [head.box, head.objectness, head.classes], feeds, 1e-6, { samples: 90, holdStopped: true })
  })

  it('has the value of the formulas', () => {
    const { metrics, feeds, cells } = at
    const count = cells[0].length
    const logistic = (x: number) => 1 / (1 + Math.exp(-x))
    const bce = (x: number, t: number) => -(t * Math.log(logistic(x)) + (1 - t) * Math.log(1 - logistic(x)))
    const sums = { box: 0, obj: 0, cls: 0, l1: 0, positives: 0 }
    truths.forEach((list, n) => {
      const column = (name: string, channels: number, a: number) =>
        Array.from({ length: channels }, (_, c) => feeds[name][(n * channels + c) * count + a])
      const each = <T>(f: (a: number) => T) => Array.from({ length: count }, (_, a) => f(a))
      const box = each((a) => column('box', 4, a))
      const objectness = each((a) => column('objectness', 1, a)[0])
      const classes = each((a) => column('classes', CLASSES, a))
      const matches = assignPlainly(
        { box, objectness, classes, cells: each((a) => ({ x: cells[0][a], y: cells[1][a], stride: cells[2][a] })) },
        list,
      )
      matches.forEach((match, a) => {
        sums.obj += bce(objectness[a], match ? 1 : 0)
        if (!match) return
        sums.positives++
        const t = list[match.truth]
        const [x, y, s] = cells.map((v) => v[a])
        const [px, py, pw, ph] = [
          (box[a][0] + x) * s,
          (box[a][1] + y) * s,
          Math.exp(box[a][2]) * s,
          Math.exp(box[a][3]) * s,
        ]
        const hull =
          (Math.max(px + pw / 2, t.cx + t.w / 2) - Math.min(px - pw / 2, t.cx - t.w / 2)) *
          (Math.max(py + ph / 2, t.cy + t.h / 2) - Math.min(py - ph / 2, t.cy - t.h / 2))
        const inner = match.iou * (pw * ph + t.w * t.h)
        const shared = inner / (1 + match.iou)
        const union = pw * ph + t.w * t.h - shared
        sums.box += mode === 'iou' ? 1 - match.iou ** 2 : 1 - (match.iou - (hull - union) / hull)
        classes[a].forEach((logit, c) => (sums.cls += bce(logit, c === t.label ? match.iou : 0)))
        const wanted = [t.cx / s - x, t.cy / s - y, Math.log(t.w / s + 1e-8), Math.log(t.h / s + 1e-8)]
        wanted.forEach((v, i) => (sums.l1 += Math.abs(box[a][i] - v)))
      })
    })
    const names = ['loss_box', 'loss_obj', 'loss_cls', 'loss_l1', 'positives', 'loss']
    const got = interpret(
      names.map((n) => metrics[n]),
      feeds,
    ).map((t) => t.data[0])
    const parts = [5 * sums.box, sums.obj, sums.cls, useL1 * sums.l1].map((v) => v / sums.positives)
    const want = [...parts, sums.positives / 3, parts.reduce((a, b) => a + b)]
    want.forEach((v, i) => expect(Math.abs(got[i] - v) / Math.max(1, v), names[i]).toBeLessThan(1e-6))
  })
})
