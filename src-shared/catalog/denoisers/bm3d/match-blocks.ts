/** For every reference block of a few rows of them: the blocks most like it, itself first. */
export interface Matches {
  /** Most per reference; the matches of reference i of row r begin at (r * references across + i) * most. */
  most: number
  xs: Int32Array
  ys: Int32Array
  /** How many are valid, per reference. */
  counts: Int32Array
}

export interface MatchSettings {
  /** Side of a block. */
  n: number
  /** Half side of the window that is searched. */
  radius: number
  /** Most matches, the reference included. */
  most: number
  /** Largest sum of squared differences. */
  limit: number
}

/** Finds the matches of the references at the positions `xs` by `ys`. The result is used again by the next call. */
export type Matcher = (xs: readonly number[], ys: readonly number[]) => Matches

/** Displacements within a square window, nearest first: bounds get tight early. */
function searchOrder(radius: number): [number, number][] {
  const side = 2 * radius + 1
  const order = Array.from({ length: side * side }, (_, i): [number, number] => [
    (i % side) - radius,
    Math.floor(i / side) - radius,
  ])
  return order.sort(([ax, ay], [bx, by]) => ax * ax + ay * ay - bx * bx - by * by)
}

/**
 * Compares pixels. One displacement at a time for all references: squared differences line by line, running sums of them
 * across and down, read at the corners of the blocks; a few operations a pixel instead of n * n a candidate.
 */
export function pixelMatcher(plane: Float32Array, width: number, height: number, settings: MatchSettings): Matcher {
  const { n, radius, limit } = settings
  const [columns, rows] = [width - n + 1, height - n + 1]
  const order = searchOrder(radius)
  const ranking = makeRanking(settings)
  const pixels = new Float64Array(plane)
  const sums = new Float64Array(width + 1)
  return (xs, ys) => {
    ranking.start(xs.length, ys.length, limit)
    const across = xs.length
    const lefts = Int32Array.from(xs)
    const top = ys[0]
    const lines = new Float64Array((ys[ys.length - 1] + n - top + 1) * across)
    const distances = new Float64Array(across)
    for (const [dx, dy] of order) {
      // References whose displaced block lies inside.
      let [first, last] = [0, across - 1]
      while (first <= last && xs[first] + dx < 0) first++
      while (last >= first && xs[last] + dx >= columns) last--
      if (first > last) continue
      let nextLine = 0
      for (let r = 0; r < ys.length; r++) {
        const y = ys[r]
        if (y + dy < 0 || y + dy >= rows) continue
        for (let line = Math.max(nextLine, y); line < y + n; line++) {
          const [from, to] = [xs[first], xs[last] + n]
          sumDifferences(pixels, line * width, (line + dy) * width + dx, from, to, sums)
          const above = (line - top) * across
          addLine(sums, lefts, first, last, n, lines, above, above + across)
        }
        nextLine = y + n
        const above = (y - top) * across
        subtractLines(lines, above, above + n * across, first, last, distances)
        ranking.offer(distances, r * across, first, last, lefts, dx, y + dy)
      }
    }
    return ranking.matches
  }
}

// The innermost loops: functions of their own, so that all they touch stays in registers.

/** sums[x]: squared differences of the pixels from `from` up to x, exclusive. */
function sumDifferences(
  pixels: Float64Array,
  here: number,
  there: number,
  from: number,
  to: number,
  sums: Float64Array,
): void {
  let sum = 0
  for (let x = from; x < to; x++) {
    sums[x] = sum
    const difference = pixels[here + x] - pixels[there + x]
    sum += difference * difference
  }
  sums[to] = sum
}

/** The sums over blocks' columns of one more line, added to those of the lines above it. */
function addLine(
  sums: Float64Array,
  lefts: Int32Array,
  first: number,
  last: number,
  n: number,
  lines: Float64Array,
  above: number,
  at: number,
): void {
  for (let i = first; i <= last; i++) lines[at + i] = lines[above + i] + sums[lefts[i] + n] - sums[lefts[i]]
}

/** Between two lines; what lies above both cancels out. */
function subtractLines(
  lines: Float64Array,
  above: number,
  below: number,
  first: number,
  last: number,
  to: Float64Array,
): void {
  for (let i = first; i <= last; i++) to[i] = lines[below + i] - lines[above + i]
}

/** Compares vectors of n * n values, found by the position of their block; a comparison ends when it is lost. */
export function vectorMatcher(
  data: Float32Array,
  at: (x: number, y: number) => number,
  width: number,
  height: number,
  settings: MatchSettings,
): Matcher {
  const { n, radius, limit } = settings
  const [columns, rows, length] = [width - n + 1, height - n + 1, n * n]
  const order = searchOrder(radius)
  const ranking = makeRanking(settings)
  const distance = new Float64Array(1)
  const one = new Int32Array(1)
  return (xs, ys) => {
    ranking.start(xs.length, ys.length, limit)
    ys.forEach((y, r) =>
      xs.forEach((x, i) => {
        const reference = r * xs.length + i
        one[0] = x
        const a = at(x, y)
        for (const [dx, dy] of order) {
          if (x + dx < 0 || y + dy < 0 || x + dx >= columns || y + dy >= rows) continue
          const b = at(x + dx, y + dy)
          const bound = ranking.bounds[reference]
          let sum = 0
          for (let k = 0; k < length && sum <= bound; k++) {
            const difference = data[a + k] - data[b + k]
            sum += difference * difference
          }
          distance[0] = sum
          ranking.offer(distance, reference, 0, 0, one, dx, y + dy)
        }
      }),
    )
    return ranking.matches
  }
}

/** Keeps the nearest ones of each reference in ascending order. */
function makeRanking({ most }: MatchSettings) {
  let distances = new Float64Array(0)
  let bounds = new Float64Array(0)
  const matches: Matches = { most, xs: new Int32Array(0), ys: new Int32Array(0), counts: new Int32Array(0) }
  const insert = (reference: number, distance: number, x: number, y: number): void => {
    const { xs, ys, counts } = matches
    const base = reference * most
    const full = counts[reference] === most
    if (full && distance === bounds[reference]) return
    let place = base + (full ? most - 1 : counts[reference]++)
    for (; place > base && distances[place - 1] > distance; place--) {
      distances[place] = distances[place - 1]
      xs[place] = xs[place - 1]
      ys[place] = ys[place - 1]
    }
    distances[place] = distance
    xs[place] = x
    ys[place] = y
    if (counts[reference] === most) bounds[reference] = distances[base + most - 1]
  }
  return {
    matches,
    /** What a candidate must not exceed, per reference. */
    get bounds() {
      return bounds
    },
    start(across: number, down: number, limit: number) {
      const references = across * down
      if (bounds.length !== references) {
        bounds = new Float64Array(references)
        distances = new Float64Array(references * most)
        matches.xs = new Int32Array(references * most)
        matches.ys = new Int32Array(references * most)
        matches.counts = new Int32Array(references)
      }
      bounds.fill(limit)
      matches.counts.fill(0)
    },
    /** Candidates of the references base + first .. base + last, displaced by dx from `lefts`. */
    offer(
      candidates: Float64Array,
      base: number,
      first: number,
      last: number,
      lefts: Int32Array,
      dx: number,
      y: number,
    ) {
      const limits = bounds
      for (let i = first; i <= last; i++) {
        if (candidates[i] <= limits[base + i]) insert(base + i, candidates[i], lefts[i] + dx, y)
      }
    },
  }
}
