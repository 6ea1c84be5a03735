/** Numbers of an evaluation as files to save, and the plots of a run. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { z } from 'zod'
import type { EvaluationDetail, resultsContract } from '@shared/contract/results'
import { statNames } from '@shared/evaluation/format-evaluation'
import { tideErrors } from '@shared/evaluation/tide'
import { serveFile } from '../media/served-files'
import { withoutDetails, type OpenEvaluation } from '../store/open-evaluation'
import type { Store } from '../store/store'

type ResultFile = z.output<(typeof resultsContract)['methods']['download']['input']>['file']
type Cell = string | number | null | undefined

const mimes: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.csv': 'text/csv; charset=utf-8',
  '.json': 'application/json',
  '.html': 'text/html; charset=utf-8',
}

export function writeResultFile(
  store: Store,
  evaluation: OpenEvaluation,
  file: ResultFile,
  detail: (evaluation: OpenEvaluation) => EvaluationDetail,
): { url: string; name: string; bytes: number } {
  const { id } = evaluation.row
  const folder = join(store.folder, 'cache', 'results')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${id}-${file}`)
  const text =
    file === 'result.json'
      ? JSON.stringify({ ...detail(evaluation), curves: evaluation.analysis()?.curves ?? null }, null, 1)
      : csvText(tables[file](evaluation))
  writeFileSync(path, text)
  const stem = evaluation.row.run ?? `evaluation-${id}`
  return serveFile({ path, mime: mimes[extname(file)], name: `${stem}-${file}` })
}

const tables: Record<Exclude<ResultFile, 'result.json'>, (evaluation: OpenEvaluation) => Cell[][]> = {
  'coco.csv': ({ row }) => [
    ['metric', 'value'],
    ...statNames(row.iouType).map((name, i): Cell[] => [name, row.stats[i]]),
  ],
  'classes.csv'(evaluation) {
    const { perClass } = evaluation.result()
    const names = [...new Set(perClass.flatMap((row) => Object.keys(row)))]
    return [names, ...perClass.map((row) => names.map((name) => (row as Record<string, Cell>)[name]))]
  },
  'curves.csv'(evaluation) {
    const { confidence, mean, perClass } = need(evaluation).curves
    const classes = [{ label: 'all', ...mean }, ...perClass.filter(({ groundTruths }) => groundTruths > 0)]
    const kinds = ['precision', 'recall', 'f1'] as const
    return [
      ['confidence', ...classes.flatMap(({ label }) => kinds.map((kind) => `${kind} ${label}`))],
      ...confidence.map((x, i): Cell[] => [x, ...classes.flatMap((one) => kinds.map((kind) => one[kind][i]))]),
    ]
  },
  'confusion.csv'(evaluation) {
    const { labels, counts } = evaluation.result().classification?.confusion ?? need(evaluation).confusion
    return [['predicted \\ true', ...labels], ...counts.map((row, i): Cell[] => [labels[i], ...row])]
  },
  'tide.csv'(evaluation) {
    const { errors, falsePositive, falseNegative } = need(evaluation).tide
    return [
      ['error', 'count', 'dAP'],
      ...tideErrors.map((type): Cell[] => [type, errors[type].count, errors[type].dAP]),
      ['FP', falsePositive.count, falsePositive.dAP],
      ['FN', falseNegative.count, falseNegative.dAP],
    ]
  },
  'restoration.csv'(evaluation) {
    const { methods = [], levels = [] } = evaluation.result().restoration ?? {}
    return [
      ['noise', 'image', ...methods.flatMap(({ title }) => [`PSNR ${title}`, `SSIM ${title}`])],
      ...levels.flatMap(({ title, scores, perImage }) => {
        const cells = (of: typeof scores): Cell[] => of.flatMap(({ psnr, ssim }) => [psnr, ssim])
        return [[title, 'mean', ...cells(scores)], ...perImage.map((one): Cell[] => [title, one.name, ...cells(one.scores)])] // prettier-ignore
      }),
    ]
  },
  'objects.csv'(evaluation) {
    const index = evaluation.objects()
    const { gt, dt, images, labels } = index.set
    const { truth, detection } = index.pairs(0.5)
    const { kind } = index.tide()
    const rows: Cell[][] = [['image', 'kind', 'label', 'score', 'x', 'y', 'width', 'height', 'match', 'tide']]
    const box = (from: Float64Array, row: number) => Array.from(from.subarray(4 * row, 4 * row + 4))
    for (let d = 0; d < dt.length; d++) {
      const match = truth[d] < 0 ? 'wrong' : gt.ignore[truth[d]] ? 'ignored' : 'right'
      const { name } = images[dt.image[d]]
      rows.push([name, 'detection', labels[dt.category[d]].name, dt.score[d], ...box(dt.box, d), match, kind[d]])
    }
    for (let g = 0; g < gt.length; g++) {
      const match = gt.ignore[g] ? 'ignored' : detection[g] >= 0 ? 'found' : 'missed'
      rows.push([images[gt.image[g]].name, 'truth', labels[gt.category[g]].name, '', ...box(gt.box, g), match, ''])
    }
    return rows
  },
}

function need(evaluation: OpenEvaluation) {
  const analysis = evaluation.analysis()
  if (analysis) return analysis
  throw withoutDetails(evaluation.row.id)
}

export const csvText = (rows: readonly (readonly Cell[])[]): string =>
  `${rows.map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`

/** Quoted where needed (RFC 4180); a text that a spreadsheet would take for a formula gets an apostrophe. */
export function csvCell(value: Cell): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function listPlots(store: Store, run: string) {
  const folder = join(store.folder, 'runs', run, 'plots')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => extname(name) in mimes)
    .sort()
    .map((name) => {
      const mime = mimes[extname(name)]
      return { ...serveFile({ path: join(folder, name), mime, name: `${run}-${name}` }), name, mime }
    })
}
