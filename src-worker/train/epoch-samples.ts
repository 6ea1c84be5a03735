/** What a run says about the same few evaluation images after each epoch, for people who watch it learn. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { rng } from '@shared/base/rng'
import type { Detection } from '@shared/domain/detection'
import type { SnapshotHeader, SnapshotSample } from '@shared/domain/snapshot'
import { shapeBox } from '@shared/domain/shape-box'
import { writeAtomic } from '../files/write-atomic'

const COUNT = 12
/** A slider goes down to here; below are thousands of boxes at first. */
const MIN_SCORE = 0.05
const MOST = 100

export class EpochSamples {
  private readonly folder: string
  private readonly header: SnapshotHeader
  private readonly chosen: SnapshotSample[]

  constructor(runDir: string, header: SnapshotHeader, val: readonly SnapshotSample[], seed: number) {
    this.folder = join(runDir, 'samples')
    this.header = header
    this.chosen = chooseSamples(val, header.labels.length, seed)
  }

  /** @param epoch epochs done. @param found detections by sample id, labels as in the header. */
  async write(epoch: number, found: ReadonlyMap<number, readonly Detection[]>): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const images = join(this.folder, 'images.json')
    if (!existsSync(images)) await writeAtomic(images, [JSON.stringify(this.describe())])
    const detections = this.chosen.map(({ id }) =>
      (found.get(id) ?? [])
        .filter(({ score }) => score >= MIN_SCORE)
        .slice(0, MOST)
        .map(({ label, score, box, keypoints }) => ({ label, score, box, ...(keypoints ? { keypoints } : {}) })),
    )
    await writeAtomic(join(this.folder, `epoch-${epoch}.json`), [JSON.stringify({ epoch, detections })])
  }

  private describe() {
    return {
      labels: this.header.labels.map(({ name, color, skeleton }) => ({
        name,
        color,
        ...(skeleton ? { skeleton } : {}),
      })),
      images: this.chosen.map(({ id, name, width, height, annotations }) => ({
        sample: id,
        name,
        width,
        height,
        truths: annotations.flatMap(({ label, shape, box }) => {
          const bounds = box ?? shapeBox(shape)
          const keypoints = shape.kind === 'keypoints' ? { keypoints: shape.keypoints } : {}
          return bounds ? [{ label, box: bounds, ...keypoints }] : []
        }),
      })),
    }
  }
}

/** The same for the same data and seed; images that show classes not seen yet go first. */
export function chooseSamples(
  samples: readonly SnapshotSample[],
  classes: number,
  seed: number,
  count = COUNT,
): SnapshotSample[] {
  const random = rng(seed, 'epoch-samples')
  const left = [...samples].sort((a, b) => a.id - b.id)
  for (let i = left.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    ;[left[i], left[j]] = [left[j], left[i]]
  }
  const seen = new Set<number>()
  const chosen: SnapshotSample[] = []
  while (chosen.length < count && left.length > 0) {
    const isNew = ({ annotations }: SnapshotSample) => annotations.some(({ label }) => !seen.has(label))
    const at = seen.size < classes ? Math.max(0, left.findIndex(isNew)) : 0
    const [one] = left.splice(at, 1)
    for (const { label } of one.annotations) seen.add(label)
    chosen.push(one)
  }
  return chosen
}
