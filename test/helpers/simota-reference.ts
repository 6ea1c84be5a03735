/**
 * SimOTA written out image by image in plain loops, as the YOLOX article and its code describe it: candidates are cells
 * whose centre lies strictly within 1.5 strides of a ground truth's centre, the dynamic k is the whole part of the sum of
 * the ten best IoUs, each ground truth takes its k cheapest candidates, and a cell claimed twice goes to the cheaper one.
 */
export interface PlainHead {
  /** tx, ty, tw, th, objectness logit and class logits of each cell. */
  box: number[][]
  objectness: number[]
  classes: number[][]
  /** Column, row and stride of each cell. */
  cells: { x: number; y: number; stride: number }[]
}
export interface PlainTruth {
  label: number
  cx: number
  cy: number
  w: number
  h: number
}
export interface PlainMatch {
  truth: number
  iou: number
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

/** @returns the ground truth and IoU of each positive cell, null for the others. */
export function assignPlainly(
  { box, objectness, classes, cells }: PlainHead,
  truths: readonly PlainTruth[],
): (PlainMatch | null)[] {
  const inCentre = (truth: PlainTruth, { x, y, stride }: PlainHead['cells'][number]): boolean =>
    Math.abs((x + 0.5) * stride - truth.cx) < 1.5 * stride && Math.abs((y + 0.5) * stride - truth.cy) < 1.5 * stride
  const candidates = cells.flatMap((cell, a) => (truths.some((t) => inCentre(t, cell)) ? [a] : []))
  const result = new Array<PlainMatch | null>(cells.length).fill(null)
  if (!truths.length || !candidates.length) return result

  const iou = truths.map((t) =>
    candidates.map((a) => {
      const { x, y, stride } = cells[a]
      const [cx, cy] = [(box[a][0] + x) * stride, (box[a][1] + y) * stride]
      const [w, h] = [Math.exp(box[a][2]) * stride, Math.exp(box[a][3]) * stride]
      const side = (c1: number, s1: number, c2: number, s2: number) =>
        Math.max(0, Math.min(c1 + s1 / 2, c2 + s2 / 2) - Math.max(c1 - s1 / 2, c2 - s2 / 2))
      const shared = side(cx, w, t.cx, t.w) * side(cy, h, t.cy, t.h)
      return shared / (w * h + t.w * t.h - shared)
    }),
  )
  const cost = truths.map((t, g) =>
    candidates.map((a, i) => {
      let classCost = 0
      classes[a].forEach((logit, c) => {
        const p = Math.sqrt(logistic(logit) * logistic(objectness[a]))
        classCost -= c === t.label ? Math.log(p) : Math.log(1 - p)
      })
      return classCost - 3 * Math.log(iou[g][i] + 1e-8) + (inCentre(t, cells[a]) ? 0 : 1e6)
    }),
  )
  const claims = candidates.map((): number[] => [])
  truths.forEach((_, g) => {
    const best = [...iou[g]].sort((a, b) => b - a).slice(0, 10)
    const k = Math.max(1, Math.floor(best.reduce((s, v) => s + v, 0)))
    const order = candidates.map((_, i) => i).sort((a, b) => cost[g][a] - cost[g][b])
    for (const i of order.slice(0, k)) claims[i].push(g)
  })
  claims.forEach((owners, i) => {
    if (!owners.length) return
    // Claimed by several: the cheapest of all ground truths, the first of equal ones.
    const all = truths.map((_, g) => g)
    const truth = owners.length === 1 ? owners[0] : all.reduce((best, g) => (cost[g][i] < cost[best][i] ? g : best), 0)
    result[candidates[i]] = { truth, iou: iou[truth][i] }
  })
  return result
}
