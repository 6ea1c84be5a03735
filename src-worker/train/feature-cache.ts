/**
 * Features of a frozen trunk kept on disk: each training image in a few augmented variants, computed once. Later epochs
 * read them and touch neither images nor trunk. Files: `features.bin` (fixed-size records of float16 numbers, image by
 * image within a variant) and `index.json`, written last.
 */
import { type FileHandle, mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TagwrightError } from '@shared/base/errors'
import { rng } from '@shared/base/rng'
import { size } from '@shared/engine/graph'
import { writeAtomic } from '../files/write-atomic'
import type { Batch } from '../data/types'
import type { Features, TrunkRunner } from './trunk-runner'

/** Caches that a project keeps. */
const KEPT = 3

export interface FeatureBatch extends Pick<
  Batch,
  'epoch' | 'index' | 'batches' | 'count' | 'width' | 'height' | 'targets' | 'maxGt' | 'release'
> {
  features: Features
}

interface Index {
  images: number
  variants: number
  length: number
  /** Rows (class, cx, cy, w, h, points) of each record, flat; null for images that could not be read. */
  targets: (number[] | null)[]
}

export interface FillOptions {
  /** Changes with everything that the features and their targets depend on. */
  key: string
  /** Folder of all caches. */
  folder: string
  images: number
  variants: number
  /** Augmented batches of every image, variant after variant; positions say which images they hold. */
  batches: AsyncIterable<{ batch: Batch; variant: number; positions: readonly number[] }>
  onProgress(done: number, total: number): void
}

export class FeatureCache {
  private readonly index: Index
  private readonly file: FileHandle
  private readonly shapes: readonly { name: string; shape: readonly number[] }[]

  private constructor(index: Index, file: FileHandle, shapes: FeatureCache['shapes']) {
    this.index = index
    this.file = file
    this.shapes = shapes
  }

  /** Opens the cache, computing it first where it is not there or damaged. @throws `disk-full`, `not-writable`. */
  static async open(trunk: TrunkRunner, options: FillOptions): Promise<FeatureCache> {
    const dir = join(options.folder, options.key.slice(0, 32))
    const known = await readIndex(dir, options, trunk.length)
    const index = known ?? (await fill(dir, trunk, options))
    return new FeatureCache(index, await open(join(dir, 'features.bin'), 'r'), trunk.features)
  }

  /** All batches from a position on: images shuffled by (seed, epoch), each in another variant every epoch. */
  async *batches(
    {
      seed,
      batch,
      epochs,
      side,
      maxGt,
      width,
      only = null,
    }: {
      seed: number
      batch: number
      epochs: number
      side: number
      maxGt: readonly number[]
      /** Numbers of a row of targets. */
      width: number
      /** Positions of the images that take part; null: all. */
      only?: readonly number[] | null
    },
    from: { epoch: number; batch: number },
  ): AsyncGenerator<FeatureBatch, void, void> {
    const { images, variants, targets } = this.index
    const chosen = only ?? Array.from({ length: images }, (_, i) => i)
    const batches = Math.max(1, Math.floor(chosen.length / batch))
    for (let epoch = from.epoch; epoch < epochs; epoch++) {
      const order = rng(seed, 'shuffle', epoch).shuffle(Array.from(chosen, (_, i) => i))
      for (let index = epoch === from.epoch ? from.batch : 0; index < batches; index++) {
        const records = Array.from({ length: batch }, (_, i) => {
          const at = order[(index * batch + i) % chosen.length]
          // Another image takes the place of one that could not be read.
          for (let step = 0; step < chosen.length; step++) {
            const image = chosen[(at + step) % chosen.length]
            const record = ((epoch + chosen[at]) % variants) * images + image
            if (targets[record]) return record
          }
          throw new TagwrightError('no-samples', 'None of these images can be read. Restore them.')
        })
        const rowsOf = (record: number) => targets[record]!
        const most = Math.max(...records.map((r) => rowsOf(r).length / width))
        const rows = maxGt.find((n) => n >= most) ?? maxGt[maxGt.length - 1]
        const flat = new Float32Array(batch * rows * width)
        records.forEach((r, i) => flat.set(rowsOf(r).slice(0, rows * width), i * rows * width))
        yield {
          epoch,
          index,
          batches,
          count: batch,
          width: side,
          height: side,
          targets: flat,
          maxGt: rows,
          features: await this.read(records),
          release: () => {},
        }
      }
    }
  }

  private async read(records: readonly number[]): Promise<Features> {
    const { length } = this.index
    const bytes = new Uint16Array(length)
    const out: Features = Object.fromEntries(
      this.shapes.map(({ name, shape }) => [
        name,
        { data: new Uint16Array(size(shape.slice(1)) * records.length), shape: [records.length, ...shape.slice(1)] },
      ]),
    )
    for (const [i, record] of records.entries()) {
      await this.file.read(new Uint8Array(bytes.buffer), 0, 2 * length, record * 2 * length)
      let at = 0
      for (const { name, shape } of this.shapes) {
        const part = size(shape.slice(1))
        out[name].data.set(bytes.subarray(at, at + part), i * part)
        at += part
      }
    }
    return out
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

async function readIndex(dir: string, { images, variants }: FillOptions, length: number): Promise<Index | null> {
  try {
    const index = JSON.parse(await readFile(join(dir, 'index.json'), 'utf8')) as Index
    const right = index.images === images && index.variants === variants && index.length === length
    return right && index.targets.length === images * variants ? index : null
  } catch {
    return null
  }
}

/** Makes room for one more: a project keeps the features of few settings, and all can be computed again. */
async function dropOldest(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      return { path, at: (await stat(join(path, 'index.json')).catch(() => null))?.mtimeMs ?? 0 }
    }),
  )
  const old = found.sort((a, b) => b.at - a.at).slice(KEPT - 1)
  for (const { path } of old) await rm(path, { recursive: true, force: true })
}

async function fill(dir: string, trunk: TrunkRunner, options: FillOptions): Promise<Index> {
  const { images, variants, batches, onProgress } = options
  await rm(dir, { recursive: true, force: true })
  await dropOldest(options.folder)
  await mkdir(dir, { recursive: true })
  const { length } = trunk
  const index: Index = { images, variants, length, targets: new Array<null>(images * variants).fill(null) }
  const file = await open(join(dir, 'features.bin'), 'w')
  let done = 0
  try {
    for await (const { batch, variant, positions } of batches) {
      const features = await trunk.run(batch.images, [batch.count, 3, batch.height, batch.width])
      const record = new Uint16Array(length)
      for (const [i, position] of positions.entries()) {
        let at = 0
        for (const { name, shape } of trunk.features) {
          const part = size(shape.slice(1))
          record.set(features[name].data.subarray(i * part, (i + 1) * part), at)
          at += part
        }
        const place = variant * images + position
        const rows = batch.targetCounts[i]
        const width = batch.targets.length / (batch.count * batch.maxGt)
        index.targets[place] = [...batch.targets.subarray(i * batch.maxGt * width, (i * batch.maxGt + rows) * width)]
        await file.write(new Uint8Array(record.buffer), 0, 2 * length, place * 2 * length)
      }
      batch.release()
      done += positions.length
      onProgress(Math.min(done, images * variants), images * variants)
    }
  } finally {
    await file.close()
  }
  await writeAtomic(join(dir, 'index.json'), [JSON.stringify(index)])
  return index
}
