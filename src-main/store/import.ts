/**
 * Bulk import. Rows go in by chunks while the project stays usable; they belong to a pending import and are invisible
 * until `finish`. An import that is aborted, or found pending when the project is opened, is removed whole.
 *
 * Matching rules:
 * - Labels match by exact name (also gaps are left alone). New ones are appended in the order given; the order of the
 *   existing ones never changes. The file's cocoId is kept unless another label has it, else index + 1 (or the next free).
 * - Samples match by the absolute path of their file: (root, path), also through another registered root that contains
 *   it. A match is not duplicated: the sample keeps its id, and only fields that are empty (size, split) are filled in
 *   when the import ends; with `replaceSplit` a split in the file replaces the old one; `reviewed: true` is taken over.
 * - On a sample that was there before, an annotation equal to one it already has (label, shape, flags) is not added
 *   again, so importing the same file twice changes nothing. On new samples everything is kept, also exact duplicates.
 */
import { isAbsolute, posix, relative, resolve, sep } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { naturalKey } from '@shared/base/natural-key'
import type { DatasetAnnotation, DatasetLabel, DatasetSample } from '@shared/domain/dataset'
import { labelColor } from '@shared/domain/label'
import { sql, transaction, withoutFlush, withoutOwnerChecks, type WriteDb } from './db'
import { toJson } from './json'
import { packAnnotations, type PackedAnnotations } from './pack-annotations'
import { nextRevision } from './project'
import { ensureRoot, listRoots, toSlashes, type Root } from './root'
import type { AnnotationRow } from './rows'
import { setVisible } from './visible'

export interface ImportOptions {
  /** What is imported, for people: the path as given. */
  source: string
  /** Format id, e.g. `coco`. */
  format?: string
  /** Absolute folder that sample paths are relative to. */
  root: string
  /** Images are copied: each sample then needs its `blob` (see blobs.ts). */
  copy?: boolean
  /** A split in the imported data replaces the split of a sample that is already there. */
  replaceSplit?: boolean
}

export interface ImportSample extends DatasetSample {
  /** Default `ok`. */
  state?: 'ok' | 'missing' | 'unreadable'
  /** Name of the copy in blobs/, from `putBlob`. */
  blob?: string
  hash?: string
  /** Name of the copy of its pair. */
  pairBlob?: string
}

export interface ImportCounts {
  labels: number
  samples: number
  annotations: number
  /** Samples that were in the project before (or came twice in this import). */
  matchedSamples: number
  /** Annotations not added because the sample has an equal one. */
  unchangedAnnotations: number
}

export interface ImportBatch {
  readonly id: number
  readonly counts: Readonly<ImportCounts>
  /** Returns the label id by key. Names that come twice become one label. Call before the annotations that use them. */
  addLabels(labels: readonly DatasetLabel[]): Map<string, number>
  /** Returns id and whether the sample was there before, by key. One call is one transaction; 1 to 20,000 rows a call. */
  addSamples(samples: readonly ImportSample[]): Map<string, { id: number; existing: boolean }>
  /** Throws `unknown-reference` for a sample or label key that was not added before. 1 to 20,000 rows a call. */
  addAnnotations(annotations: readonly DatasetAnnotation[] | PackedAnnotations): void
  /** Makes everything visible at once, durable when it returns. `report` is any JSON, kept with the import; `extra` see DatasetChunk.extra. */
  finish(report?: unknown, extra?: Record<string, unknown>): ImportCounts & { id: number; revision: number }
  /** Removes everything that was added. */
  abort(): void
}

interface Hooks {
  folder: string
  now(): Date
  /** Called when the import has ended; with the revision when it changed the project. */
  ended(revision: number | null): void
}

