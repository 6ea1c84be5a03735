/**
 * Divides samples so that every class is spread over the parts as the ratios say.
 * Algorithm: iterative stratification, Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data",
 * ECML PKDD 2011: the rarest class first, each of its samples to the part that lacks that class most.
 */
import { hashSeed } from '../base/rng'

export interface StratifiedItem {
  /** Decides the order together with the seed: the same names and seed give the same parts, whatever their order. */
  name: string
  /** Distinct classes present; none counts as a class of its own. */
  classes: readonly number[]
  /** Part it is in already (index into ratios); it stays there and counts. */
  part?: number
}

/** @returns the part of every item. `ratios` need not sum to 1; a part with ratio 0 gets nothing. */
export function stratifiedSplit(items: readonly StratifiedItem[], ratios: readonly number[], seed: number): number[] {
  const sum = ratios.reduce((a, b) => a + b, 0)
  const shares = ratios.map((ratio) => ratio / sum)
  const none = -1
  const classesOf = items.map((item) => (item.classes.length > 0 ? item.classes : [none]))
  /** How many items each part still lacks: in all, and by class. */
  const lacking = shares.map((share) => share * items.length)
  const lackingOf = new Map<number, number[]>()
  const members = new Map<number, number[]>()
  const left = new Map<number, number>()
  classesOf.forEach((classes, i) => {
    for (const c of classes) {
      const list = members.get(c)
      if (list) list.push(i)
      else members.set(c, [i])
    }
  })
  for (const [c, list] of members) {
    lackingOf.set(
      c,
      shares.map((share) => share * list.length),
    )
    left.set(c, list.length)
  }
  const parts = items.map(() => -1)
  const place = (i: number, part: number) => {
    parts[i] = part
    lacking[part]--
    for (const c of classesOf[i]) {
      lackingOf.get(c)![part]--
      left.set(c, left.get(c)! - 1)
    }
  }
  items.forEach((item, i) => {
    if (item.part !== undefined) place(i, item.part)
  })
  const order = items.map((item) => hashSeed(seed, item.name))
  for (const list of members.values()) {
    list.sort(
      (a, b) => order[a] - order[b] || (items[a].name < items[b].name ? -1 : items[a].name > items[b].name ? 1 : a - b),
    )
  }
  for (;;) {
    let rarest: number | null = null
    for (const [c, n] of left) {
      if (n > 0 && (rarest === null || n < left.get(rarest)! || (n === left.get(rarest)! && c < rarest))) rarest = c
    }
    if (rarest === null) return parts
    const wanted = lackingOf.get(rarest)!
    for (const i of members.get(rarest)!) {
      if (parts[i] >= 0) continue
      let best = -1
      for (let part = 0; part < shares.length; part++) {
        if (shares[part] === 0) continue
        if (best < 0 || wanted[part] > wanted[best] || (wanted[part] === wanted[best] && lacking[part] > lacking[best]))
          best = part
      }
      place(i, best)
    }
  }
}

/**
 * Where classes have few items each, every one of them goes to the largest part, and small parts stay empty. A part with
 * less than half of its share is filled to it, the second part (what weights are chosen by) with one item at least; items
 * are taken of classes that stay in the part they come from.
 */
export function fillParts(
  items: readonly StratifiedItem[],
  parts: readonly number[],
  ratios: readonly number[],
  seed: number,
): number[] {
  // prettier-ignore
  const filled = [...parts]
  const sum = ratios.reduce((a, b) => a + b, 0)
  const count = ratios.map((_, part) => parts.filter((one) => one === part).length)
  const kept = ratios.map(() => new Map<number, number>())
  const classesOf = (i: number) => (items[i].classes.length > 0 ? items[i].classes : [-1])
  const add = (part: number, i: number, by: number) =>
    classesOf(i).forEach((c) => kept[part].set(c, (kept[part].get(c) ?? 0) + by))
  filled.forEach((part, i) => add(part, i, 1))
  const order = items
    .map((item, i) => ({ i, at: hashSeed(seed, item.name) }))
    .filter(({ i }) => items[i].part === undefined)
    .sort((a, b) => a.at - b.at || a.i - b.i)
  for (const [part, ratio] of ratios.entries()) {
    const share = (ratio / sum) * items.length
    if (ratio === 0 || count[part] >= share / 2) continue
    const wanted = Math.max(Math.round(share), part === 1 ? 1 : 0)
    // First items whose classes stay where they come from, then any.
    for (const spare of [2, 1])
      for (const { i } of order) {
        const from = filled[i]
        if (count[part] >= wanted) break
        if (from === part || count[from] < 2 || count[from] <= (ratios[from] / sum) * items.length) continue
        if (classesOf(i).some((c) => kept[from].get(c)! < spare)) continue
        add(from, i, -1)
        add(part, i, 1)
        count[from]--
        count[part]++
        filled[i] = part
      }
  }
  return filled
}
