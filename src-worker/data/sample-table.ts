/** The samples of a loader as flat arrays in shared memory, so that every thread reads one copy. */
import { shapeBox } from '@shared/domain/shape-box'
import type { ObjectPoints } from '@shared/domain/skeleton'
import type { SnapshotSample } from '@shared/domain/snapshot'

export interface SampleTable {
  count: number
  /** Sample ids; float64, because ids are not limited to 32 bits. */
  ids: Float64Array
  /** Upright width and height of sample i at [2 i]. */
  sizes: Int32Array
  /** Boxes of sample i are rows boxStart[i] .. boxStart[i + 1] of `boxes`. */
  boxStart: Int32Array
  /** Rows of x1, y1, x2, y2 in image pixels. */
  boxes: Float64Array
  labels: Int32Array
  /** Points of a box; 0: none were asked for. */
  pointCount: number
  /** Rows of x, y, v (1 labelled, else 0) in image pixels, `pointCount` points for each box. */
  points: Float64Array
  /** What point k of label c becomes in a mirrored image, at [c pointCount + k]. */
  flip: Int32Array
  /** Positions of samples that have at least one box. */
  labelled: Int32Array
  /** UTF-8 file paths, one after the other; path i is pathStart[i] .. pathStart[i + 1]. */
  paths: Uint8Array
  pathStart: Float64Array
}

/**
 * Packs samples. Boxes of all shapes count as their upright bounding box, clipped to the image; crowds are left out,
 * because they mark regions and not objects (COCO), and so is what has no area.
 */
export function createSampleTable(
  samples: readonly SnapshotSample[],
  { count: pointCount, flip }: ObjectPoints = { count: 0, flip: [] },
): SampleTable {
  const count = samples.length
  const rows: number[][] = []
  const rowLabels: number[] = []
  const rowPoints: number[] = []
  const boxStart = sharedInts(count + 1)
  const ids = new Float64Array(new SharedArrayBuffer(8 * count))
  const sizes = sharedInts(2 * count)
  const labelled: number[] = []
  const encoder = new TextEncoder()
  const pathStart = new Float64Array(new SharedArrayBuffer(8 * (count + 1)))
  const encoded = samples.map((sample) => encoder.encode(sample.file))
  samples.forEach((sample, i) => {
    ids[i] = sample.id
    sizes[2 * i] = sample.width
    sizes[2 * i + 1] = sample.height
    for (const annotation of sample.annotations) {
      if (annotation.flags.crowd) continue
      const box = shapeBox(annotation.shape)
      if (!box) continue
      const x1 = Math.max(box[0], 0)
      const y1 = Math.max(box[1], 0)
      const x2 = Math.min(box[2], sample.width)
      const y2 = Math.min(box[3], sample.height)
      if (!(x2 > x1 && y2 > y1)) continue
      rows.push([x1, y1, x2, y2])
      rowLabels.push(annotation.label)
      const own = annotation.shape.kind === 'keypoints' ? annotation.shape.keypoints : []
      for (let k = 0; k < pointCount; k++) {
        const [x, y, v] = own[k] ?? [0, 0, 0]
        rowPoints.push(...(v > 0 ? [x, y, 1] : [0, 0, 0]))
      }
    }
    boxStart[i + 1] = rows.length
    if (boxStart[i + 1] > boxStart[i]) labelled.push(i)
    pathStart[i + 1] = pathStart[i] + encoded[i].length
  })
  const boxes = new Float64Array(new SharedArrayBuffer(32 * rows.length))
  rows.forEach((row, i) => boxes.set(row, 4 * i))
  const paths = new Uint8Array(new SharedArrayBuffer(pathStart[count]))
  encoded.forEach((bytes, i) => paths.set(bytes, pathStart[i]))
  return {
    count,
    ids,
    sizes,
    boxStart,
    boxes,
    labels: sharedCopy(rowLabels),
    pointCount,
    points: sharedNumbers(rowPoints),
    flip: sharedCopy(flip.flat()),
    labelled: sharedCopy(labelled),
    paths,
    pathStart,
  }
}

/** Absolute path of a sample's file. */
export function samplePath(table: SampleTable, sample: number): string {
  // TextDecoder does not take shared memory: slice copies.
  return new TextDecoder().decode(
    new Uint8Array(table.paths.subarray(table.pathStart[sample], table.pathStart[sample + 1])),
  )
}

export const sharedInts = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * length))

function sharedNumbers(values: readonly number[]): Float64Array {
  const out = new Float64Array(new SharedArrayBuffer(8 * values.length))
  out.set(values)
  return out
}

function sharedCopy(values: number[]): Int32Array {
  const out = sharedInts(values.length)
  out.set(values)
  return out
}
