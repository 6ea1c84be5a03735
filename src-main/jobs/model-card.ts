/** What somebody should know before they use a run's model. */
import { stringify as toYaml } from 'yaml'
import { truthOf } from '@shared/catalog/tasks'
import { models } from '@shared/catalog/models'
import { formatEvaluation } from '@shared/evaluation/format-evaluation'
import { listArtifacts } from '../store/artifact'
import { listEvaluations } from '../store/evaluation'
import { listLabels } from '../store/label'
import { openEvaluation } from '../store/open-evaluation'
import { findRun } from '../store/run'
import { getSnapshot } from '../store/snapshot'
import type { Store } from '../store/store'

export function modelCard(
  store: Store,
  ref: string,
  licence: string | null,
): { markdown: string; json: Record<string, unknown> } {
  const { db } = store
  const run = findRun(db, ref)
  const rows = listEvaluations(db, run.id)
  const row = rows.findLast(({ final }) => final) ?? rows.at(-1)
  const evaluation = row ? openEvaluation(store, row.id) : null
  const result = evaluation?.result() ?? null
  const best = evaluation?.analysis()?.curves.mean.best ?? null
  const snapshot = run.snapshot === null ? null : getSnapshot(db, run.snapshot)
  const labels = result?.perClass.map(({ label }) => label) ?? listLabels(db).map(({ name }) => name)
  const model = models.ids.includes(run.model) ? models.get(run.model) : null
  // Of several exports to one path the newest stands for all.
  const onnx = listArtifacts(db, run.id).filter(({ kind }) => kind === 'onnx')
  const exports = [...new Map(onnx.map((one) => [one.file, one])).values()]
  const json = {
    name: run.name,
    task: run.task,
    licence,
    model: { id: run.model, title: model?.title ?? run.model, source: model?.source ?? null },
    labels,
    data: {
      project: store.project.name,
      images: snapshot?.samples ?? null,
      annotations: snapshot?.annotations ?? null,
      splits: snapshot?.splits ?? null,
      sha256: snapshot?.hash ?? null,
    },
    training: {
      run: run.id,
      epochs: run.epoch,
      seconds: run.seconds,
      finishedAt: run.finishedAt,
      recipe: run.recipe,
      recipeHash: run.recipeHash,
    },
    evaluation: row
      ? {
          split: row.split,
          images: row.images,
          thresholds: row.thresholds,
          coco: result?.coco ?? null,
          perClass: result?.perClass ?? null,
          best,
        }
      : null,
    files: exports.map(({ file, bytes, meta, createdAt }) => ({
      file: file.split(/[\\/]/).at(-1),
      bytes,
      checkpoint: (meta as { options?: { checkpoint?: 'best' | 'last' } } | null)?.options?.checkpoint ?? null,
      createdAt,
    })),
  }
  return {
    markdown: markdown(
      json,
      row
        ? formatEvaluation({
            ...row,
            classification: result?.classification ?? null,
            restoration: result?.restoration ?? null,
            report: result?.report ?? null,
          })
        : [],
    ),
    json,
  }
}

type Card = Record<string, unknown> & {
  name: string
  task: string
  licence: string | null
  model: { title: string; source: string | null }
  labels: string[]
  data: {
    project: string
    images: number | null
    annotations: number | null
    splits: readonly string[] | null
    sha256: string | null
  }
  training: { run: string; epochs: number; seconds: number | null; recipe: Record<string, unknown> }
  evaluation: {
    split: string | null
    images: number
    perClass: { label: string }[] | null
    best: { confidence: number; precision: number; recall: number; f1: number } | null
  } | null
  files: { file: string | undefined; checkpoint: 'best' | 'last' | null }[]
}

function markdown(
  { name, task, licence, model, labels, data, training, evaluation, files }: Card,
  table: readonly string[],
): string {
  const value = (row: { label: string }, key: string): string => {
    const found = (row as Record<string, unknown>)[key]
    return typeof found === 'number' ? found.toFixed(3) : '-'
  }
  const lines = [
    `# ${inline(name)}`,
    '',
    `${model.title}${model.source ? ` (${model.source})` : ''}, trained on ${inline(data.project)}.`,
    '',
    `- Licence: ${licence ? inline(licence) : 'not stated'}`,
    ...(labels.length > 0 ? [`- Classes (${labels.length}): ${labels.map(inline).join(', ')}`] : []),
    `- Data of the run${data.splits?.length ? ` (${data.splits.join(', ')})` : ''}: ${data.images ?? 'unknown'} images${truthOf(task) === 'image' ? '' : `, ${data.annotations ?? 'unknown'} annotations`}${data.sha256 ? ` (sha256 of the frozen data ${data.sha256.slice(0, 16)})` : ''}`,
    `- Training: run ${training.run}, ${Math.round(training.epochs)} epochs${training.seconds === null ? '' : `, ${Math.round(training.seconds)} s`}`,
    ...files.map(
      ({ file = '', checkpoint }) => `- File: ${inline(file)}${checkpoint ? `, ${weightsOf[checkpoint]}` : ''}`,
    ),
    '',
  ]
  if (evaluation) {
    const { best } = evaluation
    lines.push(
      `## Scores on ${evaluation.images} images (${evaluation.split ?? 'all'})`,
      '',
      '```',
      ...table,
      '```',
      '',
    )
    if (best) {
      lines.push(
        `At confidence ${best.confidence.toFixed(3)}, where the mean F1 is best (IoU .5): precision ${best.precision.toFixed(3)}, recall ${best.recall.toFixed(3)}, F1 ${best.f1.toFixed(3)}.`,
        '',
      )
    }
    const rows = evaluation.perClass ?? []
    const known = [['AP', 'AP50', 'AR100'], ['precision', 'recall', 'f1']].find(([key]) => rows.some((row) => key in row)) // prettier-ignore
    const columns = known ?? []
    if (rows.length > 0) lines.push(`| ${['Class', ...columns].join(' | ')} |`, `|${'---|'.repeat(columns.length + 1)}`)
    for (const row of rows)
      lines.push(`| ${[inline(row.label), ...columns.map((key) => value(row, key))].join(' | ')} |`)
    lines.push('')
  } else lines.push('The model was not evaluated.', '')
  lines.push('## Recipe', '', '```yaml', toYaml(training.recipe).trimEnd(), '```', '')
  return lines.join('\n')
}

const weightsOf = { best: 'weights of the best epoch', last: 'weights of the last epoch' } as const

/** Names stand for themselves: nothing in them is read as Markdown or HTML. */
const inline = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]()#+!|<>~]/g, '\\$&')
