/** Freezes the data of a run into `snapshot.jsonl.gz`: the state of one moment, though the project is edited meanwhile. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { TagwrightError } from '@shared/base/errors'
import type { Shape } from '@shared/domain/annotation'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import type { Split } from '@shared/domain/split'
import { shapeArea } from './annotation'
import { unpackFlags } from './pack-shape'
import { sql, type ReadDb } from './db'
import { listLabels, type ProjectLabel } from './label'
import { getProject } from './project'
import { addSnapshot, type SnapshotRow } from './snapshot'
import type { Store } from './store'
import { walkSamples, type WalkedSample } from './walk-samples'

export interface SnapshotOptions {
  /** Only these splits; empty: all samples. */
  splits: readonly Split[]
  /** Absolute path; written beside itself first and renamed when complete. */
  file: string
  signal?: AbortSignal
}

/**
 * Samples whose state is not `ok` or whose size is unknown are left out and counted in `skipped`. Throws `no-samples`
 * when nothing is left, `disk-full`, and the signal's reason.
 */
export async function writeSnapshot(
  store: Store,
  { splits, file, signal }: SnapshotOptions,
): Promise<SnapshotRow & { skipped: number }> {
  const reader = store.openReader()
  try {
    // One read transaction: every page below comes from the same moment.
    reader.exec('BEGIN')
    const project = getProject(reader)
    const labels = listLabels(reader)
    const usable = `state = 'ok' AND width > 0 AND height > 0`
    const filter = splits.length > 0 ? ' AND split IN (SELECT value FROM json_each(?))' : ''
    const args = splits.length > 0 ? [JSON.stringify(splits)] : []
    const count = (where: string) =>
      sql<{ n: number }>(reader, `SELECT count(*) AS n FROM visible_sample WHERE ${where}${filter}`).get(...args)!.n
    const samples = count(usable)
    const skipped = count('1') - samples
    if (samples === 0) {
      const where = splits.length > 0 ? ` in ${splits.join(', ')}` : ''
      throw new TagwrightError(
        'no-samples',
        `There is no usable image${where} (${skipped} missing or unreadable). Import images or assign splits first.`,
        { splits: [...splits], skipped },
      )
    }
    const header: SnapshotHeader = {
      version: 1,
      task: project.task,
      labels: labels.map(({ name, cocoId, color, skeleton }) => ({
        name,
        cocoId,
        color,
        ...(skeleton ? { skeleton } : {}),
      })),
      samples,
    }
    const hash = createHash('sha256')
    const counter = { annotations: 0 }
    const lines = snapshotLines(reader, store.folder, header, labels, splits, counter)
    await writeGzipLines(file, lines, (text) => hash.update(text), signal)
    const row = {
      file,
      splits: [...splits],
      samples,
      annotations: counter.annotations,
      hash: hash.digest('hex'),
      revision: project.revision,
    }
    const createdAt = new Date()
    const id = addSnapshot(store.db, row, createdAt)
    return { id, ...row, createdAt: createdAt.toISOString(), skipped }
  } finally {
    reader.close()
  }
}

type RawAnnotation = [
  id: number,
  sample: number,
  label: number,
  kind: string,
  x1: number | null,
  y1: number | null,
  x2: number | null,
  y2: number | null,
  shape: string | null,
  flags: number,
  area: number | null,
]

/**
 * The header, then one {@link SnapshotSample} a line. Written as text: a stored shape is JSON already, and parsing it
 * to write it again would take most of the time of a large snapshot.
 */
function* snapshotLines(
  db: ReadDb,
  folder: string,
  header: SnapshotHeader,
  labels: readonly ProjectLabel[],
  splits: readonly Split[],
  counter: { annotations: number },
): Generator<string> {
  const indexOf = new Map(labels.map((label) => [label.id, label.index]))
  const annotations = sql(
    db,
    `SELECT id, sample_id, label_id, kind, x1, y1, x2, y2, shape, flags, area FROM visible_annotation
     WHERE sample_id IN (SELECT value FROM json_each(?)) ORDER BY sample_id, z, id`,
  ).raw() as unknown as { all(ids: string): RawAnnotation[] }
  yield JSON.stringify(header)
  for (const page of walkSamples(db, folder, splits)) {
    const samples = page.filter(({ sample }) => sample.state === 'ok' && sample.width && sample.height)
    const texts = new Map<number, string[]>(samples.map(({ sample }) => [sample.id, []]))
    for (const row of annotations.all(JSON.stringify([...texts.keys()]))) {
      const [id, sample, label, kind, x1, y1, x2, y2, json, flags, stated] = row
      const box = x1 === null ? null : `[${x1},${y1},${x2},${y2}]`
      const shape = json ?? (kind === 'box' ? `{"kind":"box","box":${box}}` : `{"kind":"${kind}"}`)
      const area = stated ?? (kind === 'box' ? (x2! - x1!) * (y2! - y1!) : shapeArea(JSON.parse(shape) as Shape))
      texts
        .get(sample)!
        .push(
          `{"id":${id},"label":${indexOf.get(label)!},"shape":${shape},${box ? `"box":${box},` : ''}"flags":${flagsText(flags)},"area":${area}}`,
        )
      counter.annotations++
    }
    for (const image of samples) {
      const { sample } = image
      yield `${JSON.stringify(toSnapshot(image)).slice(0, -1)},"annotations":[${texts.get(sample.id)!.join(',')}]}`
    }
  }
}

/** An image of known size in the snapshot's form, before its annotations. */
export const toSnapshot = ({ sample, file, pair }: WalkedSample): Omit<SnapshotSample, 'annotations'> => ({
  id: sample.id,
  file,
  name: sample.path,
  width: sample.width!,
  height: sample.height!,
  split: sample.split as Split | null,
  cocoImageId: sample.coco_image_id,
  ...(pair === null ? {} : { pair }),
})

const flagTexts = new Map<number, string>()
function flagsText(flags: number): string {
  let text = flagTexts.get(flags)
  if (text === undefined) flagTexts.set(flags, (text = JSON.stringify(unpackFlags(flags))))
  return text
}

async function writeGzipLines(
  file: string,
  lines: Iterable<string>,
  onText: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temp = `${file}.${process.pid}.part`
  const gzip = createGzip({ level: 2 })
  const target = createWriteStream(temp)
  try {
    gzip.pipe(target)
    const done = Promise.all([finished(target), finished(gzip)])
    // A failed write (disk full) must end the loop below, which otherwise waits for a drain that never comes.
    const failed = done.then(
      () => new Promise<never>(() => {}),
      (error) => Promise.reject(error),
    )
    target.on('error', (error) => gzip.destroy(error))
    failed.catch(() => {})
    let text = ''
    for (const line of lines) {
      text += line + '\n'
      if (text.length < 1 << 18) continue
      signal?.throwIfAborted()
      onText(text)
      if (!gzip.write(text)) await Promise.race([once(gzip, 'drain'), failed])
      text = ''
    }
    signal?.throwIfAborted()
    onText(text)
    gzip.end(text)
    await done
    const handle = await open(temp, 'r+')
    await handle.sync()
    await handle.close()
    await rename(temp, file)
  } catch (error) {
    gzip.destroy()
    target.destroy()
    await rm(temp, { force: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new TagwrightError(
        'disk-full',
        `The disk is full: ${file} could not be written. Free some space and try again.`,
        { file },
        { cause: error },
      )
    }
    throw error
  }
}
