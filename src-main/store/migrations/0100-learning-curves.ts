/** What more labels would bring: the last measured learning curves, one row. */
import type { Migration } from './migration'

export const m0100: Migration = {
  version: 100,
  name: 'learning curves',
  run(db) {
    db.exec(`
CREATE TABLE learning_curves (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  result     TEXT NOT NULL,      -- JSON, contract/curves
  revision   INTEGER NOT NULL,   -- of the project when its data were frozen
  created_at TEXT NOT NULL
) STRICT`)
  },
}
