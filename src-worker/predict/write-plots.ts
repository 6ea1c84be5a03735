/** Curves and the confusion matrix of an evaluation as CSV, for spreadsheets. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Detections, GroundTruth } from '@shared/evaluation/coco-columns'
import { confusionMatrix } from '@shared/evaluation/confusion-matrix'
import { evaluationCurves } from '@shared/evaluation/curves'
import type { CocoEvaluation } from '@shared/evaluation/evaluate-coco'
import { writeAtomic } from '../files/write-atomic'

/** Writes pr.csv, precision.csv, recall.csv, f1.csv (IoU .5) and confusion.csv (at the best mean F1). */
export async function writePlots(
  folder: string,
  { gt, dt, evaluation }: { gt: GroundTruth; dt: Detections; evaluation: CocoEvaluation },
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const curves = evaluationCurves(evaluation, { iou: 0.5 })
  const classes = curves.perClass.filter(({ groundTruths }) => groundTruths > 0)
  const names = classes.map(({ label }) => label)
  const write = (name: string, rows: readonly (readonly (string | number)[])[]) =>
    writeAtomic(join(folder, name), [`${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`])
  const against = (axis: readonly number[], first: string, of: (one: typeof curves.mean) => readonly number[]) => [
    [first, 'all', ...names],
    ...axis.map((x, i) => [x, of(curves.mean)[i] ?? '', ...classes.map((one) => of(one)[i])]),
  ]
  const recalls = Array.from({ length: 101 }, (_, i) => i / 100)
  await write(
    'pr.csv',
    against(recalls, 'recall', (one) => one.precisionAtRecall),
  )
  for (const series of ['precision', 'recall', 'f1'] as const)
    await write(
      `${series}.csv`,
      against(curves.confidence, 'confidence', (one) => one[series]),
    )
  const conf = curves.mean.best?.confidence ?? 0.25
  const { labels, counts } = confusionMatrix({ gt, dt, conf })
  await write('confusion.csv', [['predicted \\ true', ...labels], ...counts.map((row, i) => [labels[i], ...row])])
}

const cell = (value: string | number): string => {
  const text = String(value)
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
