/** The plots of a run by the names that people know from other trainers, drawn in the product's own look. */
import { labelColor } from '../domain/label'
import type { ConfusionMatrix } from '../evaluation/confusion-matrix'
import type { Curves, EvaluationCurves } from '../evaluation/curves'
import type { ObjectSet } from '../evaluation/object-set'
import type { TideReport } from '../evaluation/tide'
import { tideErrors } from '../evaluation/tide'
import { barChart } from './bar-chart'
import { densityChart } from './density-chart'
import { heatMap } from './heat-map'
import { lineChart, smooth, type LineSeries } from './line-chart'
import { accent, gridOf, ink, type Picture } from './svg'

/** A class's line is thin and in its own colour, the mean is thick. */
function classLines(curves: EvaluationCurves, axis: readonly number[], of: (one: Curves) => number[]): LineSeries[] {
  const classes = curves.perClass.filter(({ groundTruths }) => groundTruths > 0)
  // Beyond 20 classes their names help nobody; the lines still show the spread.
  const many = classes.length > 20
  return [
    ...classes.map((one, i) => ({
      name: one.label,
      color: many ? '#9aa3b5' : labelColor(i),
      x: axis,
      y: of(one),
      width: many ? 0.8 : 1.4,
      ...(many ? { opacity: 0.5, quiet: true } : {}),
    })),
    { name: 'all classes', color: ink, x: axis, y: of(curves.mean), width: 3 },
  ]
}

const unit = [0, 1] as const
const best = ({ mean }: EvaluationCurves, key: 'f1') =>
  mean.best ? { x: mean.best.confidence, y: mean.best[key], text: `${mean.best[key].toFixed(2)} at ${mean.best.confidence.toFixed(3)}` } : undefined // prettier-ignore

export const recallAxis: readonly number[] = Array.from({ length: 101 }, (_, i) => i / 100)

export function prPlot(curves: EvaluationCurves): Picture {
  const series = classLines(curves, recallAxis, (one) => one.precisionAtRecall)
  const mean = curves.mean.precisionAtRecall
  const ap = mean.length ? mean.reduce((a, b) => a + b, 0) / mean.length : 0
  const title = `Precision against recall (IoU ${curves.iou}, AP ${ap.toFixed(3)})`
  return lineChart({ title, xLabel: 'Recall', yLabel: 'Precision', x: unit, y: unit, series })
}

export function confidencePlot(curves: EvaluationCurves, of: 'f1' | 'precision' | 'recall'): Picture {
  const name = { f1: 'F1', precision: 'Precision', recall: 'Recall' }[of]
  const mark = of === 'f1' ? best(curves, 'f1') : undefined
  return lineChart({
    title: `${name} against confidence (IoU ${curves.iou})`,
    xLabel: 'Confidence',
    yLabel: name,
    x: unit,
    y: unit,
    series: classLines(curves, curves.confidence, (one) => one[of]),
    ...(mark ? { mark } : {}),
  })
}

/** @param normalized each column (true class) sums to 1; shares below .005 stay blank. */
export function confusionPlot(
  { labels, counts, conf, iou }: Pick<ConfusionMatrix, 'labels' | 'counts'> & Partial<ConfusionMatrix>,
  normalized: boolean,
): Picture {
  // Classes of whole images have neither.
  const at = conf === undefined ? '' : ` (confidence ${conf.toFixed(2)}, IoU ${iou})`
  const sums = labels.map((_, c) => counts.reduce((sum, row) => sum + row[c], 0))
  const values = normalized ? counts.map((row) => row.map((n, c) => n / (sums[c] + 1e-9))) : counts
  return heatMap({
    title: `Confusion matrix${normalized ? ', normalised' : ''}${at}`,
    xLabel: 'True',
    yLabel: 'Predicted',
    rows: labels,
    columns: labels,
    values,
    format: normalized
      ? (value) => (value < 0.005 ? '' : value.toFixed(2).replace(/^0/, ''))
      : (value) => (value === 0 ? '' : String(value)),
    ...(normalized ? { full: 1 } : {}),
  })
}