/** Throws `import-running` while another import of this project is pending. */
export function beginImport(db: WriteDb, options: ImportOptions, { folder, now, ended }: Hooks): ImportBatch {
  const rootPath = resolve(options.root)
  const id = transaction(db, () => {
    const running = sql<{ source: string }>(db, `SELECT source FROM import WHERE status = 'pending'`).get()
    if (running) {
      throw new TagwrightError(
        'import-running',
        `${running.source} is still being imported. Wait until it ends, or cancel it.`,
      )
    }
    const root = ensureRoot(db, folder, rootPath, now())
    const next = (table: string) =>
      (sql<{ seq: number }>(db, 'SELECT seq FROM sqlite_sequence WHERE name = ?').get(table)?.seq ?? 0) + 1
    const insert = sql(
      db,
      `INSERT INTO import (source, format, root_id, status, copy, created_at, first_sample, first_annotation, indexes) VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?)`,
    )
    const indexes = dropIndexes(db)
    const row = insert.run(
      options.source,
      options.format ?? null,
      root,
      options.copy ? 1 : 0,
      now().toISOString(),
      next('sample'),
      next('annotation'),
      indexes,
    )
    return Number(row.lastInsertRowid)
  })
  setVisible(db, id)
  // Checkpoints in the middle of a bulk insert would write the same pages again and again.
  db.pragma('wal_autocheckpoint = 32768')

  const counts: ImportCounts = { labels: 0, samples: 0, annotations: 0, matchedSamples: 0, unchangedAnnotations: 0 }
  const labelIds = new Map<string, number>()
  const sampleIds = new Map<string, number>()
  const fills: { id: number; sample: ImportSample }[] = []
  /** Annotations of existing samples by fingerprint, loaded when the first one arrives. */
  const existing = new Map<number, Map<string, number> | null>()
  const locate = sampleLocator(db, folder, rootPath)
  const cocoImageIds = new Set(
    sql<{ id: number }>(db, 'SELECT coco_image_id AS id FROM sample')
      .all()
      .map((row) => row.id),
  )
  let nextCocoImageId =
    sql<{ top: number }>(db, 'SELECT coalesce(max(coco_image_id), 0) AS top FROM sample').get()!.top + 1
  let open = true

  /** A sample that was there may belong to another root: the path of its pair is told in full. */
  const inRoot = (sample: ImportSample): ImportSample =>
    sample.pair === undefined ? sample : { ...sample, pair: toSlashes(resolve(rootPath, sample.pair)) }
  const chunk = <T>(fn: () => T): T => {
    if (!open) throw new TagwrightError('import-ended', 'This import has ended. Begin a new one.')
    return withoutFlush(db, () => transaction(db, fn))
  }
  const end = (revision: number | null) => {
    open = false
    setVisible(db, null)
    db.pragma('wal_autocheckpoint = 1000')
    ended(revision)
  }

  // Each bound value costs a tenth of a row: what most rows share is written into the statement.
  const prepareAnnotation = (kind: string, plain: boolean) =>
    sql(
      db,
      `INSERT INTO annotation (sample_id, label_id, kind, x1, y1, x2, y2, shape, area, provenance, import_id${plain ? '' : ', flags, extra'})
       VALUES (?, ?, '${kind}', ?, ?, ?, ?, ?, ?, 'import', ${id}${plain ? '' : ', ?, ?'})`,
    )
  const insertSample = (sample: ImportSample, rootId: number, path: string): number | null => {
    let cocoImageId = sample.cocoImageId
    if (cocoImageId === undefined || cocoImageIds.has(cocoImageId)) cocoImageId = nextCocoImageId
    const name = posix.basename(path)
    const result = sql(
      db,
      `INSERT INTO sample (root_id, path, name, name_key, blob, width, height, split, reviewed, coco_image_id, hash, state, pair, pair_blob, extra, import_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (root_id, path) DO NOTHING`,
    ).run(
      rootId,
      path,
      name,
      naturalKey(name),
      sample.blob ?? null,
      sample.width ?? null,
      sample.height ?? null,
      sample.split ?? null,
      sample.reviewed ? 1 : 0,
      cocoImageId,
      sample.hash ?? null,
      sample.state ?? 'ok',
      sample.pair === undefined ? null : cleanPath(sample.pair),
      sample.pairBlob ?? null,
      toJson(sample.extra),
      id,
    )
    if (result.changes === 0) return null
    cocoImageIds.add(cocoImageId)
    nextCocoImageId = Math.max(nextCocoImageId, cocoImageId + 1)
    return Number(result.lastInsertRowid)
  }

  return {
    id,
    counts,
    addLabels: (labels) =>
      chunk(() => {
        const ids = new Map<string, number>()
        for (const label of labels) {
          const known = sql<{ id: number }>(db, 'SELECT id FROM label WHERE name = ?').get(label.name)?.id
          const labelId = known ?? insertLabel(db, label, id)
          if (known === undefined) counts.labels++
          labelIds.set(label.key, labelId)
          ids.set(label.key, labelId)
        }
        return ids
      }),
    addSamples: (samples) =>
      chunk(() => {
        const ids = new Map<string, { id: number; existing: boolean }>()
        for (const sample of samples) {
          const place = locate(sample.path)
          let sampleId = place.sampleId ?? insertSample(sample, place.rootId, place.path)
          const isNew = place.sampleId === null && sampleId !== null
          if (isNew) counts.samples++
          else {
            counts.matchedSamples++
            const row = sql<{ id: number; import_id: number | null }>(
              db,
              'SELECT id, import_id FROM sample WHERE root_id = ? AND path = ?',
            )
            const match =
              sampleId === null
                ? row.get(place.rootId, place.path)!
                : sql<{ id: number; import_id: number | null }>(
                    db,
                    'SELECT id, import_id FROM sample WHERE id = ?',
                  ).get(sampleId)!
            sampleId = match.id
            if (match.import_id !== id) {
              if (!existing.has(sampleId)) existing.set(sampleId, null)
              fills.push({ id: sampleId, sample })
            }
          }
          sampleIds.set(sample.key, sampleId!)
          ids.set(sample.key, { id: sampleId!, existing: !isNew })
        }
        return ids
      }),
    // Samples and labels come from the maps; `finish` makes sure that the older ones are still there.
    addAnnotations: (annotations) => {
      const packed = 'count' in annotations ? annotations : packAnnotations(annotations)
      const samples = packed.samples.map((key) => sampleIds.get(key) ?? unknownReference('sample', key))
      const labels = packed.labels.map((name) => labelIds.get(name) ?? unknownReference('label', name))
      const inserts = packed.kinds.map(
        (kind) => [prepareAnnotation(kind, false), prepareAnnotation(kind, true)] as const,
      )
      const { boxes, shapes, areas, extras } = packed
      withoutOwnerChecks(db, () =>
        chunk(() => {
          for (let i = 0; i < packed.count; i++) {
            const [sampleId, labelId] = [samples[packed.sample[i]], labels[packed.label[i]]]
            const kind = packed.kinds[packed.kind[i]]
            const hasBox = !Number.isNaN(boxes[4 * i])
            const x1 = hasBox ? boxes[4 * i] : null
            const y1 = hasBox ? boxes[4 * i + 1] : null
            const x2 = hasBox ? boxes[4 * i + 2] : null
            const y2 = hasBox ? boxes[4 * i + 3] : null
            const [shape, flags, extra] = [shapes[i], packed.flags[i], extras?.[i] ?? null]
            if (existing.has(sampleId)) {
              const there = existing.get(sampleId) ?? loadFingerprints(db, sampleId)
              existing.set(sampleId, there)
              const key = fingerprint({ label_id: labelId, kind, x1, y1, x2, y2, shape, flags })
              const left = there.get(key) ?? 0
              if (left > 0) {
                there.set(key, left - 1)
                counts.unchangedAnnotations++
                continue
              }
            }
            const area = Number.isNaN(areas[i]) ? null : areas[i]
            const [whole, plain] = inserts[packed.kind[i]]
            if (flags === 0 && extra === null) plain.run(sampleId, labelId, x1, y1, x2, y2, shape, area)
            else whole.run(sampleId, labelId, x1, y1, x2, y2, shape, area, flags, extra)
            counts.annotations++
          }
        }),
      )
    },
    finish: (report, extra) => {
      if (!open) throw new TagwrightError('import-ended', 'This import has ended. Begin a new one.')
      const revision = transaction(db, () => {
        const revision = nextRevision(db)
        restoreIndexes(db, id)
        checkOwners(db, options.source, new Set(labelIds.values()), existing.keys())
        for (const fill of fills) fillSample(db, fill.id, inRoot(fill.sample), options.replaceSplit ?? false, revision)
        sql(
          db,
          `UPDATE import SET status = 'done', finished_at = ?, samples = ?, annotations = ?, labels = ?, report = ?, extra = ?, revision = ?,
             last_sample = (SELECT coalesce(max(id), 0) FROM sample), last_annotation = (SELECT coalesce(max(id), 0) FROM annotation)
           WHERE id = ?`,
        ).run(
          now().toISOString(),
          counts.samples,
          counts.annotations,
          counts.labels,
          toJson(report),
          toJson(extra),
          revision,
          id,
        )
        return revision
      })
      end(revision)
      return { id, revision, ...counts }
    },
    abort: () => {
      if (!open) return
      // Also when removing fails (a full disk): the rows stay hidden from new handles and go when the project is opened.
      try {
        removePending(db)
        end(null)
      } finally {
        open = false
      }
    },
  }
}

