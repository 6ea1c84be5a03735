/** One index less: `annotation_object` begins with the sample too, and each annotation is entered in it anyway. */
import type { Migration } from './migration'

export const m0060: Migration = {
  version: 60,
  name: 'one index of annotations by sample',
  run(db) {
    db.exec('DROP INDEX annotation_sample')
  },
}
