/** Imports folders and annotation files: a format reads them, the store takes the rows, a report says what happened. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { datasetsContract, type ImportReport } from '@shared/contract/datasets'
import { formats } from '@shared/catalog/formats'
import { isImage } from '@shared/catalog/formats/common/paths'
import { truthOf } from '@shared/catalog/tasks'
import type { DatasetIssue, DatasetSample } from '@shared/domain/dataset'
import { orientShape } from '@shared/domain/orient-shape'
import type { Split } from '@shared/domain/split'
import { openSources, type NodeSource } from '../media/node-source'
import type { ImageProbe } from '../media/probe-image'
import { putBlob } from '../store/blobs'
import type { ImportBatch, ImportSample } from '../store/import'
import { changeShapes, type PackedAnnotations } from '../store/pack-annotations'
import type { Store } from '../store/store'
import { chooseFormat, parseOptions, readLabelsFile } from './choose-format'
import { defineJob, type JobContext } from './define-job'
import { issueList, type IssueList } from './issue-list'
import { needStore, type JobDeps } from './job-deps'
import { slices } from './packed-chunk'
import { cameraRaw, imagesAlone } from './import-notes'
import { readChunks } from './read-chunks'
import { unpackZips } from './unpack-zips'

const params = datasetsContract.methods.import.input
type Params = ReturnType<typeof params.parse>

export const importJob = (deps: Pick<JobDeps, 'store' | 'readThread'>) =>
  defineJob({
    kind: 'import',
    lane: 'data',
    params,
    run: (params, context) => importDatasets(needStore(deps), params, context, deps.readThread),
  })

/**
 * One import per source. Formats are chosen for all of them before the first row is written.
 * @param thread see readChunks
 */
export async function importDatasets(
  store: Store,
  params: Params,
  context: Pick<JobContext, 'signal' | 'report' | 'log'>,
  thread: string | null = null,
): Promise<ImportReport> {
  const unpacked = await unpackZips(store, params.paths, context)
  try {
    return await importPaths(store, { ...params, paths: unpacked.paths }, context, thread)
  } catch (error) {
    // The zips themselves are still there.
    await unpacked.remove()
    throw error
  }
}

async function importPaths(
  store: Store,
  params: Params,
  context: Pick<JobContext, 'signal' | 'report' | 'log'>,
  thread: string | null,
): Promise<ImportReport> {
  const started = performance.now()
  context.report('looking at files', 0, null)
  const labels = params.labels === null ? undefined : await readLabelsFile(params.labels)
  const sources = openSources(params.paths)
  const chosen: { source: NodeSource; id: string; options: object }[] = []
  for (const source of sources) {
    const id = await chooseFormat(source, params.format, truthOf(store.project.task))
    chosen.push({ source, id, options: parseOptions(id, formats.get(id), params.options) })
  }
  const issues = issueList()
  const report: ImportReport = {
    imports: [],
    format: [...new Set(chosen.map(({ id }) => id))].join('+'),
    samples: 0,
    annotations: 0,
    labels: 0,
    matchedSamples: 0,
    unchangedAnnotations: 0,
    splits: { train: 0, val: 0, test: 0, none: 0 },
    states: { ok: 0, missing: 0, unreadable: 0 },
    ...issues.report(),
    seconds: 0,
  }
  for (const { source, id, options } of chosen) {
    await importSource(
      store,
      source,
      id,
      { ...options, ...(labels ? { labels } : {}) },
      params,
      context,
      issues,
      report,
    )
  }
  return report

  async function importSource(
    store: Store,
    source: NodeSource,
    id: string,
    options: object,
    { split, copy }: Params,
    { signal, report: progress }: Pick<JobContext, 'signal' | 'report'>,
    issues: IssueList,
    report: ImportReport,
  ): Promise<void> {
    const batch = store.beginImport({
      source: source.given,
      format: id,
      root: source.root,
      copy,
      replaceSplit: split !== 'auto',
    })
    try {
      const total = id === 'coco' ? null : source.files.filter((file) => isImage(file.path)).length
      issues.add(...cameraRaw(source))
      if (id === 'images') issues.add(...imagesAlone(source, truthOf(store.project.task)))
      const reader = sampleReader(store, source, { split, copy, signal, issues, report, stored: id !== 'images' })
      let extra: Record<string, unknown> | undefined
      const request = { paths: params.paths, source: sources.indexOf(source), format: id, options }
      for await (const chunk of readChunks(source, request, thread)) {
        signal.throwIfAborted()
        if (chunk.extra) extra = { ...extra, ...chunk.extra }
        if (chunk.issues) issues.add(...chunk.issues)
        if (chunk.labels?.length) batch.addLabels(chunk.labels)
        for (const samples of slices(chunk.samples ?? [])) {
          batch.addSamples(await reader.read(samples))
          progress('reading images', batch.counts.samples + batch.counts.matchedSamples, total)
        }
        if (chunk.annotations) {
          reader.orient(chunk.annotations)
          batch.addAnnotations(chunk.annotations)
          progress('reading annotations', batch.counts.annotations, null)
        }
      }
      issues.add(...reader.finish())
      signal.throwIfAborted()
      finish(batch, report, issues, extra)
    } catch (error) {
      batch.abort()
      throw error
    }
  }

  function finish(
    batch: ImportBatch,
    report: ImportReport,
    issues: IssueList,
    extra: Record<string, unknown> | undefined,
  ): void {
    Object.assign(report, issues.report())
    report.imports.push(batch.id)
    report.seconds = (performance.now() - started) / 1000
    const { counts } = batch
    for (const key of ['samples', 'annotations', 'labels', 'matchedSamples', 'unchangedAnnotations'] as const)
      report[key] += counts[key]
    batch.finish(report, extra)
  }
}

