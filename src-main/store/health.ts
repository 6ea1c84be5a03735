/** What training would suffer from, as far as the rows tell. */
import { truthOf } from '@shared/catalog/tasks'
import type { Finding, Health } from '@shared/contract/training'
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
  const add = (code: string, level: Finding['level'], message: string, advice: string, more: Partial<Finding> = {}) =>
    findings.push({ code, level, message, advice, labels: [], samples: [], count: 0, ...more })
  const of = (row: Record<SplitName, number>, splits: readonly SplitName[]) =>
    splits.reduce((sum, split) => sum + row[split], 0)
  const train = of(images, trainSplits)
  const evaluated = trainSplits.includes(evalSplit) ? 0 : images[evalSplit]

  const { task } = getProject(db)
  const truth = truthOf(task)
  const isLabelled = truth !== 'image'
  if (isLabelled && labels.length === 0) add('no-labels', 'problem', 'The project has no classes.', 'Draw some objects, or import annotations.') // prettier-ignore
  // Of which none has a split: the start of a training divides them.
  const undivided = images.none > 0 && images.train + images.val + images.test === 0
  if (undivided)
    add(
      'undivided',
      'advice',
      `${images.none === 1 ? '1 image has' : `${images.none} images have`} no split yet.`,
      'The start of a training divides them: 80 % to learn from, 10 % to choose the best weights, 10 % for the end.',
      { count: images.none },
    )
  else if (train === 0)
    add('no-train', 'problem', `No usable image is in the split ${trainSplits.join(', ')}.`, 'Divide the images into splits, or train on another split.', { count: images.none }) // prettier-ignore
  else if (train < smallData)
    add(
      'few-images',
      'warning',
      `Only ${train === 1 ? '1 image is' : `${train} images are`} learned from.`,
      isLabelled
        ? `Label more, at least ${smallData}; start from the weights of another run or file; let a first model label the rest.`
        : `Import more, at least ${smallData}.`,
      { count: train },
    )
  if (trainSplits.includes(evalSplit))
    add('eval-is-train', 'problem', `The split ${evalSplit} is learned from and evaluated on.`, 'Choose another split to evaluate on: scores on learned images mean nothing.') // prettier-ignore
  else if (evaluated === 0 && !undivided)
    add('no-eval', 'problem', `No usable image is in the split ${evalSplit}.`, 'Give it a tenth of the images: without it no best weights can be chosen.') // prettier-ignore
  else if (evaluated < smallEval && !undivided)
    add(
      'few-eval',
      'warning',
      `Only ${evaluated === 1 ? '1 image is' : `${evaluated} images are`} evaluated on; scores will jump from epoch to epoch.`,
      `Give ${evalSplit} at least ${smallEval} images.`,
      { count: evaluated },
    )
  if (images.none > 0 && !undivided)
    add(
      'unassigned',
      'advice',
      `${images.none} images belong to no split and take no part.`,
      'Divide them into splits.',
      {
        ...pick(db, `SELECT id FROM visible_sample WHERE split IS NULL AND state = 'ok'`),
        count: images.none,
      },
    )
  classFindings(labels, train, { trainSplits, evalSplit }, add, of)
  sampleFindings(db, isLabelled ? trainSplits : null, truth === 'class', add)
  leakFindings(db, add)
  const rank = { problem: 0, warning: 1, advice: 2 }
  findings.sort((a, b) => rank[a.level] - rank[b.level])
  return { findings, images, labels, unhashed: countUnhashed(db) }
}

type Add = (code: string, level: Finding['level'], message: string, advice: string, more?: Partial<Finding>) => void
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
  const names = (rows: readonly LabelRow[]) => listed(rows.map(({ name }) => name))
  const empty = labels.filter((row) => of(row, trainSplits) === 0)
  if (empty.length > 0)
    add('empty-class', empty.length === labels.length ? 'problem' : 'warning', `${names(empty)}: no object to learn from.`, 'Label some, move images with them into the training split, or remove the class.', named(empty)) // prettier-ignore
  const small = labels.filter((row) => of(row, trainSplits) > 0 && of(row, trainSplits) < few.train)
  if (small.length > 0)
    add('few-objects', 'warning', `${names(small)}: fewer than ${few.train} objects to learn from.`, 'Label more of them, or merge them with a similar class.', named(small)) // prettier-ignore
  const unseen = labels.filter((row) => of(row, trainSplits) > 0 && row[evalSplit] < few.eval)
  if (unseen.length > 0 && !trainSplits.includes(evalSplit))
    add('few-eval-objects', 'advice', `${names(unseen)}: fewer than ${few.eval} objects in ${evalSplit}; their scores are chance.`, `Divide the images anew, or label more in ${evalSplit}.`, named(unseen)) // prettier-ignore
  const largest = labels.reduce((n, row) => Math.max(n, of(row, trainSplits)), 0)
  const rare = labels.filter((row) => of(row, trainSplits) >= few.train && of(row, trainSplits) * imbalance < largest)
  if (rare.length > 0)
    add('imbalance', 'advice', `${names(rare)}: ${imbalance} times rarer than the most frequent class (${largest} objects).`, 'Label more of them; images that show them help most.', named(rare)) // prettier-ignore
}

