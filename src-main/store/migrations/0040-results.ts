/** Details of evaluations, the order of waiting jobs, and predictions as single boxes that can be decided on. */
import type { Migration } from './migration'

export const m0040: Migration = {
  version: 40,
  name: 'results, predictions, review',
  run(db) {
    db.exec(`
ALTER TABLE job ADD COLUMN run_order INTEGER;       -- of waiting jobs; null: by id, after those that have one

ALTER TABLE evaluation ADD COLUMN final INTEGER NOT NULL DEFAULT 0; -- 1: made by the run itself when it ended
ALTER TABLE evaluation ADD COLUMN thresholds TEXT;  -- JSON; null: not known
ALTER TABLE evaluation ADD COLUMN slice TEXT;       -- JSON; null: whole images
CREATE TABLE evaluation_detail (
  evaluation_id INTEGER PRIMARY KEY REFERENCES evaluation(id) ON DELETE CASCADE,
  analysis BLOB NOT NULL,             -- gzip of JSON: curves, confusion matrix, TIDE, counts
  objects BLOB NOT NULL               -- gzip of evaluation/object-set: every ground truth and detection
);

-- The table prediction keeps one row per source and sample: that the model looked at it, and its best score.
CREATE TABLE prediction_box (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  sample_id INTEGER NOT NULL,
  label_id INTEGER NOT NULL,
  score REAL NOT NULL,
  x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending', -- pending | accepted | rejected
  annotation_id INTEGER,              -- what it became when it was accepted
  revision INTEGER NOT NULL DEFAULT 0
);
INSERT INTO prediction_box (source, sample_id, label_id, score, x1, y1, x2, y2)
  SELECT p.source, p.sample_id, label.id, d.value ->> 'score', d.value -> 'box' ->> 0, d.value -> 'box' ->> 1,
    d.value -> 'box' ->> 2, d.value -> 'box' ->> 3
  FROM prediction p, json_each(p.detections) d JOIN label ON label.idx = d.value ->> 'label';
ALTER TABLE prediction DROP COLUMN detections;
CREATE INDEX prediction_box_sample ON prediction_box(sample_id, source);
CREATE INDEX prediction_box_source ON prediction_box(source, state, score);

-- Annotations that a person confirmed against a model that does not find them.
CREATE TABLE review_mark (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  annotation_id INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX review_mark_annotation ON review_mark(source, annotation_id);
`)
  },
}
