/** SimOTA in the graph against plain loops, in float64, over random scenes. */
import { describe, expect, it } from 'vitest'
import { type Rng, rng } from '@shared/base/rng'
import { assignSimOta } from '@shared/catalog/assigners/simota'
import { makeCells } from '@shared/catalog/models/yolox/head'
import { Graph, size } from '@shared/engine/graph'
import { equal, greater, mask, mul, slice } from '@shared/engine/ops'
import { interpret } from '../../helpers/reference'
import { type PlainTruth, assignPlainly } from '../../helpers/simota-reference'

const SIDE = 64
const CLASSES = 4
const strides = [8, 16, 32]

interface Scene {
  title: string
  /** Ground truths per image. */
  truths: (random: Rng) => PlainTruth[][]
}
const one = (random: Rng, low = 6, high = 60): PlainTruth => ({
  label: random.int(0, CLASSES - 1),
  cx: random.uniform(2, SIDE - 2),
  cy: random.uniform(2, SIDE - 2),
  w: random.uniform(low, high),
  h: random.uniform(low, high),
})
const many = (random: Rng, count: number, low?: number, high?: number) =>
  Array.from({ length: count }, () => one(random, low, high))

const scenes: Scene[] = [
  { title: 'one object', truths: (r) => [many(r, 1), many(r, 1)] },
  { title: 'several objects', truths: (r) => [many(r, 3), many(r, 5)] },
  { title: 'a crowd', truths: (r) => [many(r, 24, 10, 40), many(r, 12, 30, 60)] },
  { title: 'an empty image beside a full one', truths: (r) => [[], many(r, 4)] },
  { title: 'only empty images', truths: () => [[], []] },
  {
    title: 'the same object twice',
    truths: (r) => {
      const a = one(r)
      return [
        [a, { ...a }, one(r)],
        [one(r), a, { ...a }, { ...a }],
      ]
    },
  },
  {
    title: 'objects of one place and different sizes',
    truths: (r) => {
      const a = one(r, 20, 30)
      return [[a, { ...a, w: a.w * 1.5 }, { ...a, h: a.h / 2, label: (a.label + 1) % CLASSES }], [a]]
    },
  },
  {
    title: 'objects at the border and in the corners',
    truths: (r) => [
      [
        { ...one(r), cx: 0, cy: 0 },
        { ...one(r), cx: SIDE, cy: SIDE / 2 },
      ],
      [
        { ...one(r), cx: 1, cy: SIDE - 1 },
        { ...one(r), cx: SIDE - 4, cy: SIDE, w: 64, h: 64 },
      ],
    ],
  },
  {
    title: 'an object whose centre is outside',
    truths: (r) => [[{ ...one(r), cx: -30, cy: 20, w: 90 }, one(r)], [one(r)]],
  },
  {
    title: 'centres exactly 1.5 strides from cell centres',
    truths: (r) => [
      [{ ...one(r), cx: 16, cy: 24 }],
      [
        { ...one(r), cx: 32, cy: 32 },
        { ...one(r), cx: 8, cy: 40 },
      ],
    ],
  },
  { title: 'tiny objects', truths: (r) => [many(r, 6, 1, 3), many(r, 2, 1, 2)] },
]

function build(batch: number, rows: number) {
  const graph = new Graph()
  const cells = makeCells(
    graph,
    strides.map((s) => [SIDE / s, SIDE / s] as const),
  )
  const input = (name: string, c: number) => graph.input(name, [batch, c, cells.count])
  const head = { box: input('box', 4), objectness: input('objectness', 1), classes: input('classes', CLASSES), cells }
  const targets = graph.input('targets', [batch, rows, 5])
  const range = graph.constant(
    Array.from({ length: CLASSES }, (_, i) => i),
    [1, 1, CLASSES],
  )
  const real = mask(greater(mul(slice(targets, 2, 3, 4), slice(targets, 2, 4, 5)), 0))
  const oneHot = mul(mask(equal(slice(targets, 2, 0, 1), range)), real)
  const { positive, box, classes } = assignSimOta(head, targets, oneHot)
  return { wanted: [positive, box, classes], head }
}

