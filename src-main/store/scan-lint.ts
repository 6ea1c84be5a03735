/** Runs the lint over samples, and over the project as a whole. */
import type { Shape } from '@shared/domain/annotation'
import { lintSample, makeFinding, type LintFinding, type LintLabel, type LintObject } from '@shared/domain/lint-sample'
import { sql, tupleSql, type ReadDb, type WriteDb } from './db'
import { listLabels } from './label'
import { addFindings, clearLint, replaceFindings, replaceProjectFindings, setLintScan } from './lint-issue'
import { getProject } from './project'
import { bySample, readBoxes, walkBoxes, type BoxPage, type BoxTuple } from './walk-boxes'

/** A class with fewer objects than this part of the most frequent one's is learned poorly. */
export const imbalanceRatio = 100
const crowdBit = 8

export interface ScanOutcome {
  samples: number
  issues: number
}

/** Scans everything, page by page: the project stays usable. Findings are complete when it answers. */
export async function scanLint(
  db: WriteDb,
  options: { signal?: AbortSignal; report?: (done: number) => void; now?: Date } = {},
): Promise<ScanOutcome> {
  const { revision } = getProject(db)
  clearLint(db)
  const outcome: ScanOutcome = { samples: 0, issues: 0 }
  const tally = new Map<number, { total: number; train: number }>()
  let hasTrain = false
  for await (const page of walkBoxes(db, options.signal)) {
    const found = [...lintPage(db, page)].flatMap(([sample, list]) => list.map((finding) => ({ sample, finding })))
    addFindings(db, found)
    outcome.issues += found.length
    outcome.samples += page.samples.length
    for (const [[, , , split], boxes] of bySample(page)) {
      const isTrain = split === 'train'
      hasTrain ||= isTrain
      for (const [, , label] of boxes) {
        const count = tally.get(label) ?? { total: 0, train: 0 }
        tally.set(label, count)
        count.total++
        if (isTrain) count.train++
      }
    }
    options.report?.(outcome.samples)
  }
  const overall = [...lintUnused(db), ...lintBalance(db, tally, hasTrain)]
  replaceProjectFindings(db, ['unused-label', 'imbalance', 'class-not-in-train'], overall)
  setLintScan(db, revision, options.now ?? new Date())
  return { ...outcome, issues: outcome.issues + overall.length }
}

/** Looks at some samples again, after edits. Of the findings about the project only unused labels follow. */
export function rescanSamples(db: WriteDb, samples: readonly number[], revision: number): void {
  replaceFindings(db, samples, findingsNow(db, samples))
  replaceProjectFindings(db, ['unused-label'], lintUnused(db))
  setLintScan(db, revision)
}

/** What lint says of these samples at this moment; nothing is stored. */
export const findingsNow = (db: ReadDb, samples: readonly number[]): Map<number, LintFinding[]> =>
  new Map(lintPage(db, readBoxes(db, samples)))

function* lintPage(db: ReadDb, page: Pick<BoxPage, 'samples' | 'boxes'>): Generator<[number, LintFinding[]]> {
  const labels: ReadonlyMap<number, LintLabel> = new Map(listLabels(db).map((label) => [label.id, label]))
  const poses = readPoses(db, page.boxes)
  for (const [[id, width, height, , , state], boxes] of bySample(page)) {
    const objects = boxes.map(([, annotation, label, kind, flags, x1, y1, x2, y2]): LintObject => {
      const keypoints = kind === 'keypoints' ? { keypoints: poses.get(annotation) ?? [] } : {}
      const box = x1 === null ? null : ([x1, y1, x2, y2] as const)
      return { id: annotation, label, kind: kind as Shape['kind'], box, crowd: (flags & crowdBit) !== 0, ...keypoints }
    })
    const found = lintSample({ width, height, state }, objects, labels)
    if (found.length > 0) yield [id, found]
  }
}

function readPoses(
  db: ReadDb,
  boxes: readonly BoxTuple[],
): Map<number, Extract<Shape, { kind: 'keypoints' }>['keypoints']> {
  const ids = boxes.filter(([, , , kind]) => kind === 'keypoints').map(([, id]) => id)
  if (ids.length === 0) return new Map()
  const text = 'SELECT id, shape FROM visible_annotation WHERE id IN (SELECT value FROM json_each(?))'
  const rows = tupleSql<[number, string]>(db, text).all(JSON.stringify(ids))
  return new Map(
    rows.map(([id, shape]) => [id, (JSON.parse(shape) as Extract<Shape, { kind: 'keypoints' }>).keypoints]),
  )
}

function lintUnused(db: ReadDb): LintFinding[] {
  const used = sql(db, 'SELECT 1 FROM visible_annotation WHERE label_id = ? LIMIT 1')
  return listLabels(db)
    .filter(({ id, gap }) => !gap && !used.get(id))
    .map(({ id, name }) => makeFinding('unused-label', { label: id, values: { label: name }, fix: 'delete-label' }))
}

function lintBalance(
  db: ReadDb,
  tally: ReadonlyMap<number, { total: number; train: number }>,
  hasTrain: boolean,
): LintFinding[] {
  const found: LintFinding[] = []
  const labels = listLabels(db)
  const most = labels.reduce<(typeof labels)[number] | null>(
    (top, label) => (top === null || (tally.get(label.id)?.total ?? 0) > (tally.get(top.id)?.total ?? 0) ? label : top),
    null,
  )
  const largest = most ? (tally.get(most.id)?.total ?? 0) : 0
  for (const { id, name } of labels) {
    const { total, train } = tally.get(id) ?? { total: 0, train: 0 }
    if (total === 0) continue
    if (hasTrain && train === 0) {
      found.push(makeFinding('class-not-in-train', { label: id, values: { label: name, objects: total } }))
    }
    if (total * imbalanceRatio <= largest) {
      found.push(
        makeFinding('imbalance', {
          label: id,
          values: { label: name, objects: total, most: most!.name, mostObjects: largest },
        }),
      )
    }
  }
  return found
}
