/**
 * Features of a frozen trunk kept on disk: each training image in a few augmented variants, computed once, when the first
 * epoch asks for them. Later epochs read them and touch neither images nor trunk. Files: `features.bin` (fixed-size
 * records of float16 numbers, image by image within a variant) and `index.json`, written after each variant.
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
  /**
   * By variant and image: rows (class, cx, cy, w, h, points), flat; null for images that could not be read. Variants are
   * made in order: as many as there are entries are complete.
   */
  targets: (number[] | null)[][]
}

export interface FillOptions {
  /** Changes with everything that the features and their targets depend on. */
  key: string
  /** Folder of all caches. */
  folder: string
  images: number
  variants: number
  /** Asked for variants in ascending order, each once; closed when there is nothing more to ask. */
  source: VariantSource
  /** Images of the variant that is being computed. */
  onProgress(done: number, total: number): void
}

export interface VariantSource {
  /** Augmented batches of every image; positions say which images they hold. */
  batches(variant: number): AsyncIterable<{ batch: Batch; positions: readonly number[] }>
  close(): Promise<void>
}

/**
 * How many variants an epoch draws from. Half of the run passes until all of them are there: computing them is most of
 * what training a small head costs, and the first epochs shall not wait for what the last ones need.
 */
export function variantsAt(epoch: number, epochs: number, variants: number): number {
  const each = Math.max(1, Math.floor(epochs / (2 * variants)))
  return Math.min(variants, 1 + Math.floor(epoch / each))
}

export class FeatureCache {
  private readonly dir: string
  private readonly trunk: TrunkRunner
  private readonly options: FillOptions
  private readonly index: Index
  private readonly file: FileHandle

  private constructor(dir: string, trunk: TrunkRunner, options: FillOptions, index: Index, file: FileHandle) {
    this.dir = dir
    this.trunk = trunk
    this.options = options
    this.index = index
    this.file = file
  }

  /** Opens what there is; variants are computed when they are asked for. @throws `disk-full`, `not-writable`. */
  static async open(trunk: TrunkRunner, options: FillOptions): Promise<FeatureCache> {
    const dir = join(options.folder, options.key.slice(0, 32))
    const { images, variants } = options
    const known = await readIndex(dir, options, trunk.length)
    if (!known) {
      await rm(dir, { recursive: true, force: true })
      await dropOldest(options.folder)
      await mkdir(dir, { recursive: true })
    }
    const file = await open(join(dir, 'features.bin'), known ? 'r+' : 'w+')
    return new FeatureCache(dir, trunk, options, known ?? { images, variants, length: trunk.length, targets: [] }, file)
  }

  /** Computes what is missing of the first so many variants. */
  async prepare(variants: number): Promise<void> {
    const { index, options } = this
    while (index.targets.length < Math.min(variants, options.variants)) {
      index.targets.push(await this.fill(index.targets.length))
      await writeAtomic(join(this.dir, 'index.json'), [JSON.stringify(index)])
      if (index.targets.length === options.variants) await options.source.close()
    }
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
      variantsAt = () => this.options.variants,
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
      /** How many variants an epoch draws from; default all. */
      variantsAt?: (epoch: number) => number
    },
    from: { epoch: number; batch: number },
  ): AsyncGenerator<FeatureBatch, void, void> {
    const { images, targets } = this.index
    const chosen = only ?? Array.from({ length: images }, (_, i) => i)
    const batches = Math.max(1, Math.floor(chosen.length / batch))
    for (let epoch = from.epoch; epoch < epochs; epoch++) {
      const variants = variantsAt(epoch)
      await this.prepare(variants)
      const order = rng(seed, 'shuffle', epoch).shuffle(Array.from(chosen, (_, i) => i))
      for (let index = epoch === from.epoch ? from.batch : 0; index < batches; index++) {
        const records = Array.from({ length: batch }, (_, i) => {
          const at = order[(index * batch + i) % chosen.length]
          // Another image takes the place of one that could not be read.
          for (let step = 0; step < chosen.length; step++) {
            const image = chosen[(at + step) % chosen.length]
            const variant = (epoch + chosen[at]) % variants
            const rows = targets[variant][image]
            if (rows) return { place: variant * images + image, rows }
          }
          throw new TagwrightError('no-samples', 'None of these images can be read. Restore them.')
        })
        const most = Math.max(...records.map(({ rows }) => rows.length / width))
        const rows = maxGt.find((n) => n >= most) ?? maxGt[maxGt.length - 1]
        const flat = new Float32Array(batch * rows * width)
        records.forEach((record, i) => flat.set(record.rows.slice(0, rows * width), i * rows * width))
        yield {
          epoch,
          index,
          batches,
          count: batch,
          width: side,
          height: side,
          targets: flat,
          maxGt: rows,
          features: await this.read(records.map(({ place }) => place)),
          release: () => {},
        }
      }
    }
  }

  private async read(records: readonly number[]): Promise<Features> {
    const { length } = this.index
    const bytes = new Uint16Array(length)
    const out: Features = Object.fromEntries(
      this.trunk.features.map(({ name, shape }) => [
        name,
        { data: new Uint16Array(size(shape.slice(1)) * records.length), shape: [records.length, ...shape.slice(1)] },
      ]),
    )
    for (const [i, record] of records.entries()) {
      await this.file.read(new Uint8Array(bytes.buffer), 0, 2 * length, record * 2 * length)
      let at = 0
      for (const { name, shape } of this.trunk.features) {
        const part = size(shape.slice(1))
        out[name].data.set(bytes.subarray(at, at + part), i * part)
        at += part
      }
    }
    return out
  }

  async close(): Promise<void> {
    await this.options.source.close()
    await this.file.close()
  }

  /** @returns the targets of each image in this variant. */
  private async fill(variant: number): Promise<(number[] | null)[]> {
    const { trunk, file } = this
    const { images, source, onProgress } = this.options
    const { length } = trunk
    const targets = new Array<number[] | null>(images).fill(null)
    const record = new Uint16Array(length)
    let done = 0
    for await (const { batch, positions } of source.batches(variant)) {
      const features = await trunk.run(batch.images, [batch.count, 3, batch.height, batch.width])
      for (const [i, position] of positions.entries()) {
        let at = 0
        for (const { name, shape } of trunk.features) {
          const part = size(shape.slice(1))
          record.set(features[name].data.subarray(i * part, (i + 1) * part), at)
          at += part
        }
        const rows = batch.targetCounts[i]
        const width = batch.targets.length / (batch.count * batch.maxGt)
        targets[position] = [...batch.targets.subarray(i * batch.maxGt * width, (i * batch.maxGt + rows) * width)]
        await file.write(new Uint8Array(record.buffer), 0, 2 * length, (variant * images + position) * 2 * length)
      }
      batch.release()
      done += positions.length
      onProgress(Math.min(done, images), images)
    }
    return targets
  }
}

async function readIndex(dir: string, { images, variants }: FillOptions, length: number): Promise<Index | null> {
  try {
    const index = JSON.parse(await readFile(join(dir, 'index.json'), 'utf8')) as Index
    const right = index.images === images && index.variants === variants && index.length === length
    return right && index.targets.length <= variants && index.targets.every((one) => one.length === images)
      ? index
      : null
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
