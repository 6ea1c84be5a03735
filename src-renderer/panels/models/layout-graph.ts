/**
 * Layered drawing from top to bottom (Sugiyama, Tagawa, Toda 1981): longest-path layers, orders by means of neighbours,
 * places by least squares with fixed distances. Long edges pass through the layers between as thin places of their own.
 */
export interface LayoutBox {
  width: number
  height: number
}
export interface Place {
  /** Middle. */
  x: number
  y: number
}
export interface Layout {
  /** By box. */
  places: Place[]
  /** By edge, from the box above to the one below; points between ends are in the layers that are passed. */
  routes: Place[][]
  /** Of everything, from 0, 0. */
  width: number
  height: number
  /** Boxes of each layer from left to right. */
  layers: number[][]
}

const gap = { x: 24, y: 44, route: 12 }
const sweeps = 4

/** @param edges between boxes; cycles are broken where they close. */
export function layoutGraph(boxes: readonly LayoutBox[], edges: readonly (readonly [number, number])[]): Layout {
  if (boxes.length === 0) return { places: [], routes: [], width: 0, height: 0, layers: [] }
  const depth = layersOf(boxes.length, edges)
  const layers: number[][] = Array.from({ length: depth.reduce((a, b) => Math.max(a, b), 0) + 1 }, () => [])
  const widths = boxes.map(({ width }) => width)
  boxes.forEach((_, i) => layers[depth[i]].push(i))
  const [up, down]: [number[][], number[][]] = [boxes.map(() => []), boxes.map(() => [])]
  const join = (a: number, b: number) => {
    down[a].push(b)
    up[b].push(a)
  }
  const chains = edges.map(([from, to]) => {
    const [a, b] = depth[from] <= depth[to] ? [from, to] : [to, from]
    const chain = [a]
    for (let layer = depth[a] + 1; layer < depth[b]; layer++) {
      const id = widths.length
      widths.push(0)
      up.push([])
      down.push([])
      layers[layer].push(id)
      join(chain.at(-1)!, id)
      chain.push(id)
    }
    if (depth[a] !== depth[b]) join(chain.at(-1)!, b)
    chain.push(b)
    return depth[from] <= depth[to] ? chain : chain.toReversed()
  })
  order(layers, up, down)
  const x = placeAcross(layers, { widths, up, down, real: boxes.length })
  const tops: number[] = []
  let height = 0
  for (const layer of layers) {
    const tallest = Math.max(0, ...layer.map((id) => boxes[id]?.height ?? 0))
    tops.push(height + tallest / 2)
    height += tallest + gap.y
  }
  const layerOf: number[] = []
  layers.forEach((layer, i) => layer.forEach((id) => (layerOf[id] = i)))
  const place = (id: number): Place => ({ x: x[id], y: tops[layerOf[id]] })
  return {
    places: boxes.map((_, i) => place(i)),
    routes: chains.map((chain) => chain.map(place)),
    width: widths.reduce((most, width, i) => Math.max(most, x[i] + width / 2), 0),
    height: height - gap.y,
    layers: layers.map((layer) => layer.filter((id) => id < boxes.length)),
  }
}

/** Longest way from a start; boxes that nothing goes into stand right above the first that uses them. */
function layersOf(count: number, edges: readonly (readonly [number, number])[]): number[] {
  const [out, into]: [number[][], number[]] = [
    Array.from({ length: count }, () => []),
    new Array<number>(count).fill(0),
  ]
  for (const [a, b] of edges) {
    out[a].push(b)
    into[b]++
  }
  const depth = new Array<number>(count).fill(0)
  const left = [...into]
  const done = new Array<boolean>(count).fill(false)
  const ready = left.flatMap((n, i) => (n === 0 ? [i] : []))
  for (let seen = 0; seen < count; seen++) {
    // Folded parts can feed each other: the first of a cycle goes on without the rest.
    const next = ready.pop() ?? done.indexOf(false)
    if (done[next]) {
      seen--
      continue
    }
    done[next] = true
    for (const b of out[next]) {
      if (done[b]) continue
      depth[b] = Math.max(depth[b], depth[next] + 1)
      if (--left[b] === 0) ready.push(b)
    }
  }
  for (let i = 0; i < count; i++) {
    if (into[i] > 0 || out[i].length === 0) continue
    depth[i] = Math.max(0, Math.min(...out[i].map((b) => depth[b])) - 1)
  }
  return depth
}

