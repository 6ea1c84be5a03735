/** Reads `snapshot.jsonl.gz` line by line: a run's samples without the project's database. */
import { createReadStream, existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { TagwrightError } from '@shared/base/errors'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import type { Split } from '@shared/domain/split'

export interface Snapshot {
  header: SnapshotHeader
  samples: SnapshotSample[]
}

/**
 * A project that was moved or copied has taken its own images with it: they lie where they lay in it. Where that was is
 * found by the first image, the end of whose path is below the project now.
 */
function followProject(samples: readonly SnapshotSample[], project: string): void {
  const [{ file }] = samples
  const parts = file.split(/[\\/]/)
  const at = parts.findIndex((_, i) => i > 0 && existsSync(join(project, ...parts.slice(i))))
  if (at < 0) return
  const before = parts.slice(0, at).join('/').length + 1
  const here = (path: string) =>
    path.slice(0, before) === file.slice(0, before) ? join(project, path.slice(before)) : path
  for (const sample of samples) {
    const own = here(sample.file)
    if (existsSync(sample.file) || !existsSync(own)) continue
    sample.file = own
    if (sample.pair) sample.pair = here(sample.pair)
  }
}

/**
 * @param splits keep samples of these splits only; all when not given.
 * @throws TagwrightError `bad-snapshot` with the line when the file is cut off or not a snapshot.
 */
export async function readSnapshot(file: string, splits?: readonly Split[]): Promise<Snapshot> {
  const stream = createReadStream(file).on('error', (error) => gunzip.destroy(error))
  const gunzip = createGunzip()
  const lines = createInterface({ input: stream.pipe(gunzip), crlfDelay: Infinity })
  let header: SnapshotHeader | undefined
  let read = 0
  const samples: SnapshotSample[] = []
  try {
    for await (const line of lines) {
      if (line === '') continue
      if (!header) {
        header = JSON.parse(line) as SnapshotHeader
        if (header.version !== 1) throw new Error(`version ${String(header.version)}, this program reads version 1`)
        continue
      }
      const sample = JSON.parse(line) as SnapshotSample
      read++
      if (!splits || (sample.split !== null && splits.includes(sample.split))) samples.push(sample)
    }
  } catch (error) {
    throw broken(`line ${read + 2}: ${error instanceof Error ? error.message : String(error)}`, error)
  } finally {
    stream.destroy()
  }
  if (!header) throw broken('it is empty')
  if (read !== header.samples) throw broken(`${read} of ${header.samples} samples are there`)
  if (samples.length > 0 && !existsSync(samples[0].file)) followProject(samples, resolve(dirname(file), '../..'))
  return { header, samples }

  function broken(reason: string, cause?: unknown): TagwrightError {
    return new TagwrightError(
      'bad-snapshot',
      `Snapshot ${file} cannot be used: ${reason}. Start a new run.`,
      { file },
      { cause },
    )
  }
}
