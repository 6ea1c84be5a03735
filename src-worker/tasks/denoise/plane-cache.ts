/** Decoded files of a run in memory, least recently used out first. */
import { TagwrightError, toErrorShape } from '@shared/base/errors'
import { withChannels } from '@shared/domain/plane-channels'
import { makePlanarImage, type PlanarImage } from '@shared/domain/planar-image'
import type { SnapshotSample } from '@shared/domain/snapshot'
import { readPlanes, type StoredPlanes } from '../../data/planes'

const LIMIT = 1 << 30

/** A file that cannot be used, and why. */
export interface BadPlanes {
  name: string
  file: string
  message: string
}

export interface Pair {
  /** null: noise is made. */
  noisy: StoredPlanes | null
  clean: StoredPlanes
}

export class PlaneCache {
  private readonly kept = new Map<string, StoredPlanes>()
  private bytes = 0
  private readonly failed = new Set<string>()
  private readonly onBad: (bad: BadPlanes) => void
  private readonly limit: number

  /** @param limit bytes that are kept. */
  constructor(onBad: (bad: BadPlanes) => void, limit = LIMIT) {
    this.onBad = onBad
    this.limit = limit
  }

  /** null: one of its files cannot be read, or noisy and clean do not fit each other; told once. */
  async get(sample: SnapshotSample, isPair: boolean): Promise<Pair | null> {
    if (this.failed.has(sample.file)) return null
    try {
      const clean = await this.read(sample.pair ?? sample.file)
      const noisy = isPair ? await this.read(sample.file) : null
      if (noisy && (noisy.width !== clean.width || noisy.height !== clean.height || noisy.channels !== clean.channels))
        throw new TagwrightError(
          'pair-differs',
          `${sample.file} is ${describe(noisy)} and its clean image ${sample.pair} ${describe(clean)}. Pair images of one size.`,
        )
      return { noisy, clean }
    } catch (error) {
      this.failed.add(sample.file)
      this.onBad({ name: sample.name, file: sample.file, message: toErrorShape(error).message })
      return null
    }
  }

  private async read(file: string): Promise<StoredPlanes> {
    const known = this.kept.get(file)
    if (known) {
      this.kept.delete(file)
      this.kept.set(file, known)
      return known
    }
    const made = await readPlanes(file)
    this.kept.set(file, made)
    this.bytes += made.data.byteLength
    for (const [oldest, { data }] of this.kept) {
      if (this.bytes <= this.limit || oldest === file) break
      this.kept.delete(oldest)
      this.bytes -= data.byteLength
    }
    return made
  }
}

const describe = ({ width, height, channels }: StoredPlanes): string => `${width} x ${height} x ${channels}`

/** One of eight orientations: bit 0 mirrors columns, bit 1 mirrors rows, bit 2 swaps rows and columns. */
export type Orientation = number

/**
 * A square of a file as numbers 0..1, turned; beyond the edges the image is mirrored. The four planes of a Bayer mosaic
 * are turned as the mosaic would be, cut so that it stays RGGB: colours keep their places between each other.
 * @param channels what the model takes.
 */
export function cropPlanes(
  { data, width, height, channels: has, black, white }: StoredPlanes,
  { x, y, side, turn, channels }: { x: number; y: number; side: number; turn: Orientation; channels: number },
): PlanarImage {
  const out = makePlanarImage(side, side, has)
  const scale = 1 / (white - black)
  if (has === 4) {
    for (let c = 0; c < 4; c++)
      for (let j = 0; j < side; j++)
        for (let i = 0; i < side; i++) {
          // Pixels of the mosaic. Mirrored about an even one, even pixels stay even.
          const [across, down] = [2 * i + (c & 1), 2 * j + (c >> 1)]
          const a = turn & 1 ? 2 * side - across : across
          const b = turn & 2 ? 2 * side - down : down
          const [column, row] = turn & 4 ? [b, a] : [a, b]
          const plane = (row & 1) * 2 + (column & 1)
          const from = (plane * height + reflect(y + (row >> 1), height)) * width + reflect(x + (column >> 1), width)
          out.data[(c * side + j) * side + i] = (data[from] - black) * scale
        }
    return withChannels(out, channels)
  }
  for (let c = 0; c < has; c++)
    for (let j = 0; j < side; j++)
      for (let i = 0; i < side; i++) {
        const a = turn & 1 ? side - 1 - i : i
        const b = turn & 2 ? side - 1 - j : j
        const [column, row] = turn & 4 ? [b, a] : [a, b]
        const from = (c * height + reflect(y + row, height)) * width + reflect(x + column, width)
        out.data[(c * side + j) * side + i] = (data[from] - black) * scale
      }
  return withChannels(out, channels)
}

function reflect(at: number, length: number): number {
  if (at < length) return at
  if (length === 1) return 0
  const period = 2 * (length - 1)
  const folded = at % period
  return folded < length ? folded : period - folded
}