/** Fewer crossings: each layer by the means of its neighbours, down and up in turn. */
function order(layers: number[][], up: readonly number[][], down: readonly number[][]): void {
  const position: number[] = up.map(() => 0)
  const rank: number[] = up.map(() => 0)
  const settle = (layer: readonly number[]) => {
    for (let i = 0; i < layer.length; i++) position[layer[i]] = i
  }
  layers.forEach(settle)
  const byNeighbours = (layer: number[], neighbours: readonly number[][]) => {
    if (layer.length < 2) return
    for (let i = 0; i < layer.length; i++) {
      const others = neighbours[layer[i]]
      let sum = 0
      for (const other of others) sum += position[other]
      rank[layer[i]] = others.length > 0 ? sum / others.length : i
    }
    layer.sort((a, b) => rank[a] - rank[b])
    settle(layer)
  }
  for (let sweep = 0; sweep < sweeps; sweep++) {
    if (sweep % 2 === 0) for (const layer of layers.slice(1)) byNeighbours(layer, up)
    else for (const layer of layers.slice(0, -1).toReversed()) byNeighbours(layer, down)
  }
}

interface Across {
  widths: readonly number[]
  up: readonly number[][]
  down: readonly number[][]
  /** Ids below are boxes, others parts of long edges. */
  real: number
}

/** Each near the middle of its neighbours, none on another; long edges pull harder, so that they are straight. */
function placeAcross(layers: readonly number[][], { widths, up, down, real }: Across): number[] {
  const x = widths.map(() => 0)
  const spread = (layer: readonly number[], wanted: (id: number) => number): void => {
    const places: number[] = []
    const distances: number[] = []
    const weights: number[] = []
    for (let i = 0; i < layer.length; i++) {
      const id = layer[i]
      const before = layer[i - 1]
      places.push(wanted(id))
      weights.push(id >= real ? 4 : 1)
      distances.push(
        i === 0 ? 0 : (widths[before] + widths[id]) / 2 + (id >= real && before >= real ? gap.route : gap.x),
      )
    }
    const found = nearestApart(places, distances, weights)
    for (let i = 0; i < layer.length; i++) x[layer[i]] = found[i]
  }
  for (const layer of layers) spread(layer, () => 0)
  const middle = (id: number, others: readonly number[], more: readonly number[] = []): number => {
    if (others.length + more.length === 0) return x[id]
    let sum = 0
    for (const other of others) sum += x[other]
    for (const other of more) sum += x[other]
    return sum / (others.length + more.length)
  }
  const upwards = layers.toReversed()
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const layer of layers) spread(layer, (id) => middle(id, up[id]))
    for (const layer of upwards) spread(layer, (id) => middle(id, down[id]))
  }
  for (const layer of layers) spread(layer, (id) => middle(id, up[id], down[id]))
  const left = x.reduce((least, value, i) => Math.min(least, value - widths[i] / 2), Infinity)
  return x.map((value) => value - left)
}

/**
 * Places with at least the given distances to their left neighbours that are nearest to the wanted ones in the sense of
 * least squares: pool adjacent violators (Ayer et al. 1955).
 */
export function nearestApart(
  wanted: readonly number[],
  distances: readonly number[],
  weights: readonly number[],
): number[] {
  const offsets: number[] = []
  let offset = 0
  for (const distance of distances) offsets.push((offset += distance))
  // Pools of neighbours that share one shift: how many, their summed weight, their weighted sum.
  const counts: number[] = []
  const heavy: number[] = []
  const sums: number[] = []
  for (let i = 0; i < wanted.length; i++) {
    let [count, weight, sum] = [1, weights[i], (wanted[i] - offsets[i]) * weights[i]]
    while (counts.length > 0 && sums[sums.length - 1] / heavy[heavy.length - 1] >= sum / weight) {
      count += counts.pop()!
      weight += heavy.pop()!
      sum += sums.pop()!
    }
    counts.push(count)
    heavy.push(weight)
    sums.push(sum)
  }
  const found: number[] = []
  for (let pool = 0; pool < counts.length; pool++)
    for (let i = 0; i < counts[pool]; i++) found.push(sums[pool] / heavy[pool] + offsets[found.length])
  return found
}