/** Removes what imports that never ended have left. Returns their sources. */
export function removePending(db: WriteDb): string[] {
  const rows = sql<{ id: number; source: string; first_sample: number; first_annotation: number }>(
    db,
    `SELECT id, source, first_sample, first_annotation FROM import WHERE status = 'pending'`,
  ).all()
  for (const row of rows) {
    transaction(db, () => {
      sql(db, 'DELETE FROM annotation WHERE id >= ? AND import_id = ?').run(row.first_annotation, row.id)
      sql(db, 'DELETE FROM sample WHERE id >= ? AND import_id = ?').run(row.first_sample, row.id)
      sql(db, 'DELETE FROM label WHERE import_id = ?').run(row.id)
      restoreIndexes(db, row.id)
      sql(db, 'DELETE FROM import WHERE id = ?').run(row.id)
    })
  }
  return rows.map((row) => row.source)
}

/** An undo during the import may have taken away a label or sample that was there when it began. */
function checkOwners(db: WriteDb, source: string, labels: Iterable<number>, samples: Iterable<number>): void {
  const gone = (table: 'label' | 'sample', ids: Iterable<number>) => {
    for (const id of ids) if (!sql(db, `SELECT 1 FROM ${table} WHERE id = ?`).get(id)) return id
    return null
  }
  const label = gone('label', labels)
  const sample = gone('sample', samples)
  if (label === null && sample === null) return
  const what = label === null ? `sample ${sample}` : `label ${label}`
  throw new TagwrightError('changed-since', `The ${what} was removed while ${source} was imported. Import it again.`, {
    table: label === null ? 'sample' : 'label',
    id: label ?? sample,
  })
}

