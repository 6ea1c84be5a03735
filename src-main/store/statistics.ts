/** Figures about the data set, counted in one pass over samples and boxes. */
import type { Histogram, Statistics } from '@shared/contract/statistics'
import type { SampleFilter } from '@shared/contract/filter'
import type { Shape } from '@shared/domain/annotation'
import { tupleSql, type ReadDb } from './db'
import { listLabels } from './label'
import { sampleIds } from './sample'
import { getProject } from './project'
import { bySample, walkBoxes, type BoxTuple, type SampleTuple } from './walk-boxes'

type SplitName = 'train' | 'val' | 'test' | 'none'
type BySplit = Record<SplitName, number>
type Sizes = Statistics['objects']['sizes']

/** COCO's limits of box areas, pixels squared. */
const smallArea = 32 ** 2
const largeArea = 96 ** 2
const grid = 16
const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step)

const newSplits = (): BySplit => ({ train: 0, val: 0, test: 0, none: 0 })
const newSizes = (): Sizes => ({ small: 0, medium: 0, large: 0 })

interface LabelCount {
  objects: number
  samples: number
  splits: BySplit
  sampleSplits: BySplit
  sizes: Sizes
  areas: number
  boxes: number
}
const newLabelCount = (): LabelCount => ({
  objects: 0,
  samples: 0,
  splits: newSplits(),
  sampleSplits: newSplits(),
  sizes: newSizes(),
  areas: 0,
  boxes: 0,
})

/** The store stays usable meanwhile; what changes during the count may be counted half. */
export async function countStatistics(db: ReadDb, filter: SampleFilter, signal?: AbortSignal): Promise<Statistics> {
  const { revision } = getProject(db)
  const chosen = Object.keys(filter).length > 0 ? new Set(sampleIds(db, filter)) : null
  const tally = newTally()
  for await (const page of walkBoxes(db, signal)) {
    for (const [sample, boxes] of bySample(page)) if (!chosen || chosen.has(sample[0])) tally.add(sample, boxes)
  }
  const { labels, ...rest } = tally.result()
  return {
    revision,
    ...rest,
    labels: listLabels(db)
      .filter((label) => !label.gap || labels.has(label.id))
      .map(({ id }) => {
        const { areas, boxes, ...count } = labels.get(id) ?? newLabelCount()
        return { label: id, ...count, meanArea: boxes > 0 ? areas / boxes : null }
      }),
  }
}

