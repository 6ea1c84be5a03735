import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rng } from '@shared/base/rng'
import { annotationsContract } from '@shared/contract/annotations'
import type { SampleFilter } from '@shared/contract/filter'
import { historyContract } from '@shared/contract/history'
import { labelsContract } from '@shared/contract/labels'
import { client, serve } from '@shared/contract/rpc'
import { samplesContract } from '@shared/contract/samples'
import { statisticsContract } from '@shared/contract/statistics'
import { memoryWires } from '@shared/contract/wires/memory'
import type { DatasetAnnotation } from '@shared/domain/dataset'
import { createAnnotationsService } from '../../src-main/services/annotations'
import { createHistoryService } from '../../src-main/services/history'
import { createLabelsService } from '../../src-main/services/labels'
import { projectInfo } from '../../src-main/services/project'
import { createSamplesService } from '../../src-main/services/samples'
import { createStatisticsService } from '../../src-main/services/statistics'
import { countFindings, listFindings } from '../../src-main/store/lint-issue'
import { putSampleScores } from '../../src-main/store/sample-score'
import { scanLint } from '../../src-main/store/scan-lint'
import { initStore, openStore, projectFileName, type Store } from '../../src-main/store/store'
import { describeLoad, describeMachine, median, readOption, type BenchContext } from './context'

/**
 * What the gallery, the lists and the statistics ask of a project of 100,000 images and 860,000 polygons in 80 classes,
 * through the contract over an in-memory wire. `-- --images N --boxes N --repeat N`.
 */
