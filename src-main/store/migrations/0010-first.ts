/** The first schema. Geometry: float64 pixels, upright, continuous (see src-shared/domain/geometry.ts). */
import type { Migration } from './migration'

// An annotation's columns, also those of its trash table.
const annotationColumns = `
  sample_id INTEGER NOT NULL %sample,
  label_id INTEGER NOT NULL %label,
  kind TEXT NOT NULL,
  x1 REAL, y1 REAL, x2 REAL, y2 REAL, -- bounding box of every kind; null where there is none (tags)
  shape TEXT,                         -- JSON of the whole Shape for every kind but 'box'
  flags INTEGER NOT NULL DEFAULT 0,   -- bits: 1 difficult, 2 truncated, 4 occluded, 8 crowd, 16 hidden, 32 locked
  area REAL,                          -- as stated by the imported file, else null
  z INTEGER NOT NULL DEFAULT 0,
  provenance TEXT,                    -- null: drawn by hand; 'import'; 'run:r3'...
  extra TEXT,
  import_id INTEGER,
  revision INTEGER NOT NULL DEFAULT 0`

const sampleColumns = `
  root_id INTEGER NOT NULL %root,
  path TEXT NOT NULL,                 -- relative to the root, '/' as separator
  name TEXT NOT NULL,
  blob TEXT,                          -- 'ab/<sha256>.ext' when the image was copied into blobs/
  width INTEGER, height INTEGER,      -- upright
  split TEXT,
  reviewed INTEGER NOT NULL DEFAULT 0,
  coco_image_id INTEGER NOT NULL,
  hash TEXT,
  state TEXT NOT NULL DEFAULT 'ok',   -- ok | missing | unreadable
  extra TEXT,
  import_id INTEGER,
  revision INTEGER NOT NULL DEFAULT 0`

const fill = (columns: string, targets: Record<string, string>): string =>
  columns.replace(/ ?%(\w+)/g, (_, name: string) => (targets[name] ? ` REFERENCES ${targets[name]}` : ''))

