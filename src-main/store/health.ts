/** What training would suffer from, as far as the rows tell. */
import { fillWords, type WordValues } from '@shared/base/fill-words'
import { truthOf } from '@shared/catalog/tasks'
import type { Finding, Health } from '@shared/contract/training'
import { healthWords, type HealthWordsKey } from '@shared/domain/health-words'
import { sql, type ReadDb } from './db'
import { listLabels } from './label'
import { getProject } from './project'
import { countUnhashed } from './sample-file'

export type SplitName = 'train' | 'val' | 'test'
interface Splits {
  trainSplits: readonly SplitName[]
  evalSplit: SplitName
}

const most = 200
/** Below this many objects a class is hardly learned, and its scores are chance. */
const few = { train: 20, eval: 5 }
/** A class with so much less than the largest one is learned late. */
const imbalance = 20
const smallData = 50
const smallEval = 20

export function checkHealth(db: ReadDb, { trainSplits, evalSplit }: Splits): Health {
  const images = { train: 0, val: 0, test: 0, none: 0 }
  for (const { split, n } of sql<{ split: SplitName | null; n: number }>(
    db,
    `SELECT split, count(*) AS n FROM visible_sample WHERE state = 'ok' GROUP BY split`,
  ).iterate())
    images[split ?? 'none'] += n
  const labels = listLabels(db)
    .filter(({ gap }) => !gap)
    .map(({ id, name }) => ({ id, name, train: 0, val: 0, test: 0, none: 0 }))
  const byId = new Map(labels.map((label) => [label.id, label]))
  const counts = sql<{ label: number; split: SplitName | null; n: number }>(
    db,
    `SELECT a.label_id AS label, s.split, count(*) AS n FROM visible_annotation a JOIN visible_sample s ON s.id = a.sample_id
     WHERE s.state = 'ok' GROUP BY a.label_id, s.split`,
  )
  for (const { label, split, n } of counts.iterate()) {
    const row = byId.get(label)
    if (row) row[split ?? 'none'] += n
  }
  const findings: Finding[] = []
  const add: Add = (...finding) => void findings.push(makeFinding(...finding))
  const of = (row: Record<SplitName, number>, splits: readonly SplitName[]) =>
    splits.reduce((sum, split) => sum + row[split], 0)
  const train = of(images, trainSplits)
  const evaluated = trainSplits.includes(evalSplit) ? 0 : images[evalSplit]

  const { task } = getProject(db)
  const truth = truthOf(task)
  const isLabelled = truth !== 'image'
  if (isLabelled && labels.length === 0) add('no-labels', 'problem')
  // Of which none has a split: the start of a training divides them.
  const undivided = images.none > 0 && images.train + images.val + images.test === 0
  if (undivided) add('undivided', 'advice', { images: images.none }, { count: images.none })
  else if (train === 0) {
    const missing = countMissing(db, trainSplits)
    if (missing > 0) add('no-train-files', 'problem', { splits: trainSplits, missing }, { code: 'no-train' })
    else add('no-train', 'problem', { splits: trainSplits }, { count: images.none })
  } else if (train < smallData)
    add(
      isLabelled ? 'few-images' : 'few-clean-images',
      'warning',
      { images: train, least: smallData },
      { code: 'few-images', count: train },
    )
  if (trainSplits.includes(evalSplit)) add('eval-is-train', 'problem', { split: evalSplit })
  else if (evaluated === 0 && !undivided) {
    const missing = countMissing(db, [evalSplit])
    if (missing > 0) add('no-eval-files', 'problem', { split: evalSplit, missing }, { code: 'no-eval' })
    else add('no-eval', 'problem', { split: evalSplit })
  } else if (evaluated < smallEval && !undivided)
    add('few-eval', 'warning', { images: evaluated, split: evalSplit, least: smallEval }, { count: evaluated })
  if (images.none > 0 && !undivided) {
    const { samples } = pick(db, `SELECT id FROM visible_sample WHERE split IS NULL AND state = 'ok'`)
    add('unassigned', 'advice', { images: images.none }, { samples, count: images.none })
  }
  classFindings(labels, train, { trainSplits, evalSplit }, add, of)
  sampleFindings(db, isLabelled ? trainSplits : null, truth === 'class', add)
  leakFindings(db, add)
  const rank = { problem: 0, warning: 1, advice: 2 }
  findings.sort((a, b) => rank[a.level] - rank[b.level])
  return { findings, images, labels, unhashed: countUnhashed(db) }
}

/** Images of splits whose files are not there or cannot be read. */
const countMissing = (db: ReadDb, splits: readonly SplitName[]): number =>
  pick(
    db,
    `SELECT id FROM visible_sample WHERE state <> 'ok' AND split IN (SELECT value FROM json_each(?))`,
    JSON.stringify(splits),
  ).count

type Add = (key: HealthWordsKey, level: Finding['level'], values?: WordValues, more?: Partial<Finding>) => void