interface SampleReaderOptions {
  split: Split | 'auto'
  copy: boolean
  signal: AbortSignal
  issues: IssueList
  report: ImportReport
  /** The files speak of these images, so a doubt about their frame matters. */
  stored: boolean
}

/** Looks at each image: is it there, can it be read, which way is up. */
function sampleReader(
  store: Store,
  source: NodeSource,
  { split, copy, signal, issues, report, stored }: SampleReaderOptions,
) {
  const turned = new Map<string, ImageProbe>()
  const overridden = { train: 0, val: 0, test: 0 }
  let unclear: { path: string; count: number } | null = null
  const warn = (code: string, message: string, file: string) => issues.add({ level: 'warning', code, message, file })

  const readOne = async (sample: DatasetSample): Promise<ImportSample> => {
    const probe = await source.probe(sample.path)
    const row: ImportSample = { ...sample, state: probe.state }
    report.states[probe.state]++
    if (probe.state === 'missing') {
      warn(
        'image-missing',
        `${sample.path} is not there; its row is kept as missing. Restore the image, or import again together with its folder.`,
        sample.path,
      )
    } else if (probe.state === 'unreadable') {
      warn(
        'image-unreadable',
        `${sample.path} cannot be read: ${probe.reason}. Its row is kept as unreadable and is not trained on; replace the file and import again.`,
        sample.path,
      )
    }
    if (probe.width && probe.height) {
      if (isRaw(sample, probe)) {
        turned.set(sample.key, probe)
        const message = `The file states ${sample.width} x ${sample.height}, but ${sample.path} is ${probe.width} x ${probe.height} when upright (EXIF orientation ${probe.orientation}); its annotations are turned with it.`
        warn('exif-turned', message, sample.path)
      } else if (sample.width && (sample.width !== probe.width || sample.height !== probe.height)) {
        const message = `The file states ${sample.width} x ${sample.height}, but ${sample.path} is ${probe.width} x ${probe.height}; the image counts. Check whether it was resized.`
        warn('size-differs', message, sample.path)
      } else if (stored && sample.width && probe.orientation! >= 2 && probe.orientation! <= 4) {
        unclear ??= { path: sample.path, count: 0 }
        unclear.count++
      }
      row.width = probe.width
      row.height = probe.height
    }
    if (split !== 'auto') {
      if (sample.split && sample.split !== split) overridden[sample.split]++
      row.split = split
    }
    report.splits[row.split ?? 'none']++
    if (copy && probe.state !== 'missing') {
      const { blob, hash } = await putBlob(store.folder, join(source.root, sample.path), signal)
      Object.assign(row, { blob, hash })
      if (sample.pair !== undefined && existsSync(join(source.root, sample.pair)))
        row.pairBlob = (await putBlob(store.folder, join(source.root, sample.pair), signal)).blob
    }
    return row
  }

  return {
    async read(samples: DatasetSample[]): Promise<ImportSample[]> {
      const rows: ImportSample[] = []
      let breath = performance.now()
      for (const sample of samples) {
        rows.push(await readOne(sample))
        // Looking at a file blocks for some microseconds; other work gets its turn in between.
        if (performance.now() - breath > 20) {
          await new Promise(setImmediate)
          signal.throwIfAborted()
          breath = performance.now()
        }
      }
      return rows
    },
    /** Turns what belongs to an image that is shown turned, in place. */
    orient(annotations: PackedAnnotations): void {
      if (turned.size === 0) return
      changeShapes(annotations, (sample) => {
        const probe = turned.get(sample)
        return probe ? (shape) => orientShape(shape, probe.orientation!, probe.rawWidth!, probe.rawHeight!) : null
      })
    },
    finish(): DatasetIssue[] {
      const left: DatasetIssue[] = []
      const replaced = Object.entries(overridden).filter(([, count]) => count > 0)
      if (replaced.length) {
        const counts = replaced.map(([name, count]) => `${name} ${count}`).join(', ')
        const message = `--split ${split} replaces the splits that the files state: ${counts}.`
        left.push({ level: 'warning', code: 'split-replaced', message, file: source.given })
      }
      if (unclear) {
        const message = `${unclear.count} images, first ${unclear.path}, carry an EXIF orientation that keeps their size; their annotations are taken as upright. Look at one of them.`
        left.push({ level: 'warning', code: 'exif-unclear', message, file: unclear.path })
      }
      return left
    },
  }
}

/** The stated size is that of the stored pixels, and upright it is another. */
const isRaw = (sample: DatasetSample, probe: ImageProbe): boolean =>
  sample.width === probe.rawWidth &&
  sample.height === probe.rawHeight &&
  (probe.rawWidth !== probe.width || probe.rawHeight !== probe.height)
