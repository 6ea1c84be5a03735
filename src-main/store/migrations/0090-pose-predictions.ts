/** Predictions of poses: JSON rows [x, y, confidence] beside the box; NULL: the model tells none. */
import type { Migration } from './migration'

export const m0090: Migration = {
  version: 90,
  name: 'points of predictions',
  run(db) {
    db.exec('ALTER TABLE prediction_box ADD COLUMN keypoints TEXT')
  },
}