/** @param trainSplits null: images need no labels. @param isTagged each image has one class, its first tag. */
function sampleFindings(db: ReadDb, trainSplits: readonly SplitName[] | null, isTagged: boolean, add: Add): void {
  const missing = pick(db, `SELECT id FROM visible_sample WHERE state <> 'ok'`)
  if (missing.count > 0)
    add('missing-images', 'warning', `${missing.count} image files are missing or cannot be read; they are left out.`, 'Relink or restore them.', missing) // prettier-ignore
  if (trainSplits === null) return
  if (isTagged) return tagFindings(db, trainSplits, add)
  const empty = pick(
    db,
    `SELECT id FROM visible_sample s WHERE state = 'ok' AND reviewed = 0 AND split IN (SELECT value FROM json_each(?))
       AND NOT EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id)`,
    JSON.stringify(trainSplits),
  )
  if (empty.count > 0)
    add('unlabelled', 'warning', `${empty.count} training images have no annotation and are not reviewed; objects on them are learned as background.`, 'Label them, mark them as reviewed if they are empty, or take them out of the split.', empty) // prettier-ignore
}

/** A classifier learns one class of each image; those without one are left out. */
function tagFindings(db: ReadDb, trainSplits: readonly SplitName[], add: Add): void {
  const several = pick(
    db,
    `SELECT s.id FROM visible_sample s JOIN visible_annotation a ON a.sample_id = s.id AND a.kind = 'tag'
     WHERE s.state = 'ok' AND s.split IS NOT NULL GROUP BY s.id HAVING count(DISTINCT a.label_id) > 1 ORDER BY s.id`,
  )
  if (several.count > 0)
    add('several-classes', 'warning', `${several.count} images have several classes. A classifier learns one of each image, the one that was given first; the others are taken for wrong.`, 'Leave one class on each, or give their combination a class of its own.', several) // prettier-ignore
  const none = pick(
    db,
    `SELECT id FROM visible_sample s WHERE state = 'ok' AND split IN (SELECT value FROM json_each(?))
       AND NOT EXISTS (SELECT 1 FROM visible_annotation a WHERE a.sample_id = s.id AND a.kind = 'tag')`,
    JSON.stringify(trainSplits),
  )
  if (none.count > 0)
    add('unlabelled', 'warning', `${none.count} training images have no class and are left out.`, 'Give them one, or take them out of the split.', none) // prettier-ignore
}

function leakFindings(db: ReadDb, add: Add): void {
  const leaked = pick(
    db,
    `SELECT s.id FROM visible_sample s WHERE s.hash IN (
       SELECT hash FROM visible_sample WHERE hash IS NOT NULL AND split IS NOT NULL AND state = 'ok'
       GROUP BY hash HAVING count(DISTINCT split) > 1)`,
  )
  if (leaked.count > 0)
    add('leakage', 'problem', `${leaked.count} image files are in several splits with the same content; scores on them are too good.`, 'Keep each in one split.', leaked) // prettier-ignore
  const double = pick(
    db,
    `SELECT s.id FROM visible_sample s WHERE s.hash IN (
       SELECT hash FROM visible_sample WHERE hash IS NOT NULL GROUP BY hash HAVING count(*) > 1 AND count(DISTINCT split) < 2)`,
  )
  if (double.count > 0)
    add('duplicates', 'advice', `${double.count} image files have the same content as another one of their split.`, 'Remove what is double; it is learned twice.', double) // prettier-ignore
}

function pick(db: ReadDb, text: string, ...args: string[]): { samples: number[]; count: number } {
  const ids = sql<{ id: number }>(db, text)
    .all(...args)
    .map(({ id }) => id)
  return { samples: ids.slice(0, most), count: ids.length }
}

const listed = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