/**
 * Into an empty project annotations go without their indexes, which are built in one go at the end: several times
 * faster, and nobody can miss them, because there is nothing to see yet. Returns their definitions as JSON.
 */
function dropIndexes(db: WriteDb): string | null {
  if (sql(db, 'SELECT 1 FROM sample UNION ALL SELECT 1 FROM annotation LIMIT 1').get()) return null
  const indexes = sql<{ name: string; sql: string }>(
    db,
    `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'annotation' AND sql IS NOT NULL`,
  ).all()
  for (const { name } of indexes) db.exec(`DROP INDEX ${name}`)
  return JSON.stringify(indexes.map((index) => index.sql))
}

function restoreIndexes(db: WriteDb, importId: number): void {
  const row = sql<{ indexes: string | null }>(db, 'SELECT indexes FROM import WHERE id = ?').get(importId)
  for (const text of JSON.parse(row?.indexes ?? '[]') as string[]) db.exec(text)
  sql(db, 'UPDATE import SET indexes = NULL WHERE id = ?').run(importId)
}

function insertLabel(db: WriteDb, label: DatasetLabel, importId: number): number {
  const { count, top } = sql<{ count: number; top: number }>(
    db,
    'SELECT coalesce(max(idx), -1) + 1 AS count, coalesce(max(coco_id), 0) AS top FROM label',
  ).get()!
  const wanted = label.cocoId ?? count + 1
  const taken = sql(db, 'SELECT 1 FROM label WHERE coco_id = ?').get(wanted)
  const skeleton = label.skeleton
    ? Number(sql(db, 'INSERT INTO skeleton (data) VALUES (?)').run(JSON.stringify(label.skeleton)).lastInsertRowid)
    : null
  const insert = sql(
    db,
    'INSERT INTO label (idx, name, color, coco_id, skeleton_id, extra, import_id) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const row = insert.run(
    count,
    label.name,
    labelColor(count),
    taken ? top + 1 : wanted,
    skeleton,
    toJson(label.extra),
    importId,
  )
  return Number(row.lastInsertRowid)
}

