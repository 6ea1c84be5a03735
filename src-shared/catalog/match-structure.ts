/**
 * Finds which convolution of one network is which of another by structure alone, for files whose names are gone: colour
 * refinement (Weisfeiler and Leman 1968) over the convolutions, joined by the paths between them.
 */

/** A network seen as its convolutions. Every list index below is a position in `layers`. */
export interface LayerGraph {
  layers: {
    /** What must be equal: weight shape, strides, groups, dilations. */
    kind: string
    /** Where the input comes from: a layer, or -1 for the network's input, and through which inputs of Concat. */
    from: { layer: number; path: string }[]
  }[]
}

/**
 * Pairs of positions (in a, in b) that play the same part. Interchangeable layers are paired in order.
 * Where the networks differ, the part before the difference still matches.
 */
export function matchStructure(a: LayerGraph, b: LayerGraph): [number, number][] {
  const pairs = pairsOf(refine(a, b, 'all'), false)
  const matched = [new Set(pairs.map(([i]) => i)), new Set(pairs.map(([, j]) => j))]
  // With consumers left out, a layer's colour depends on what lies before it only; branches that start alike, as in a
  // cross-stage-partial layer, are told apart by what uses them next.
  for (const consumers of ['none', 'next'] as const) {
    if (matched[0].size === a.layers.length) break
    for (const [i, j] of pairsOf(refine(a, b, consumers), true)) {
      if (matched[0].has(i) || matched[1].has(j)) continue
      pairs.push([i, j])
      matched[0].add(i)
      matched[1].add(j)
    }
  }
  return pairs.sort(([i], [j]) => i - j)
}

/** Layers of both graphs by colour. @param consumers that count: all there are, none, or those of the last round. */
function refine(a: LayerGraph, b: LayerGraph, consumers: 'all' | 'none' | 'next'): Map<number, [number[], number[]]> {
  const graphs = [a, b]
  const ids = new Map<string, number>()
  const id = (key: string): number => {
    const known = ids.get(key)
    if (known !== undefined) return known
    ids.set(key, ids.size)
    return ids.size - 1
  }
  const into = graphs.map(({ layers }) => {
    const users: { layer: number; path: string }[][] = layers.map(() => [])
    layers.forEach(({ from }, layer) => from.forEach((f) => f.layer >= 0 && users[f.layer].push({ ...f, layer })))
    return users
  })
  let colours = graphs.map(({ layers }) => layers.map(({ kind }) => id(kind)))
  const count = () => new Set(colours.flat()).size
  const round = (withConsumers: boolean): void => {
    ids.clear()
    colours = graphs.map(({ layers }, g) =>
      layers.map(({ from }, i) => {
        const side = (edges: readonly { layer: number; path: string }[]) =>
          edges
            .map(({ layer, path }) => `${path}@${layer < 0 ? 'input' : colours[g][layer]}`)
            .sort()
            .join()
        return id(`${colours[g][i]}<${side(from)}>${withConsumers ? side(into[g][i]) : ''}`)
      }),
    )
  }
  for (let before = 0; count() > before;) {
    before = count()
    round(consumers === 'all')
  }
  if (consumers === 'next') round(true)
  const classes = new Map<number, [number[], number[]]>()
  colours.forEach((list, g) =>
    list.forEach((colour, i) => {
      const known = classes.get(colour) ?? [[], []]
      known[g].push(i)
      classes.set(colour, known)
    }),
  )
  return classes
}

/** @param unique leave out colours that several layers share. */
function pairsOf(classes: Map<number, [number[], number[]]>, unique: boolean): [number, number][] {
  const pairs: [number, number][] = []
  for (const [a, b] of classes.values()) {
    if (a.length !== b.length || (unique && a.length > 1)) continue
    a.forEach((i, n) => pairs.push([i, b[n]]))
  }
  return pairs
}