/** With its sentences in English. A key that says something more special than its code gives the code in `more`. */
export function makeFinding(
  key: HealthWordsKey,
  level: Finding['level'],
  values: WordValues = {},
  more: Partial<Finding> = {},
): Finding {
  const { message, advice } = healthWords[key]
  const said = { message: fillWords(message, values), advice: fillWords(advice, values) }
  return {
    code: key,
    level,
    ...said,
    key,
    values: values as Finding['values'],
    labels: [],
    samples: [],
    count: 0,
    ...more,
  }
}
type LabelRow = Health['labels'][number]

function classFindings(
  labels: readonly LabelRow[],
  train: number,
  { trainSplits, evalSplit }: Splits,
  add: Add,
  of: (row: Record<SplitName, number>, splits: readonly SplitName[]) => number,
): void {
  if (train === 0) return
  const named = (rows: readonly LabelRow[]) => ({ labels: rows.map(({ id }) => id), count: rows.length })
  const names = (rows: readonly LabelRow[]) => rows.map(({ name }) => name)
  const empty = labels.filter((row) => of(row, trainSplits) === 0)
  if (empty.length > 0)
    add('empty-class', empty.length === labels.length ? 'problem' : 'warning', { labels: names(empty) }, named(empty))
  const small = labels.filter((row) => of(row, trainSplits) > 0 && of(row, trainSplits) < few.train)
  if (small.length > 0) add('few-objects', 'warning', { labels: names(small), least: few.train }, named(small))
  const unseen = labels.filter((row) => of(row, trainSplits) > 0 && row[evalSplit] < few.eval)
  if (unseen.length > 0 && !trainSplits.includes(evalSplit))
    add('few-eval-objects', 'advice', { labels: names(unseen), least: few.eval, split: evalSplit }, named(unseen))
  const largest = labels.reduce((n, row) => Math.max(n, of(row, trainSplits)), 0)
  const rare = labels.filter((row) => of(row, trainSplits) >= few.train && of(row, trainSplits) * imbalance < largest)
  if (rare.length > 0) add('imbalance', 'advice', { labels: names(rare), times: imbalance, largest }, named(rare))
}

/** @param trainSplits null: images need no labels. @param isTagged each image has one class, its first tag. */
function sampleFindings(db: ReadDb, trainSplits: readonly SplitName[] | null, isTagged: boolean, add: Add): void {
  const missing = pick(db, `SELECT id FROM visible_sample WHERE state <> 'ok'`)
  if (missing.count > 0) add('missing-images', 'warning', { images: missing.count }, missing)
  if (trainSplits === null) return
  if (isTagged) return tagFindings(db, trainSplits, add)
  const empty = pick(
    db,
    `SELECT id FROM visible_sample s WHERE state = 'ok' AND reviewed = 0 AND split IN (SELECT value FROM json_each(?))
       AND NOT EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id)`,
    JSON.stringify(trainSplits),
  )
  if (empty.count > 0) add('unlabelled', 'warning', { images: empty.count }, empty)
}

/** A classifier learns one class of each image; those without one are left out. */
function tagFindings(db: ReadDb, trainSplits: readonly SplitName[], add: Add): void {
  const several = pick(
    db,
    `SELECT s.id FROM visible_sample s JOIN visible_annotation a ON a.sample_id = s.id AND a.kind = 'tag'
     WHERE s.state = 'ok' AND s.split IS NOT NULL GROUP BY s.id HAVING count(DISTINCT a.label_id) > 1 ORDER BY s.id`,
  )
  if (several.count > 0) add('several-classes', 'warning', { images: several.count }, several)
  const none = pick(
    db,
    `SELECT id FROM visible_sample s WHERE state = 'ok' AND split IN (SELECT value FROM json_each(?))
       AND NOT EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id AND a.kind = 'tag')`,
    JSON.stringify(trainSplits),
  )
  if (none.count > 0) add('no-class', 'warning', { images: none.count }, { ...none, code: 'unlabelled' })
}

function leakFindings(db: ReadDb, add: Add): void {
  const leaked = pick(
    db,
    `SELECT s.id FROM visible_sample s WHERE s.hash IN (
       SELECT hash FROM visible_sample WHERE hash IS NOT NULL AND split IS NOT NULL AND state = 'ok'
       GROUP BY hash HAVING count(DISTINCT split) > 1)`,
  )
  if (leaked.count > 0) add('leakage', 'problem', { images: leaked.count }, leaked)
  const double = pick(
    db,
    `SELECT s.id FROM visible_sample s WHERE s.hash IN (
       SELECT hash FROM visible_sample WHERE hash IS NOT NULL GROUP BY hash HAVING count(*) > 1 AND count(DISTINCT split) < 2)`,
  )
  if (double.count > 0) add('duplicates', 'advice', { images: double.count }, double)
}

function pick(db: ReadDb, text: string, ...args: string[]): { samples: number[]; count: number } {
  const ids = sql<{ id: number }>(db, text)
    .all(...args)
    .map(({ id }) => id)
  return { samples: ids.slice(0, most), count: ids.length }
}
