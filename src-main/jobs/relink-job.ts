/** Finds the files of missing samples in another folder: by content, else by name and size. One undo step. */
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { mediaContract, type RelinkReport } from '@shared/contract/media'
import { isImage } from '@shared/catalog/formats/common/paths'
import { hashFile } from '../media/hash-file'
import { probeImage } from '../media/probe-image'
import { ensureRoot, toSlashes } from '../store/root'
import { walkImages, type SampleImage } from '../store/sample-file'
import { getSample } from '../store/sample'
import type { Store } from '../store/store'
import { defineJob, type JobContext } from './define-job'
import { needStore, type JobDeps } from './job-deps'

const params = mediaContract.methods.relink.input
type Params = ReturnType<typeof params.parse>

export const relinkJob = (deps: Pick<JobDeps, 'store'>) =>
  defineJob({ kind: 'relink', lane: 'data', params, run: (input, context) => relink(needStore(deps), input, context) })

interface Candidate {
  file: string
  bytes: number
}
type Match = { image: SampleImage; file: string; by: 'hash' | 'name-and-size' | 'name' }

const keptMatches = 1000

/** Throws `not-found` when the folder is not there. */
export async function relink(
  store: Store,
  { folder: given, preview }: Params,
  { signal, report }: Pick<JobContext, 'signal' | 'report'>,
): Promise<RelinkReport> {
  const folder = resolve(given)
  if (!existsSync(folder)) throw new TagwrightError('not-found', `There is no folder ${folder}. Choose another.`)
  report('looking for missing files', 0, null)
  const missing: SampleImage[] = []
  for (const page of walkImages(store.db, store.folder)) {
    for (const image of page) if (!existsSync(image.file)) missing.push(image)
    signal.throwIfAborted()
  }
  const candidates = await listImages(folder, signal)
  const taken = new Set<string>()
  for (const page of walkImages(store.db, store.folder)) for (const { file } of page) taken.add(file)
  const { matches, ambiguous } = await match(
    store,
    missing,
    candidates.filter(({ file }) => !taken.has(file)),
    signal,
    report,
  )
  if (!preview && matches.length > 0) apply(store, folder, matches)
  const count = (by: Match['by']) => matches.filter((found) => found.by === by).length
  return {
    folder,
    missing: missing.length,
    relinked: matches.length,
    byHash: count('hash'),
    byNameAndSize: count('name-and-size') + count('name'),
    ambiguous,
    stillMissing: missing.length - matches.length,
    matches: matches
      .slice(0, keptMatches)
      .map(({ image, file, by }) => ({ sample: image.id, from: image.file, to: file, by })),
  }
}

/** Each file is given to one sample at most. */
async function match(
  store: Store,
  missing: readonly SampleImage[],
  candidates: readonly Candidate[],
  signal: AbortSignal,
  report: JobContext['report'],
): Promise<{ matches: Match[]; ambiguous: number }> {
  const matches: Match[] = []
  const used = new Set<string>()
  let ambiguous = 0
  const take = (image: SampleImage, file: string, by: Match['by']): void => {
    used.add(file)
    matches.push({ image, file, by })
  }
  // Only files of a size that is looked for can have its content; without sizes every file has to be read.
  const sizes = new Set(missing.filter(({ hash }) => hash !== null).map(({ bytes }) => bytes))
  const byHash = new Map<string, string[]>()
  const toRead = candidates.filter(({ bytes }) => sizes.has(bytes) || sizes.has(null))
  let done = 0
  for (const { file } of missing.some(({ hash }) => hash !== null) ? toRead : []) {
    signal.throwIfAborted()
    const hash = await hashFile(file, signal).catch(() => null)
    if (hash !== null) byHash.set(hash, [...(byHash.get(hash) ?? []), file])
    report('comparing contents', ++done, toRead.length)
  }
  const left: SampleImage[] = []
  for (const image of missing) {
    const found = (image.hash === null ? [] : (byHash.get(image.hash) ?? [])).filter((file) => !used.has(file))
    // Copies with the same content are equally good; one that kept its name is better.
    const file = found.find((path) => basename(path) === basename(image.file)) ?? found[0]
    if (file !== undefined) take(image, file, 'hash')
    else if (image.hash === null) left.push(image)
  }
  const byName = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    if (used.has(candidate.file)) continue
    const name = basename(candidate.file)
    byName.set(name, [...(byName.get(name) ?? []), candidate])
  }
  for (const image of left) {
    signal.throwIfAborted()
    const named = byName.get(basename(image.file)) ?? []
    const found = image.bytes === null ? await sameSize(store, image, named) : named.filter(({ bytes }) => bytes === image.bytes) // prettier-ignore
    const free = found.filter(({ file }) => !used.has(file))
    if (free.length > 1) ambiguous++
    else if (free.length === 1) take(image, free[0].file, image.bytes === null ? 'name' : 'name-and-size')
  }
  return { matches, ambiguous }
}

/** Nothing but the name and the upright size is known of the missing file. */
async function sameSize(store: Store, image: SampleImage, named: readonly Candidate[]): Promise<Candidate[]> {
  const { width, height } = getSample(store.db, image.id)
  const fitting: Candidate[] = []
  for (const candidate of named) {
    const probe = await probeImage(candidate.file)
    if (probe.state === 'ok' && (width === null || (probe.width === width && probe.height === height)))
      fitting.push(candidate)
  }
  return fitting
}

function apply(store: Store, folder: string, matches: readonly Match[]): void {
  const rootId = ensureRoot(store.db, store.folder, folder, new Date())
  const reason = matches.length === 1 ? 'Relink 1 image' : `Relink ${matches.length} images`
  store.change(reason, (write) => {
    for (const { image, file } of matches) {
      const path = toSlashes(relative(folder, file))
      write.update('sample', image.id, { root_id: rootId, path, name: basename(file), blob: null, state: 'ok' })
    }
  })
}

async function listImages(folder: string, signal: AbortSignal): Promise<Candidate[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: Candidate[] = []
  for (const entry of entries) {
    signal.throwIfAborted()
    if (!entry.isFile() || !isImage(entry.name)) continue
    const file = join(entry.parentPath, entry.name)
    const info = await stat(file).catch(() => null)
    if (info) found.push({ file, bytes: info.size })
  }
  return found
}
