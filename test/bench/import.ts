import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { datasetsContract } from '@shared/contract/datasets'
import { importDatasets } from '../../src-main/jobs/import-job'
import { projectInfo } from '../../src-main/services/project'
import { initStore, openStore, projectFileName } from '../../src-main/store/store'
import { describeLoad, describeMachine, readOption, type BenchContext } from './context'
import { makeCoco } from './make-coco'

/**
 * Imports a generated COCO file of 118,000 images and 860,000 boxes with polygons, whose images do not exist, and asks
 * the opened project for its info. `-- --images N --boxes N --order annotations,images,categories --keep folder`.
 */
export async function run({ root, args, json }: BenchContext): Promise<void> {
  const images = Number(readOption(args, 'images', '118000'))
  const boxes = Number(readOption(args, 'boxes', '860000'))
  const order = readOption(args, 'order', 'images,annotations,categories').split(',') as (
    'images' | 'annotations' | 'categories'
  )[]
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-bench-'))
  try {
    const file = join(folder, 'instances_train.json')
    const bytes = await makeCoco(file, { images, boxes, order })
    let top = 0
    const watch = setInterval(() => (top = Math.max(top, process.memoryUsage().rss)), 50)
    const store = initStore(join(folder, 'project'))
    const cpu = process.cpuUsage()
    const started = performance.now()
    const params = datasetsContract.methods.import.input.parse({ paths: [file] })
    const report = await importDatasets(
      store,
      params,
      { signal: new AbortController().signal, report() {}, log() {} },
      join(root, 'out/main/read-thread.js'),
    )
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(cpu)
    clearInterval(watch)
    store.close()
    // As a command does: opened anew, nothing in memory.
    const opened = performance.now()
    const again = openStore(join(folder, 'project'))
    const info = projectInfo(again)
    const infoSeconds = (performance.now() - opened) / 1000
    again.close()
    if (info.samples.total !== images || info.annotations.total !== boxes || report.counts.skipped > 0) {
      throw new Error(
        `Imported ${info.samples.total} images and ${info.annotations.total} boxes of ${images} and ${boxes}.`,
      )
    }
    const figures = {
      machine: describeMachine(),
      load: describeLoad(),
      fileMB: Math.round(bytes / 1e6),
      projectMB: Math.round(statSync(join(folder, 'project', projectFileName)).size / 1e6),
      images,
      boxes,
      seconds: Number(seconds.toFixed(2)),
      cpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
      residentMB: Math.round(top / 1e6),
      infoSeconds: Number(infoSeconds.toFixed(3)),
    }
    if (json) console.log(JSON.stringify(figures, null, 2))
    else {
      console.log(`${figures.images} images, ${figures.boxes} boxes with polygons, ${figures.fileMB} MB of JSON`)
      console.log(
        `import ${figures.seconds} s (processor ${figures.cpuSeconds} s), ${figures.residentMB} MB resident; info ${figures.infoSeconds} s`,
      )
      if (figures.load) console.log(figures.load)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