export async function run({ args, json }: BenchContext): Promise<void> {
  const images = Number(readOption(args, 'images', '100000'))
  const boxes = Number(readOption(args, 'boxes', '860000'))
  const repeat = Number(readOption(args, 'repeat', '5'))
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-bench-'))
  try {
    fill(initStore(join(folder, 'project')), images, boxes)
    const figures: Record<string, Figure> = {}
    const once = async <T>(name: string, act: () => T): Promise<Awaited<T>> => {
      const cpu = process.cpuUsage()
      const from = performance.now()
      const result = await act()
      const ms = performance.now() - from
      const { user, system } = process.cpuUsage(cpu)
      figures[name] = { ms: round(ms), cpuMs: round((user + system) / 1000) }
      return result
    }
    const time = async (name: string, act: () => unknown) => {
      const runs: Figure[] = []
      for (let i = 0; i < repeat; i++) {
        await once(name, act)
        runs.push(figures[name])
      }
      figures[name] = { ms: median(runs.map(({ ms }) => ms)), cpuMs: median(runs.map(({ cpuMs }) => cpuMs)) }
    }
    const store = await once('open and info', () => {
      const opened = openStore(join(folder, 'project'))
      projectInfo(opened)
      return opened
    })
    const api = connect(store)
    const ids = (filter: SampleFilter) => () => api.samples.ids({ filter, sort: 'name' })
    for (const sort of ['added', 'name', 'path', 'size', 'annotations', 'score:loss'] as const)
      await time(`ids by ${sort}`, () => api.samples.ids({ sort }))
    await time('ids: one label', ids({ label: 70 }))
    await time('ids: most frequent label', ids({ label: 1 }))
    await time('ids: empty', ids({ empty: true }))
    await time('ids: text', ids({ text: '777' }))
    await time('ids: label and area', ids({ object: { labels: [1], area: { max: 400 } } }))
    await time('ids: any area', ids({ object: { area: { max: 100 } } }))
    await time('ids: split, not reviewed', ids({ split: 'val', reviewed: false }))
    await time('count', () => api.samples.count({ filter: { label: 1 } }))
    const all = (await api.samples.ids({ sort: 'name' })).ids
    const page = all.slice(images / 2, images / 2 + 200)
    await time('getMany 200', () => api.samples.getMany({ samples: page }))
    await time('listMany 200', () => api.annotations.listMany({ samples: page }))
    await time('next', () => api.samples.neighbour({ sample: all[10], sort: 'name' }))
    await time('next unlabelled', () => api.samples.neighbour({ sample: all[10], sort: 'name', want: 'unlabelled' }))
    await time('labels.list', () => api.labels.list())
    await time('project.info', () => projectInfo(store))
    await once('statistics', () => api.statistics.get())
    await once('statistics again', () => api.statistics.get())
    await once('lint', () => scanLint(store.db))
    const counts = countFindings(store.db, { fresh: true })
    const findings = counts.reduce((sum, { issues }) => sum + issues, 0)
    await time('lint page', () =>
      listFindings(store.db, countFindings(store.db, { fresh: true }), {
        fresh: true,
        limit: 100,
        offset: findings - 100,
      }),
    )
    await once('tag all', () => api.samples.setTags({ samples: { filter: {} }, add: ['all'] }))
    await once('undo: tag all', () => api.history.undo())
    const ten = { filter: { text: '77' } }
    await once('remove images', () => api.samples.remove({ samples: ten }))
    await once('undo: remove images', () => api.history.undo())
    await once('one gesture', () => api.annotations.apply({ reason: 'Draw', changes: [gesture(all[0])] }))
    await once('next gesture', () => api.annotations.apply({ reason: 'Draw', changes: [gesture(all[1])] }))
    store.close()
    const megabytes = Math.round(statSync(join(folder, 'project', projectFileName)).size / 1e6)
    const result = { machine: describeMachine(), load: describeLoad(), images, boxes, megabytes, findings, figures }
    if (json) console.log(JSON.stringify(result, null, 2))
    else {
      console.log(`${images} images, ${boxes} polygons, ${megabytes} MB, ${findings} findings`)
      console.log(`${''.padEnd(28)}${'ms'.padStart(9)}${'processor'.padStart(11)}`)
      for (const [name, { ms, cpuMs }] of Object.entries(figures))
        console.log(`${name.padEnd(28)}${String(ms).padStart(9)}${String(cpuMs).padStart(11)}`)
      if (result.load) console.log(result.load)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Elapsed and processor time of one call, milliseconds: on a busy machine only the latter compares. */
interface Figure {
  ms: number
  cpuMs: number
}
const round = (value: number): number => Math.round(value * 10) / 10

const gesture = (sample: number) => ({
  op: 'add' as const,
  sample,
  label: 1,
  shape: { kind: 'box' as const, box: [1, 2, 30, 40] as [number, number, number, number] },
})

function fill(store: Store, images: number, boxes: number): void {
  const random = rng(7)
  const batch = store.beginImport({ source: 'generated', root: '/generated' })
  batch.addLabels(Array.from({ length: 80 }, (_, i) => ({ key: `c${i}`, name: `class ${i}` })))
  const chunk = 10_000
  for (let at = 0; at < images; at += chunk) {
    batch.addSamples(
      Array.from({ length: Math.min(chunk, images - at) }, (_, i) => ({
        key: `s${at + i}`,
        path: `day ${random.int(1, 40)}/IMG_${(at + i) * 7}.jpg`,
        width: random.int(400, 640),
        height: 480,
        split: (['train', 'train', 'train', 'val'] as const)[random.int(0, 3)],
        reviewed: random.int(0, 1) === 1,
      })),
    )
  }
  for (let at = 0; at < boxes; at += chunk) {
    batch.addAnnotations(Array.from({ length: Math.min(chunk, boxes - at) }, () => polygon()))
  }
  batch.finish()
  putSampleScores(
    store.db,
    'loss',
    Array.from({ length: images }, (_, i) => ({ sample: i + 1, value: random.uniform(0, 5) })),
  )
  store.close()

  function polygon(): DatasetAnnotation {
    const [x, y, r] = [random.uniform(0, 600), random.uniform(0, 480), random.uniform(2, 100)]
    const ring = Array.from({ length: 12 }, (_, k): [number, number] => {
      const angle = (k * Math.PI) / 6
      return [Math.round((x + r * Math.cos(angle)) * 100) / 100, Math.round((y + r * Math.sin(angle)) * 100) / 100]
    })
    return {
      // The first tenth stays empty.
      sample: `s${random.int(Math.floor(images / 10), images - 1)}`,
      label: `c${Math.min(random.int(0, 79), random.int(0, 79))}`,
      shape: { kind: 'polygon', rings: [ring] },
    }
  }
}

function connect(store: Store) {
  const session = { store: () => store } as Parameters<typeof createSamplesService>[0]
  const contracts = {
    samples: samplesContract,
    annotations: annotationsContract,
    labels: labelsContract,
    statistics: statisticsContract,
    history: historyContract,
  }
  const [near, far] = memoryWires()
  const handlers = {
    samples: createSamplesService(session),
    annotations: createAnnotationsService(session),
    labels: createLabelsService(session),
    statistics: createStatisticsService(session),
    history: createHistoryService(session),
  }
  serve(contracts, handlers, far)
  return client(contracts, near)
}
