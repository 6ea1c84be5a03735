/** Evaluations as text and as names of columns, whatever was evaluated. */
import type { ClassEvaluation } from './evaluate-classes'
import { formatRestoration, type Restoration } from './restoration'
import { type IouType, cocoParams, summaryRows } from './coco-params'
import { formatPose } from './format-pose'
import { formatSummary } from './summarize'

export interface EvaluationNumbers {
  iouType: IouType | 'class' | 'image'
  stats: readonly number[]
  classification?: ClassEvaluation | null
  restoration?: Restoration | null
  /** What a task says beside, by its kind. */
  report?: { kind: string } | null
}

/** Lines of what tasks say beside these numbers. */
const reports: Readonly<Record<string, (report: never) => string[]>> = { pose: formatPose }

/** Names of the numbers in `stats`, in its order. */
export const statNames = (iouType: EvaluationNumbers['iouType']): string[] =>
  iouType === 'image'
    ? ['PSNR', 'SSIM']
    : iouType === 'class'
      ? ['top1', 'top5', 'loss', 'f1']
      : summaryRows(cocoParams(iouType)).map(({ name }) => name)

/** pycocotools' lines, character for character; a classifier's in the layout of scikit-learn's classification report. */
export function formatEvaluation({ iouType, stats, classification, restoration, report }: EvaluationNumbers): string[] {
  const more = report ? (reports[report.kind]?.(report as never) ?? []) : []
  if (iouType === 'image') return restoration ? formatRestoration(restoration) : []
  if (iouType !== 'class') return [...formatSummary(stats, cocoParams(iouType)), ...more]
  return classification ? formatClasses(classification) : []
}

export function formatClasses({ images, top1, top5, loss, perClass, macro, weighted }: ClassEvaluation): string[] {
  const width = Math.max(12, ...perClass.map(({ label }) => label.length))
  const row = (name: string, cells: readonly (number | string)[]) =>
    [
      name.padStart(width),
      ...cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : cell).padStart(9)),
    ].join(' ')
  const scores = (one: { precision: number; recall: number; f1: number }) => [one.precision, one.recall, one.f1]
  return [
    row('', ['precision', 'recall', 'f1-score', 'support']),
    ...perClass.map((one) => row(one.label, [...scores(one), String(one.support)])),
    '',
    row('macro avg', [...scores(macro), String(images)]),
    row('weighted avg', [...scores(weighted), String(images)]),
    '',
    `top-1 ${top1.toFixed(3)}  top-5 ${top5.toFixed(3)}  loss ${loss.toFixed(3)}  (${images} images)`,
  ]
}
