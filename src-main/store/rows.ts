/** The user's tables as they lie in SQLite: columns, and which of them a change records and compares. */
import type { SqlValue } from './db'

export interface ProjectRow {
  id: number
  name: string
  task: string
  /** JSON object. */
  settings: string
  created_at: string
}
export interface SkeletonRow {
  id: number
  data: string
}
export interface LabelRow {
  id: number
  idx: number
  name: string
  color: string
  coco_id: number
  skeleton_id: number | null
  gap: number
  hotkey: string | null
  extra: string | null
  import_id: number | null
}
export interface SampleRow {
  id: number
  root_id: number
  path: string
  name: string
  blob: string | null
  width: number | null
  height: number | null
  split: string | null
  reviewed: number
  coco_image_id: number
  hash: string | null
  state: string
  /** JSON array of strings, alphabetical; null: none. */
  tags: string | null
  /** Follows `name` by itself. */
  name_key: string | null
  /** Path of the image that this one should be, relative to the root; null: none. */
  pair: string | null
  pair_blob: string | null
  extra: string | null
  import_id: number | null
}
export interface AnnotationRow {
  id: number
  sample_id: number
  label_id: number
  kind: string
  x1: number | null
  y1: number | null
  x2: number | null
  y2: number | null
  shape: string | null
  flags: number
  area: number | null
  z: number
  provenance: string | null
  extra: string | null
  import_id: number | null
}
export interface ImportRow {
  id: number
  source: string
  status: string
}

/** A box a model found, and what somebody decided about it. */
export interface PredictionBoxRow {
  id: number
  source: string
  sample_id: number
  label_id: number
  score: number
  x1: number
  y1: number
  x2: number
  y2: number
  state: string
  annotation_id: number | null
  /** JSON rows [x, y, confidence]; null: the model tells no points. */
  keypoints: string | null
}
export interface ReviewMarkRow {
  id: number
  source: string
  annotation_id: number
}

export interface UserTables {
  project: ProjectRow
  skeleton: SkeletonRow
  label: LabelRow
  sample: SampleRow
  annotation: AnnotationRow
  import: ImportRow
  prediction_box: PredictionBoxRow
  review_mark: ReviewMarkRow
}
export type UserTable = keyof UserTables

/** Columns of an inserted or removed row, in order; `id` first. The row's `revision` is set by every change. */
export const columnsOf: { [T in UserTable]: readonly (keyof UserTables[T] & string)[] } = {
  project: ['id', 'name', 'task', 'settings', 'created_at'],
  skeleton: ['id', 'data'],
  label: ['id', 'idx', 'name', 'color', 'coco_id', 'skeleton_id', 'gap', 'hotkey', 'extra', 'import_id'],
  // prettier-ignore
  sample: [
    'id', 'root_id', 'path', 'name', 'blob', 'width', 'height', 'split', 'reviewed', 'coco_image_id', 'hash', 'state',
    'tags', 'name_key', 'pair', 'pair_blob', 'extra', 'import_id',
  ],
  // prettier-ignore
  annotation: [
    'id', 'sample_id', 'label_id', 'kind', 'x1', 'y1', 'x2', 'y2', 'shape', 'flags', 'area', 'z', 'provenance', 'extra',
    'import_id',
  ],
  import: ['id', 'source', 'status'],
  // prettier-ignore
  prediction_box: [
    'id', 'source', 'sample_id', 'label_id', 'score', 'x1', 'y1', 'x2', 'y2', 'state', 'annotation_id', 'keypoints',
  ],
  review_mark: ['id', 'source', 'annotation_id'],
}

/** Columns that background jobs fill in, or that follow others: a difference there does not stand in the way of undo. */
export const machineColumns: { [T in UserTable]?: readonly string[] } = {
  sample: ['hash', 'state', 'width', 'height', 'name_key'],
}

/** Tables whose rows jobs replace: a row that is gone or decided otherwise does not stand in the way of undo. */
export const replacedTables: readonly UserTable[] = ['prediction_box']

/** Tables whose rows can be removed by set, into `<table>_trash`. */
export const trashTables = ['sample', 'annotation'] as const
export type TrashTable = (typeof trashTables)[number]

/** One reversible step. `ids` is an id set (see id-set.ts). */
export type Change =
  | { op: 'insert'; table: UserTable; id: number; row: Record<string, SqlValue> }
  | { op: 'remove'; table: UserTable; id: number; row: Record<string, SqlValue> }
  | { op: 'update'; table: UserTable; id: number; before: Record<string, SqlValue>; after: Record<string, SqlValue> }
  | { op: 'set'; table: UserTable; column: string; before: SqlValue; after: SqlValue; count: number; ids: string }
  | { op: 'remove-set'; table: TrashTable; count: number; ids: string }
  | { op: 'restore-set'; table: TrashTable; count: number; ids: string }
