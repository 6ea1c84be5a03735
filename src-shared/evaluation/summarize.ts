/** COCO's summary (cocoeval.py summarize): means over what is defined, added in NumPy's order. */
import type { Accumulated } from './accumulate'
import { summaryRows, type CocoParams, type SummaryRow } from './coco-params'
import { formatThreeDigits, mean } from './numpy'

/**
 * One number of the summary, -1 when nothing is defined for it.
 * @param category position of one category, or null for the mean over all.
 * @param meanOf how values are averaged.
 */
export function summarizeRow(
  { precision, recall, shape: [T, R, K, A, M] }: Accumulated,
  params: CocoParams,
  row: SummaryRow,
  category: number | null = null,
  meanOf: (values: Float64Array, count: number) => number = mean,
): number {
  const a = params.areas.findIndex((area) => area.name === row.area)
  const m = params.maxDetections.indexOf(row.maxDetections)
  if (a < 0 || m < 0) return -1
  const [kFrom, kTo] = category === null ? [0, K] : [category, category + 1]
  const steps = row.kind === 'AP' ? R : 1
  const values = row.kind === 'AP' ? precision : recall
  const defined = new Float64Array(T * steps * (kTo - kFrom))
  let count = 0
  for (let t = 0; t < T; t++) {
    if (row.iou !== null && params.iouThresholds[t] !== row.iou) continue
    for (let r = 0; r < steps; r++) {
      for (let k = kFrom; k < kTo; k++) {
        const value = values[(((t * steps + r) * K + k) * A + a) * M + m]
        if (value > -1) defined[count++] = value
      }
    }
  }
  return count === 0 ? -1 : meanOf(defined, count)
}

/** All rows: `stats` in pycocotools' order, and by name. */
export function summarize(accumulated: Accumulated, params: CocoParams, category: number | null = null) {
  const rows = summaryRows(params)
  const stats = rows.map((row) => summarizeRow(accumulated, params, row, category))
  const byName = Object.fromEntries(rows.map((row, i) => [row.name, stats[i]]))
  return { rows, stats, byName }
}

/** The lines that pycocotools prints, character for character. */
export function formatSummary(stats: readonly number[], params: CocoParams): string[] {
  const [first, last] = [params.iouThresholds[0], params.iouThresholds[params.iouThresholds.length - 1]]
  return summaryRows(params).map((row, i) => {
    const title = row.kind === 'AP' ? 'Average Precision' : 'Average Recall'
    const iou = row.iou === null ? `${first.toFixed(2)}:${last.toFixed(2)}` : row.iou.toFixed(2)
    const limit = String(row.maxDetections).padStart(3)
    const value = formatThreeDigits(stats[i])
    return ` ${title.padEnd(18)} (${row.kind}) @[ IoU=${iou.padEnd(9)} | area=${row.area.padStart(6)} | maxDets=${limit} ] = ${value}`
  })
}
