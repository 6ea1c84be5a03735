/**
 * Changes a project as fast as it can and reports every change after it was acknowledged, until it is killed. Modes:
 * `edit` draws boxes one by one; `import` imports again and again in chunks; `mixed` also undoes, redoes and relabels.
 */
import { rng } from '@shared/base/rng'
import { appendMetrics, metricCursor } from '../../src-main/store/metric'
import { createRun, listRuns } from '../../src-main/store/run'
import { openStore } from '../../src-main/store/store'

export interface Acknowledged {
  /** Annotation ids drawn since the last report. */
  drawn?: number
  /** Last metric row written. */
  cursor?: number
  /** Sources of finished imports. */
  imported?: string
  /** Number of removed unfinished imports at start-up. */
  removed?: number
}

const [folder, mode, seed] = process.argv.slice(2)
const store = openStore(folder)
const random = rng(Number(seed))
const say = (message: Acknowledged) => process.send!(message)
say({ removed: store.removedImports.length })
if (listRuns(store.db).length === 0) createRun(store.db, { task: 'detect', model: 'm', recipe: {} })

for (let n = 0; ; n++) {
  if (mode === 'import') {
    const root = `/images/${seed}-${n}`
    const batch = store.beginImport({ source: root, root })
    batch.addLabels([{ key: '1', name: 'ship' }])
    for (let chunk = 0; chunk < 3; chunk++) {
      const samples = Array.from({ length: 200 }, (_, i) => ({ key: `${chunk}-${i}`, path: `${chunk}-${i}.jpg` }))
      batch.addSamples(samples)
      batch.addAnnotations(
        samples.map(({ key }) => ({ sample: key, label: '1', shape: { kind: 'box', box: [1, 2, 3, 4] } })),
      )
    }
    batch.finish()
    say({ imported: root })
  } else {
    const x = random.uniform(0, 500)
    const drawn = store.change('Draw', (write) => {
      const box = { x1: x, y1: x, x2: x + 1, y2: x + 2 }
      return write.insert('annotation', { sample_id: 1, label_id: 1, kind: 'box', ...box })
    })
    say({ drawn })
    if (mode === 'mixed') {
      appendMetrics(store.db, 'r1', [{ step: n, epoch: n / 10, series: 'train/loss', value: x }])
      say({ cursor: metricCursor(store.db, 'r1') })
      if (random.chance(0.2)) {
        const split = random.chance(0.5) ? 'train' : 'val'
        // Only a change that wrote something is the step that undo takes back.
        if (store.change('Split', (write) => write.set('sample', 'split', split, [1, 2, 3])) > 0) {
          store.undo()
          store.redo()
        }
      }
    }
  }
  // Lets the messages out; a kill may come at any point before or after.
  await new Promise((resolve) => setImmediate(resolve))
}
