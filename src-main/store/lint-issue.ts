/**
 * Tables `lint_issue` and `lint_scan`: what the last scan found, kept up to date sample by sample. They describe the
 * user's rows but are none: no history, no revision.
 */
import { lintCodes, type LintCode } from '@shared/domain/lint'
import type { LintFinding, LintFix } from '@shared/domain/lint-sample'
import { atomically, sql, type ReadDb, type SqlValue, type WriteDb } from './db'

export interface StoredFinding extends LintFinding {
  id: number
  sample: number | null
}

interface Row {
  id: number
  code: LintCode
  sample_id: number | null
  annotation_id: number | null
  label_id: number | null
  fix: LintFix | null
  data: string
}
const toFinding = (row: Row): StoredFinding => ({
  id: row.id,
  code: row.code,
  sample: row.sample_id,
  annotation: row.annotation_id,
  label: row.label_id,
  fix: row.fix,
  ...(JSON.parse(row.data) as Pick<LintFinding, 'message' | 'values'>),
})

/** Before a new scan: nothing is known until it has ended. */
export function clearLint(db: WriteDb): void {
  atomically(db, () => {
    sql(db, 'DELETE FROM lint_scan').run()
    sql(db, 'DELETE FROM lint_issue').run()
  })
}

export function addFindings(db: WriteDb, findings: Iterable<{ sample: number | null; finding: LintFinding }>): void {
  atomically(db, () => {
    const insert = sql(
      db,
      'INSERT INTO lint_issue (code, sample_id, annotation_id, label_id, fix, data) VALUES (?, ?, ?, ?, ?, ?)',
    )
    for (const { sample, finding } of findings) {
      const { code, annotation, label, fix, message, values } = finding
      insert.run(code, sample, annotation, label, fix, JSON.stringify({ message, values }))
    }
  })
}

/** Replaces what is known of some samples. Findings that stay keep their id. */
export function replaceFindings(
  db: WriteDb,
  samples: readonly number[],
  found: ReadonlyMap<number, LintFinding[]>,
): void {
  const key = ({ code, annotation }: Pick<LintFinding, 'code' | 'annotation'>) => `${code} ${annotation}`
  atomically(db, () => {
    for (const sample of samples) {
      const wanted = new Map((found.get(sample) ?? []).map((finding) => [key(finding), finding]))
      for (const old of findingsOf(db, [sample])) {
        const now = wanted.get(key(old))
        const same = now && now.message === old.message && now.fix === old.fix && now.label === old.label
        if (same) wanted.delete(key(old))
        else sql(db, 'DELETE FROM lint_issue WHERE id = ?').run(old.id)
      }
      addFindings(
        db,
        [...wanted.values()].map((finding) => ({ sample, finding })),
      )
    }
  })
}

/** Replaces findings about the whole project of these codes. */
export function replaceProjectFindings(
  db: WriteDb,
  codes: readonly LintCode[],
  findings: readonly LintFinding[],
): void {
  atomically(db, () => {
    for (const code of codes) sql(db, 'DELETE FROM lint_issue WHERE code = ? AND sample_id IS NULL').run(code)
    addFindings(
      db,
      findings.map((finding) => ({ sample: null, finding })),
    )
  })
}

export interface LintScan {
  /** Of the project that the findings describe. */
  revision: number
  /** ISO 8601, UTC. */
  scannedAt: string
}

/** null: never scanned, or the scan did not end. */
export const getLintScan = (db: ReadDb): LintScan | null =>
  sql<LintScan>(db, 'SELECT revision, scanned_at AS scannedAt FROM lint_scan').get() ?? null

export function setLintScan(db: WriteDb, revision: number, now?: Date): void {
  atomically(db, () => {
    if (now) {
      const put = 'INSERT INTO lint_scan (id, revision, scanned_at) VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET'
      sql(db, `${put} revision = excluded.revision, scanned_at = excluded.scanned_at`).run(revision, now.toISOString())
    } else sql(db, 'UPDATE lint_scan SET revision = ?').run(revision)
  })
}

export interface LintCount {
  code: LintCode
  issues: number
  fixable: number
}

/**
 * Rows about what is gone meanwhile are passed over. Only asked when findings are behind: it looks up every row.
 */
const present = ` AND (sample_id IS NULL OR EXISTS (SELECT 1 FROM visible_sample s WHERE s.id = sample_id))
  AND (annotation_id IS NULL OR EXISTS (SELECT 1 FROM visible_annotation a WHERE a.id = annotation_id))`

export interface FindingChoice {
  /** Findings describe the project as it is. */
  fresh: boolean
  sample?: number
}

/** In order of severity; codes without findings are left out. */
export function countFindings(db: ReadDb, { fresh, sample }: FindingChoice): LintCount[] {
  const where = `1${sample === undefined ? '' : ' AND sample_id = ?'}${fresh ? '' : present}`
  const text = `SELECT code, count(*) AS issues, count(fix) AS fixable FROM lint_issue WHERE ${where} GROUP BY code`
  const rows = sql<LintCount>(db, text).all(...(sample === undefined ? [] : [sample]))
  return rows.sort((a, b) => lintCodes.indexOf(a.code) - lintCodes.indexOf(b.code))
}

/** In order of severity, then of sample and annotation. Walks the index of each code, so later pages cost no sorting. */
export function listFindings(
  db: ReadDb,
  counts: readonly LintCount[],
  { fresh, sample, limit, offset }: FindingChoice & { limit: number; offset: number },
): StoredFinding[] {
  const where = `code = ?${sample === undefined ? '' : ' AND sample_id = ?'}${fresh ? '' : present}`
  const text = `SELECT * FROM lint_issue WHERE ${where} ORDER BY sample_id, annotation_id LIMIT ? OFFSET ?`
  const out: StoredFinding[] = []
  let skip = offset
  for (const { code, issues } of counts) {
    if (out.length >= limit) break
    if (skip >= issues) {
      skip -= issues
      continue
    }
    const args: SqlValue[] = [code, ...(sample === undefined ? [] : [sample]), limit - out.length, skip]
    out.push(
      ...sql<Row>(db, text)
        .all(...args)
        .map(toFinding),
    )
    skip = 0
  }
  return out
}

export const findingsOf = (db: ReadDb, samples: readonly number[]): StoredFinding[] =>
  sql<Row>(db, 'SELECT * FROM lint_issue WHERE sample_id IN (SELECT value FROM json_each(?)) ORDER BY id')
    .all(JSON.stringify(samples))
    .map(toFinding)

export const findingsWithId = (db: ReadDb, ids: readonly number[]): StoredFinding[] =>
  sql<Row>(db, 'SELECT * FROM lint_issue WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id')
    .all(JSON.stringify(ids))
    .map(toFinding)

/** All of a code. */
export const findingsWithCode = (db: ReadDb, code: LintCode): StoredFinding[] =>
  sql<Row>(db, 'SELECT * FROM lint_issue WHERE code = ? ORDER BY id').all(code).map(toFinding)
