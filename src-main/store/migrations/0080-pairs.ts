/** Images that have another image as their truth, such as the clean one of a noisy one. */
import type { Migration } from './migration'

export const m0080: Migration = {
  version: 80,
  name: 'pairs of images',
  run(db) {
    for (const table of ['sample', 'sample_trash']) {
      db.exec(`
ALTER TABLE ${table} ADD COLUMN pair TEXT;          -- path of the other image, relative to the sample's root; null: none
ALTER TABLE ${table} ADD COLUMN pair_blob TEXT;     -- its copy in blobs/, as sample.blob
`)
    }
  },
}