function newTally() {
  const samples = { total: 0, labelled: 0, reviewed: 0, reviewedEmpty: 0, untouched: 0 }
  const splits = newSplits()
  const labelledSplits = newSplits()
  const objectSplits = newSplits()
  const sizes = newSizes()
  const labels = new Map<number, LabelCount>()
  const boxSize = newHistogram(range(0, 26, 1).map((k) => 2 ** (k / 2)))
  const relativeSize = newHistogram(range(0, 20, 1).map((k) => k / 20))
  const aspect = newHistogram(range(-3, 3, 0.25))
  // prettier-ignore
  const perImage = newHistogram([...range(0, 10, 1), 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000])
  const megapixels = newHistogram([0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 100, 200, 500, 1000, 2000])
  const centres = new Array<number>(grid * grid).fill(0)
  const imageSizes = new Map<string, { width: number; height: number; samples: number }>()
  let objects = 0
  let most = 0
  let unknown = 0

  const addBox = (count: LabelCount, [x1, y1, x2, y2]: number[], width: number | null, height: number | null) => {
    const w = x2 - x1
    const h = y2 - y1
    const area = Math.max(0, w) * Math.max(0, h)
    const size = area < smallArea ? 'small' : area < largeArea ? 'medium' : 'large'
    sizes[size]++
    count.sizes[size]++
    count.areas += area
    count.boxes++
    boxSize.add(Math.sqrt(area))
    if (w > 0 && h > 0) aspect.add(Math.log2(w / h))
    if (!width || !height) return
    relativeSize.add(Math.sqrt(area / (width * height)))
    const cell = (at: number, of: number) => Math.min(grid - 1, Math.max(0, Math.floor((at / of) * grid)))
    centres[cell((y1 + y2) / 2, height) * grid + cell((x1 + x2) / 2, width)]++
  }

  return {
    add([, width, height, splitName, reviewed]: SampleTuple, boxes: BoxTuple[]): void {
      const split = (splitName ?? 'none') as SplitName
      samples.total++
      splits[split]++
      if (reviewed) samples.reviewed++
      if (boxes.length > 0) {
        samples.labelled++
        labelledSplits[split]++
      } else if (reviewed) samples.reviewedEmpty++
      else samples.untouched++
      perImage.add(boxes.length)
      most = Math.max(most, boxes.length)
      if (width === null || height === null) unknown++
      else {
        const key = `${width} ${height}`
        const known = imageSizes.get(key)
        if (known) known.samples++
        else imageSizes.set(key, { width, height, samples: 1 })
        megapixels.add((width * height) / 1e6)
      }
      const here = new Set<LabelCount>()
      for (const [, , label, , , x1, y1, x2, y2] of boxes) {
        let count = labels.get(label)
        if (!count) labels.set(label, (count = newLabelCount()))
        objects++
        objectSplits[split]++
        count.objects++
        count.splits[split]++
        here.add(count)
        if (x1 !== null) addBox(count, [x1, y1, x2, y2], width, height)
      }
      for (const count of here) {
        count.samples++
        count.sampleSplits[split]++
      }
    },
    result: () => ({
      samples: { ...samples, splits, labelledSplits },
      objects: { total: objects, splits: objectSplits, sizes },
      labels,
      boxSize: boxSize.result,
      relativeSize: relativeSize.result,
      aspect: aspect.result,
      perImage: { ...perImage.result, mean: samples.total > 0 ? objects / samples.total : 0, max: most },
      centres: { grid, counts: centres },
      imageSizes: {
        top: [...imageSizes.values()].sort((a, b) => b.samples - a.samples).slice(0, 50),
        different: imageSizes.size,
        unknown,
        histogram: megapixels.result,
      },
    }),
  }
}

function newHistogram(edges: number[]): { add(value: number): void; result: Histogram } {
  const counts = new Array<number>(edges.length - 1).fill(0)
  return {
    result: { edges, counts },
    add(value) {
      let low = 0
      let high = counts.length - 1
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if (edges[middle] <= value) low = middle
        else high = middle - 1
      }
      counts[low]++
    },
  }
}

export interface KeypointCount {
  label: number
  instances: number
  points: { name: string; visible: number; hidden: number; absent: number }[]
}

/** How often each keypoint is visible, hidden and absent, for labels that have poses, in index order. */
export async function countKeypoints(db: ReadDb, filter: SampleFilter, signal?: AbortSignal): Promise<KeypointCount[]> {
  const chosen = Object.keys(filter).length > 0 ? new Set(sampleIds(db, filter)) : null
  const labels = listLabels(db)
  const counts = new Map<number, KeypointCount>()
  const poses = `SELECT sample_id, label_id, shape FROM visible_annotation
    WHERE sample_id BETWEEN ? AND ? AND kind = 'keypoints'`
  for await (const { first, last } of walkBoxes(db, signal)) {
    for (const [sample, label, text] of tupleSql<[number, number, string]>(db, poses).all(first, last)) {
      if (chosen && !chosen.has(sample)) continue
      const { keypoints } = JSON.parse(text) as Extract<Shape, { kind: 'keypoints' }>
      const names = labels.find(({ id }) => id === label)?.skeleton?.names ?? []
      let count = counts.get(label)
      if (!count) counts.set(label, (count = { label, instances: 0, points: names.map(newPoint) }))
      count.instances++
      // Poses from a file that names no points, or more of them.
      while (count.points.length < keypoints.length) count.points.push(newPoint(String(count.points.length + 1)))
      count.points.forEach((point, i) => {
        const v = keypoints[i]?.[2] ?? 0
        if (v === 2) point.visible++
        else if (v === 1) point.hidden++
        else point.absent++
      })
    }
  }
  return labels.flatMap(({ id }) => counts.get(id) ?? [])
}

const newPoint = (name: string) => ({ name, visible: 0, hidden: 0, absent: 0 })
