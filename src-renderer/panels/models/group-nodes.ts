/** The network as it is drawn: nodes, and parts of it (scopes) that are folded into one box. */
import type { Network } from '@shared/contract/models'

export interface Box {
  /** `n12` a node, `g:backbone/dark2` a folded part. */
  key: string
  /** Index of the node; null: a folded part. */
  node: number | null
  /** Of the folded part; of the node, the part that it belongs to. */
  scope: string
  /** Nodes inside. */
  members: number[]
}
export interface DrawnGraph {
  boxes: Box[]
  /** Indexes of boxes, from maker to user, each pair once. */
  edges: [from: number, to: number][]
  /** Index of the box by node. */
  boxOf: number[]
}

/** All parts with their number of nodes, by name. */
export function scopesOf({ nodes }: Network): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { scope } of nodes) {
    const parts = scope === '' ? [] : scope.split('/')
    for (let i = 1; i <= parts.length; i++) {
      const name = parts.slice(0, i).join('/')
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}

/** @param open parts that are shown with what is in them; a part inside a folded one is folded too. */
export function drawnGraph(network: Network, open: ReadonlySet<string>): DrawnGraph {
  const { nodes } = network
  const counts = scopesOf(network)
  const boxes: Box[] = []
  const places = new Map<string, number>()
  const boxOf = nodes.map((node, i) => {
    const folded = foldedScope(node.scope, open, counts)
    const key = folded === null ? `n${i}` : `g:${folded}`
    let at = places.get(key)
    if (at === undefined) {
      at = boxes.length
      places.set(key, at)
      boxes.push({ key, node: folded === null ? i : null, scope: folded ?? node.scope, members: [] })
    }
    boxes[at].members.push(i)
    return at
  })
  const seen = new Set<number>()
  const edges: [number, number][] = []
  nodes.forEach((node, i) => {
    for (const { from } of node.inputs) {
      if (from === null) continue
      const [a, b] = [boxOf[from], boxOf[i]]
      const id = a * boxes.length + b
      if (a === b || seen.has(id)) continue
      seen.add(id)
      edges.push([a, b])
    }
  })
  return { boxes, edges, boxOf }
}

/** The outermost part of a node that is folded; null: none. A part of one node is shown as that node. */
function foldedScope(scope: string, open: ReadonlySet<string>, counts: ReadonlyMap<string, number>): string | null {
  if (scope === '') return null
  const parts = scope.split('/')
  for (let i = 1; i <= parts.length; i++) {
    const name = parts.slice(0, i).join('/')
    if ((counts.get(name) ?? 0) > 1 && !open.has(name)) return name
  }
  return null
}

/** Parts to open so that a node is shown. */
export function scopesAbove(scope: string): string[] {
  const parts = scope === '' ? [] : scope.split('/')
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}

/** Parts that are open at first: the outermost ones, as long as the picture stays one that can be read. */
export function openAtFirst(network: Network, most = 60): Set<string> {
  const counts = scopesOf(network)
  /** What a part shows when it is opened: single nodes, and its own parts as one box each. */
  const inside = new Map<string, Set<string>>()
  network.nodes.forEach(({ scope }, i) => {
    const above = ['', ...scopesAbove(scope)].filter((name) => name === '' || counts.get(name)! > 1)
    above.forEach((name, k) => {
      const shown = inside.get(name) ?? new Set()
      shown.add(above[k + 1] ?? `${i}`)
      inside.set(name, shown)
    })
  })
  const open = new Set<string>()
  let boxes = inside.get('')?.size ?? 0
  const byDepth = [...counts.keys()].toSorted((a, b) => a.split('/').length - b.split('/').length)
  for (const scope of byDepth) {
    const parent = scopesAbove(scope).at(-2)
    const more = (inside.get(scope)?.size ?? 1) - 1
    if ((parent !== undefined && !open.has(parent)) || boxes + more > most) {
      // A part that holds nearly everything says nothing by being folded.
      if (counts.get(scope)! < 0.9 * network.nodes.length) continue
    }
    open.add(scope)
    if (counts.get(scope)! > 1) boxes += more
  }
  return open
}