/** Finds the sample of a path of the import, through any registered root that contains the file. */
function sampleLocator(db: WriteDb, folder: string, rootPath: string) {
  const roots = listRoots(db, folder)
  const own = roots.find((root) => root.path === rootPath)!
  const used = sql<{ root_id: number }>(db, 'SELECT DISTINCT root_id FROM sample')
    .all()
    .map((row) => row.root_id)
  const others = roots.filter((root) => root !== own && used.includes(root.id))
  const find = sql<{ id: number }>(db, 'SELECT id FROM sample WHERE root_id = ? AND path = ?')
  return (path: string): { rootId: number; path: string; sampleId: number | null } => {
    const clean = isAbsolute(path) ? (inside(own, path) ?? toSlashes(path)) : cleanPath(path)
    if (others.length > 0) {
      const file = resolve(rootPath, clean)
      for (const root of others) {
        const rest = inside(root, file)
        const id = rest === null ? undefined : find.get(root.id, rest)?.id
        if (id !== undefined) return { rootId: root.id, path: rest!, sampleId: id }
      }
    }
    return { rootId: own.id, path: clean, sampleId: null }
  }
}

/** Most paths are clean; normalising each of 100,000 would show. */
const cleanPath = (path: string): string => {
  const slashes = toSlashes(path)
  return /(^|\/)\.{0,2}(\/|$)/.test(slashes) ? posix.normalize(slashes) : slashes
}

function inside(root: Root, file: string): string | null {
  const rest = relative(root.path, file)
  return rest === '' || rest === '..' || rest.startsWith(`..${sep}`) || isAbsolute(rest) ? null : toSlashes(rest)
}

type Comparable = Pick<AnnotationRow, 'label_id' | 'kind' | 'x1' | 'y1' | 'x2' | 'y2' | 'shape' | 'flags'>
const fingerprint = (row: Comparable): string =>
  `${row.label_id} ${row.kind} ${row.flags & 15} ${row.shape ?? `${row.x1} ${row.y1} ${row.x2} ${row.y2}`}`

function loadFingerprints(db: WriteDb, sampleId: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (const row of sql<Comparable>(db, 'SELECT * FROM visible_annotation WHERE sample_id = ?').all(sampleId)) {
    const key = fingerprint(row)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function fillSample(db: WriteDb, id: number, sample: ImportSample, replaceSplit: boolean, revision: number): void {
  sql(
    db,
    `UPDATE sample SET width = coalesce(width, ?), height = coalesce(height, ?), hash = coalesce(hash, ?),
       split = ${replaceSplit ? 'coalesce(?, split)' : 'coalesce(split, ?)'}, reviewed = max(reviewed, ?), state = coalesce(?, state),
       pair = coalesce(pair, ?), blob = coalesce(blob, ?), pair_blob = coalesce(pair_blob, ?), revision = ?
     WHERE id = ?`,
  ).run(
    sample.width ?? null,
    sample.height ?? null,
    sample.hash ?? null,
    sample.split ?? null,
    sample.reviewed ? 1 : 0,
    sample.state ?? null,
    sample.pair ?? null,
    sample.blob ?? null,
    sample.pairBlob ?? null,
    revision,
    id,
  )
}

function unknownReference(kind: 'sample' | 'label', key: string): never {
  throw new TagwrightError(
    'unknown-reference',
    `An annotation refers to ${kind} "${key}", which the import has not given before it.`,
    { kind, key },
  )
}
