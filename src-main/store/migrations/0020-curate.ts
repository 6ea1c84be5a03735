/** Tags, natural order, hot keys, figures per sample, lint; and an index that answers questions about boxes alone. */
import { naturalKey } from '@shared/base/natural-key'
import { sql } from '../db'
import type { Migration } from './migration'

export const m0020: Migration = {
  version: 20,
  name: 'tags, natural order, hot keys, sample scores, lint',
  run(db) {
    for (const table of ['sample', 'sample_trash']) {
      db.exec(`
ALTER TABLE ${table} ADD COLUMN tags TEXT;          -- JSON array, alphabetical; null: none
ALTER TABLE ${table} ADD COLUMN name_key TEXT;      -- base/natural-key of name
`)
      const rows = sql<{ row: number; name: string }>(db, `SELECT rowid AS row, name FROM ${table}`).all()
      const set = sql(db, `UPDATE ${table} SET name_key = ? WHERE rowid = ?`)
      for (const { row, name } of rows) set.run(naturalKey(name), row)
    }
    db.exec(`
ALTER TABLE label ADD COLUMN hotkey TEXT;           -- null: the digit of its index; '': none
CREATE INDEX sample_name ON sample(name_key);
CREATE INDEX sample_hash ON sample(hash) WHERE hash IS NOT NULL;
-- Boxes without the outlines, which make up most of a row: statistics, lint, thumbnails and filters by size read this.
CREATE INDEX annotation_object ON annotation(sample_id, label_id, kind, flags, x1, y1, x2, y2);

CREATE TABLE sample_score (
  kind TEXT NOT NULL,                 -- loss | uncertainty | disagreement ...
  sample_id INTEGER NOT NULL,         -- without owner check: a sample that comes back by undo finds its figures
  value REAL NOT NULL,
  PRIMARY KEY (kind, sample_id)
) WITHOUT ROWID;

CREATE TABLE lint_scan (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,          -- of the project that the findings describe
  scanned_at TEXT NOT NULL
);
CREATE TABLE lint_issue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  code TEXT NOT NULL,
  sample_id INTEGER,                  -- null: about the whole project
  annotation_id INTEGER,
  label_id INTEGER,
  fix TEXT,
  data TEXT NOT NULL                  -- JSON {message, values}
);
CREATE INDEX lint_issue_code ON lint_issue(code, sample_id, annotation_id, fix);
CREATE INDEX lint_issue_sample ON lint_issue(sample_id);
`)
  },
}