describe.each(scenes)('$title', ({ title, truths }) => {
  it.each([1, 2, 3])('is assigned as by hand, draw %i', (draw) => {
    const random = rng('simota', title, draw)
    const images = truths(random)
    const batch = images.length
    const padding = draw % 3
    const rows = Math.max(1, ...images.map((t) => t.length)) + padding
    const { wanted, head } = build(batch, rows)
    const count = head.cells.count
    // From wild guesses to predictions that are nearly right.
    const spread = [2, 0.5, 1][padding]
    const draws = (shape: readonly number[], s: number) =>
      Array.from({ length: size(shape) }, () => random.normal() * s)
    const feeds: Record<string, number[]> = {
      box: draws(head.box.shape, spread),
      objectness: draws(head.objectness.shape, 2),
      classes: draws(head.classes.shape, 2),
      targets: images.flatMap((t) =>
        Array.from({ length: rows }, (_, m) =>
          t[m] ? [t[m].label, t[m].cx, t[m].cy, t[m].w, t[m].h] : [0, 0, 0, 0, 0],
        ).flat(),
      ),
    }
    const cells = interpret([head.cells.x, head.cells.y, head.cells.stride], {}).map((t) => [...t.data])
    if (padding === 1) aim(feeds, images, cells, count)
    const [positive, box, classes] = interpret(wanted, feeds).map((t) => t.data)
    const column = (name: string, channels: number, n: number, a: number) =>
      Array.from({ length: channels }, (_, c) => feeds[name][(n * channels + c) * count + a])
    let positives = 0
    images.forEach((list, n) => {
      const each = <T>(f: (a: number) => T) => Array.from({ length: count }, (_, a) => f(a))
      const expected = assignPlainly(
        {
          box: each((a) => column('box', 4, n, a)),
          objectness: each((a) => column('objectness', 1, n, a)[0]),
          classes: each((a) => column('classes', CLASSES, n, a)),
          cells: each((a) => ({ x: cells[0][a], y: cells[1][a], stride: cells[2][a] })),
        },
        list,
      )
      // Collected first: thousands of assertions would take longer than the work.
      const wrong: string[] = []
      expected.forEach((match, a) => {
        const truth = match && list[match.truth]
        const want = truth ? [truth.cx, truth.cy, truth.w, truth.h] : [0, 0, 0, 0]
        const same = (got: number, wanted: number) => Math.abs(got - wanted) < 1e-6
        if (positive[n * count + a] !== (match ? 1 : 0)) wrong.push(`cell ${a} is ${match ? 'not ' : ''}positive`)
        if (!want.every((v, i) => same(box[(n * 4 + i) * count + a], v))) wrong.push(`cell ${a}: box`)
        for (let c = 0; c < CLASSES; c++)
          if (!same(classes[(n * CLASSES + c) * count + a], truth?.label === c ? match!.iou : 0))
            wrong.push(`cell ${a}: class ${c}`)
        if (match) positives++
      })
      expect(wrong, `image ${n}`).toEqual([])
    })
    expect(positives > 0).toBe(images.some((list) => list.some((t) => t.cx > -12)))
  })
})

/** Makes the cells near each object predict about its box, so that sums of IoUs and thus k become large. */
function aim(feeds: Record<string, number[]>, images: PlainTruth[][], cells: number[][], count: number): void {
  images.forEach((list, n) => {
    for (let a = 0; a < count; a++) {
      const [x, y, s] = cells.map((v) => v[a])
      const near = list.find((t) => Math.abs((x + 0.5) * s - t.cx) < 2 * s && Math.abs((y + 0.5) * s - t.cy) < 2 * s)
      if (!near) continue
      const at = (i: number) => (n * 4 + i) * count + a
      feeds.box[at(0)] = near.cx / s - x + feeds.box[at(0)] * 0.1
      feeds.box[at(1)] = near.cy / s - y + feeds.box[at(1)] * 0.1
      feeds.box[at(2)] = Math.log(near.w / s) + feeds.box[at(2)] * 0.1
      feeds.box[at(3)] = Math.log(near.h / s) + feeds.box[at(3)] * 0.1
    }
  })
}