export const m0010: Migration = {
  version: 10,
  name: 'first schema',
  run(db) {
    db.exec(`
CREATE TABLE project (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  settings TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE root (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  path TEXT NOT NULL UNIQUE,          -- absolute, or relative to the project folder; '.' is the project folder
  created_at TEXT NOT NULL
);
CREATE TABLE skeleton (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL, revision INTEGER NOT NULL DEFAULT 0);
CREATE TABLE import (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  format TEXT,
  root_id INTEGER REFERENCES root(id),
  status TEXT NOT NULL,               -- pending | done | removed
  copy INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  finished_at TEXT,
  samples INTEGER NOT NULL DEFAULT 0,
  annotations INTEGER NOT NULL DEFAULT 0,
  labels INTEGER NOT NULL DEFAULT 0,
  -- The rows of one import lie in these id ranges: found without an index on import_id.
  first_sample INTEGER, last_sample INTEGER, first_annotation INTEGER, last_annotation INTEGER,
  indexes TEXT,                       -- while pending: definitions of the indexes to build again when it ends
  report TEXT,
  extra TEXT,                         -- JSON: fields of the whole file, under the format's id
  revision INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE label (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  idx INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  color TEXT NOT NULL,
  coco_id INTEGER NOT NULL,
  skeleton_id INTEGER REFERENCES skeleton(id),
  gap INTEGER NOT NULL DEFAULT 0,     -- 1: a deleted class whose index stays taken
  extra TEXT,
  import_id INTEGER,
  revision INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE sample (id INTEGER PRIMARY KEY AUTOINCREMENT, ${fill(sampleColumns, { root: 'root(id)' })}
);
CREATE UNIQUE INDEX sample_path ON sample(root_id, path);
CREATE UNIQUE INDEX sample_coco ON sample(coco_image_id);
CREATE INDEX sample_split ON sample(split, reviewed, state);
CREATE TABLE annotation (id INTEGER PRIMARY KEY AUTOINCREMENT, ${fill(annotationColumns, { sample: 'sample(id)', label: 'label(id)' })}
);
CREATE INDEX annotation_sample ON annotation(sample_id);
CREATE INDEX annotation_label ON annotation(label_id, kind, sample_id);

CREATE TABLE history (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  reason TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 1,    -- 0: undone, can be redone
  merge INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0,
  changes TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX history_undone ON history(id) WHERE done = 0;
-- Rows removed by set: kept whole as long as the history row that can bring them back.
CREATE TABLE sample_trash (history_id INTEGER NOT NULL REFERENCES history(id) ON DELETE CASCADE, id INTEGER NOT NULL, ${fill(sampleColumns, {})}
);
CREATE INDEX sample_trash_history ON sample_trash(history_id, id);
CREATE TABLE annotation_trash (history_id INTEGER NOT NULL REFERENCES history(id) ON DELETE CASCADE, id INTEGER NOT NULL, ${fill(annotationColumns, {})}
);
CREATE INDEX annotation_trash_history ON annotation_trash(history_id, id);

CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  file TEXT NOT NULL,
  splits TEXT NOT NULL,               -- JSON array
  samples INTEGER NOT NULL,
  annotations INTEGER NOT NULL,
  hash TEXT NOT NULL,                 -- sha256 of the uncompressed lines
  revision INTEGER NOT NULL,          -- of the project when it was taken
  created_at TEXT NOT NULL
);
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  params TEXT NOT NULL,
  status TEXT NOT NULL,               -- queued running paused done failed cancelled interrupted
  progress TEXT,                      -- JSON {phase, done, total}
  result TEXT,
  error TEXT,
  run_id TEXT,                        -- the run that this job carries
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT
);
CREATE INDEX job_status ON job(status);
CREATE TABLE run (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,            -- 'r' || seq
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  status TEXT NOT NULL,
  model TEXT NOT NULL,
  recipe TEXT NOT NULL,
  recipe_hash TEXT,                   -- null until the worker has resolved the recipe
  job_id INTEGER REFERENCES job(id),
  snapshot_id INTEGER REFERENCES snapshot(id),
  provider TEXT,
  epoch REAL NOT NULL DEFAULT 0,      -- done so far
  step INTEGER NOT NULL DEFAULT 0,
  best TEXT, last TEXT,               -- JSON {epoch, step, AP, AP50}
  seconds REAL, images_per_second REAL, data_wait REAL,
  error TEXT,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT
);
CREATE INDEX run_name ON run(name);
CREATE TABLE metric (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_seq INTEGER NOT NULL REFERENCES run(seq) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  series TEXT NOT NULL,
  value REAL                          -- null: not a finite number
);
CREATE INDEX metric_run ON metric(run_seq, id);
CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_seq INTEGER NOT NULL REFERENCES run(seq) ON DELETE CASCADE,
  kind TEXT NOT NULL,                 -- last | best | ...
  step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  file TEXT NOT NULL,
  score REAL,
  created_at TEXT NOT NULL,
  UNIQUE (run_seq, kind)
);
CREATE TABLE artifact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_seq INTEGER REFERENCES run(seq) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  file TEXT NOT NULL,
  bytes INTEGER,
  meta TEXT,
  created_at TEXT NOT NULL
);
CREATE INDEX artifact_run ON artifact(run_seq);
CREATE TABLE prediction (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,               -- 'run:r3' or the path of a model file
  sample_id INTEGER NOT NULL REFERENCES sample(id) ON DELETE CASCADE,
  detections TEXT NOT NULL,           -- JSON array of Detection
  max_score REAL,
  created_at TEXT NOT NULL,
  UNIQUE (source, sample_id)
);
CREATE INDEX prediction_sample ON prediction(sample_id);
CREATE TABLE evaluation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_seq INTEGER REFERENCES run(seq) ON DELETE CASCADE,
  source TEXT NOT NULL,
  split TEXT,
  iou_type TEXT NOT NULL,
  step INTEGER,
  epoch REAL,
  images INTEGER NOT NULL,
  seconds REAL,
  stats TEXT NOT NULL,
  result TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX evaluation_run ON evaluation(run_seq);
`)
  },
}
