import type { ObjectSet } from './object-set'

export interface LabelStatistics {
  label: string
  /** Ground truths that count. */
  objects: number
  images: number
  /** By COCO's area ranges; 1024 and 9216 px count to the smaller range only here, so that the three add up. */
  small: number
  medium: number
  large: number
  /** Square roots of the areas, px: smallest, lower quartile, median, upper quartile, largest. null without objects. */
  side: [number, number, number, number, number] | null
}

/** What the evaluated data is made of, in the order of the labels. */
export function labelStatistics({ gt, labels }: ObjectSet): LabelStatistics[] {
  const sides = labels.map((): number[] => [])
  const images = labels.map(() => new Set<number>())
  for (let g = 0; g < gt.length; g++) {
    if (gt.ignore[g]) continue
    sides[gt.category[g]].push(Math.sqrt(gt.area[g]))
    images[gt.category[g]].add(gt.image[g])
  }
  return labels.map(({ name }, k) => {
    const sorted = sides[k].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]
    const small = sorted.filter((side) => side <= 32).length
    const large = sorted.filter((side) => side > 96).length
    return {
      label: name,
      objects: sorted.length,
      images: images[k].size,
      small,
      medium: sorted.length - small - large,
      large,
      side: sorted.length === 0 ? null : [at(0), at(0.25), at(0.5), at(0.75), at(1)],
    }
  })
}
