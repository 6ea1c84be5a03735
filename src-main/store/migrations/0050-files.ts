/** What is known of image files besides their rows, and the annotation files of folder mode. */
import type { Migration } from './migration'

export const m0050: Migration = {
  version: 50,
  name: 'image files, folder mode',
  run(db) {
    db.exec(`
-- As last seen by background work. sample.hash holds the sha256 of the same content.
CREATE TABLE sample_file (
  sample_id INTEGER PRIMARY KEY REFERENCES sample(id) ON DELETE CASCADE,
  bytes INTEGER NOT NULL,
  mtime REAL NOT NULL,                -- ms
  dhash TEXT                          -- 16 hex digits, difference hash of the upright image; null: cannot be decoded
);
CREATE INDEX sample_file_dhash ON sample_file(dhash) WHERE dhash IS NOT NULL;

CREATE TABLE folder_mode (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  config TEXT NOT NULL                -- JSON, see store/folder-mode.ts
);
-- The annotation file of each image as it was last read or written. Without a row: none was there.
CREATE TABLE folder_file (
  sample_id INTEGER PRIMARY KEY REFERENCES sample(id) ON DELETE CASCADE,
  file TEXT NOT NULL,                 -- absolute
  bytes INTEGER NOT NULL,
  mtime REAL NOT NULL,
  hash TEXT NOT NULL,                 -- sha256 of the file
  own INTEGER NOT NULL DEFAULT 0,     -- 1: made here, there was none before
  conflict TEXT                       -- hash of the outside content that a person has to decide about
);
-- Images whose rows were changed since their file was written; filled by triggers while folder mode is on.
CREATE TABLE folder_touched (
  sample_id INTEGER PRIMARY KEY,
  changes INTEGER NOT NULL            -- a file that was written meanwhile covers only those counted before
);
`)
  },
}
