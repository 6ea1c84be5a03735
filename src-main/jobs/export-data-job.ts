/** Writes the project's samples and annotations in a dataset format. Originals are never written to. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { datasetsContract, type ExportReport } from '@shared/contract/datasets'
import { formats, type AnyFormat } from '@shared/catalog/formats'
import { baseName, extension, stem, withoutExtension } from '@shared/catalog/formats/common/paths'
import type { Dataset } from '@shared/domain/dataset'
import { createSink } from '../media/node-sink'
import { zipFolder } from '../media/zip-folder'
import { openDataset } from '../store/read-dataset'
import type { Store } from '../store/store'
import { parseOptions } from './choose-format'
import { defineJob, type JobContext } from './define-job'
import { issueList } from './issue-list'
import { needStore, type JobDeps } from './job-deps'

const params = datasetsContract.methods.export.input
type AllParams = ReturnType<typeof params.parse>
type Params = Omit<AllParams, 'zip'>

export const exportDataJob = (deps: Pick<JobDeps, 'store'>) =>
  defineJob({
    kind: 'export-data',
    lane: 'data',
    params,
    run: (params, context) =>
      params.zip ? exportZip(needStore(deps), params, context) : exportDataset(needStore(deps), params, context),
  })

/** Into a folder beside the target first, so that a cancelled export leaves no half zip. */
async function exportZip(
  store: Store,
  params: AllParams,
  context: Pick<JobContext, 'signal' | 'report'>,
): Promise<ExportReport> {
  const file = resolve(params.out)
  if (existsSync(file) && !params.force) {
    throw new TagwrightError('file-exists', `${file} is there already. Choose another name, or replace it.`, { file })
  }
  const folder = `${file}.${randomUUID()}.part`
  try {
    const report = await exportDataset(store, { ...params, out: folder, force: false }, context)
    context.report('packing', 0, null)
    await zipFolder(folder, file, context.signal)
    return { ...report, out: file }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Throws `unknown-id`, `bad-option`, `nothing-to-export`, `name-collision`, `folder-not-empty` before it writes. */
export async function exportDataset(
  store: Store,
  { format: id, out, splits, images, force, rename, options }: Params,
  { signal, report: progress }: Pick<JobContext, 'signal' | 'report'>,
): Promise<ExportReport> {
  const started = performance.now()
  const format = formats.get(id)
  const parsed = parseOptions(id, format, options)
  const issues = issueList()
  const open = openDataset(store, { splits })
  try {
    if (open.samples === 0) {
      throw new TagwrightError(
        'nothing-to-export',
        splits.length
          ? `No sample has the split ${splits.join(' or ')}. Assign splits, or export all.`
          : 'The project has no samples. Import images first.',
      )
    }
    const names = await planNames(open.dataset, format, rename)
    const originals = new Set<string>()
    for await (const { sample } of open.dataset.items()) {
      originals.add(open.imageFile(sample.key))
      if (sample.pair !== undefined) originals.add(open.imageFile(sample.key, 'pair'))
    }
    let [samples, annotations] = [0, 0]
    const dataset: Dataset = {
      ...open.dataset,
      async *items() {
        let [seenSamples, seenAnnotations] = [0, 0]
        for await (const item of open.dataset.items()) {
          signal.throwIfAborted()
          seenSamples++
          seenAnnotations += item.annotations.length
          progress('writing', seenSamples, open.samples)
          yield {
            ...item,
            sample: { ...item.sample, path: names.get(item.sample.key) ?? relativePath(item.sample.path) },
          }
        }
        ;[samples, annotations] = [seenSamples, seenAnnotations]
      },
    }
    const sink = await createSink(out, {
      force,
      copyImages: images === 'copy',
      imageFile: (sample, which) => open.imageFile(sample.key, which),
      originals,
      report: (issue) => issues.add(issue),
      signal,
    })
    await format.write(dataset, sink, parsed)
    if (names.size) {
      const rows = ['name,original']
      for await (const { sample } of open.dataset.items())
        if (names.has(sample.key)) rows.push(`${csv(names.get(sample.key)!)},${csv(sample.path)}`)
      await sink.write('names.csv', `${rows.join('\n')}\n`)
    }
    const { files, images: copied, turnedImages } = sink.written
    if (turnedImages) {
      const message = `${turnedImages} copied images carry an EXIF orientation; the annotations are upright. Programs that ignore EXIF will see them turned.`
      issues.add({ level: 'warning', code: 'exif-orientation', message, file: resolve(out) })
    }
    const { skipped } = issues.report().counts
    // A format without shapes of objects leaves out images, and has one class for each that it writes, or none.
    const isOfImages = format.shapes.every((kind) => kind === 'tag')
    const written = samples - (isOfImages ? skipped : 0)
    return {
      format: id,
      out: resolve(out),
      samples: written,
      annotations: !isOfImages ? annotations - skipped : format.shapes.length > 0 ? written : 0,
      files,
      images: copied,
      ...issues.report(),
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    open.close()
  }
}

/**
 * Two samples whose annotation files would get one name: refused, or numbered with `rename`. Case and Unicode form do
 * not count as differences, because some file systems ignore them. Answers the changed paths by sample key.
 */
async function planNames(dataset: Dataset, format: AnyFormat, rename: boolean): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  if (format.stems === 'free') return names
  const fold = (path: string) =>
    (format.stems === 'flat' ? stem(path) : withoutExtension(path)).normalize('NFC').toLowerCase()
  const taken = new Map<string, string>()
  const collisions: string[] = []
  const later: { key: string; path: string }[] = []
  for await (const { sample } of dataset.items()) {
    const first = taken.get(fold(sample.path))
    if (first === undefined) taken.set(fold(sample.path), sample.path)
    else {
      collisions.push(`${first} and ${sample.path}`)
      later.push({ key: sample.key, path: relativePath(sample.path) })
    }
  }
  if (collisions.length && !rename) {
    const more = collisions.length > 3 ? `, and ${collisions.length - 3} more` : ''
    throw new TagwrightError(
      'name-collision',
      `${format.title} names annotation files after images, and ${collisions.length} ${collisions.length === 1 ? 'name is' : 'names are'} taken twice: ${collisions.slice(0, 3).join('; ')}${more}. Export with --rename to number them, or as coco.`,
      { collisions: collisions.slice(0, 100) },
    )
  }
  for (const { key, path } of later) {
    const bare = withoutExtension(path)
    const ending = baseName(path).slice(stem(path).length)
    let fresh = path
    for (let n = 2; taken.has(fold(fresh)); n++) fresh = `${bare}-${n}${ending || extension(path)}`
    taken.set(fold(fresh), fresh)
    names.set(key, fresh)
  }
  return names
}

/** Samples outside of any root have absolute paths; inside of an export only their name is of use. */
const relativePath = (path: string): string => (isAbsolute(path) || path.startsWith('../') ? baseName(path) : path)

const csv = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