export function tidePlot({ errors }: TideReport): Picture {
  const names = { Cls: 'wrong class', Loc: 'poor location', Both: 'both', Dupe: 'duplicate', Bkg: 'background', Miss: 'missed' } // prettier-ignore
  return barChart({
    title: 'AP50 lost by kind of error (TIDE)',
    bars: tideErrors.map((type) => ({
      name: names[type],
      value: 100 * Math.max(0, errors[type].dAP),
      color: accent,
      text: `${(100 * errors[type].dAP).toFixed(2)}  (${errors[type].count})`,
    })),
  })
}

/** Class histogram, centres and sizes of the objects. */
export function labelsPlot({ gt, labels, images }: ObjectSet): Picture {
  const counts = labels.map(() => 0)
  const [x, y, w, h]: number[][] = [[], [], [], []]
  for (let g = 0; g < gt.length; g++) {
    if (gt.ignore[g]) continue
    counts[gt.category[g]]++
    const { width, height } = images[gt.image[g]]
    x.push((gt.box[4 * g] + gt.box[4 * g + 2] / 2) / width)
    y.push((gt.box[4 * g + 1] + gt.box[4 * g + 3] / 2) / height)
    w.push(gt.box[4 * g + 2] / width)
    h.push(gt.box[4 * g + 3] / height)
  }
  const bars = labels.map(({ name }, k) => ({ name, value: counts[k], color: labelColor(k) }))
  const histogram = barChart({ title: 'Objects of each class', bars })
  const charts = gridOf(
    [
      densityChart({ title: 'Centres', xLabel: 'x', yLabel: 'y', x, y, down: true }),
      densityChart({ title: 'Sizes', xLabel: 'width', yLabel: 'height', x: w, y: h }),
    ],
    2,
  )
  return {
    width: Math.max(histogram.width, charts.width),
    height: histogram.height + charts.height,
    body: `${histogram.body}<g transform="translate(0 ${histogram.height})">${charts.body}</g>`,
  }
}

/** results.csv as small charts: each series as measured, and smoothed. */
export function resultsPlot(columns: ReadonlyMap<string, readonly number[]>): Picture {
  const epochs = columns.get('epoch') ?? []
  const known = [...columns].flatMap(([name, measured]) => {
    // A score below 0 says that there is nothing to score, such as no large objects.
    const values = name.startsWith('val/') ? measured.map((value) => (value < 0 ? NaN : value)) : measured
    return name !== 'epoch' && values.some(Number.isFinite) ? [{ name, values }] : []
  })
  const charts = known
    .toSorted((a, b) => byKind(a.name, b.name))
    .map(({ name, values: measured }) => {
      const isMemory = name === 'system/memory'
      const values = isMemory ? measured.map((value) => value / 1e6) : measured
      return lineChart({
        title: isMemory ? `${name} (MB)` : name,
        width: 320,
        height: 260,
        xLabel: 'Epoch',
        yLabel: '',
        series: [
          { name, color: accent, x: epochs, y: values, width: 1.5 },
          ...(values.length >= 5
            ? [
                {
                  name: 'smooth',
                  color: '#e8590c',
                  x: epochs,
                  y: smooth(values),
                  width: 1.5,
                  dashed: true,
                  quiet: true,
                },
              ]
            : []),
        ],
      })
    })
  return charts.length > 0 ? gridOf(charts, 5) : { width: 320, height: 80, body: '' }
}

const kinds = ['epoch/', 'train/', 'val/', 'lr/', 'system/']
function byKind(a: string, b: string): number {
  const rank = (name: string) => kinds.findIndex((kind) => name.startsWith(kind)) + 1 || kinds.length + 1
  return rank(a) - rank(b)
}
