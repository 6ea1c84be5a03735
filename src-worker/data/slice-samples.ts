/**
 * Training images cut into overlapping squares beside the whole ones, for slicing-aided fine-tuning (SAHI, Akyon et al.
 * 2022, arXiv:2202.06934): small objects are learned at the size at which sliced inference shows them.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Box } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { SnapshotAnnotation, SnapshotSample } from '@shared/domain/snapshot'
import { writeAtomic } from '../files/write-atomic'
import { sliceImage, type Slice } from '../predict/slice-image'
import { decodeImage } from './decode-image'

/** A cut object stays when at least this share of its box is left. */
const MIN_AREA = 0.1
const OVERLAP = 0.2

/**
 * The samples, and their slices that show an object, as image files in `folder` that are made once. Boxes are cut at the
 * slice's edge; outlines become boxes. Images that fit into one slice, and those that cannot be read, stay alone.
 */
export async function sliceSamples(
  samples: readonly SnapshotSample[],
  { size, folder, signal }: { size: number; folder: string; signal?: AbortSignal | undefined },
): Promise<SnapshotSample[]> {
  await mkdir(folder, { recursive: true })
  const out: SnapshotSample[] = [...samples]
  // Augmentation is seeded by the id: each slice needs its own, the same at every start.
  let id = samples.reduce((most, sample) => Math.max(most, sample.id), 0)
  for (const sample of samples) {
    signal?.throwIfAborted()
    const parts = sliceImage(sample, { size, overlap: OVERLAP, whole: false })
    if (parts.length < 2) continue
    const wanted = parts.flatMap((slice) => {
      const annotations = sample.annotations.flatMap((annotation) => cutAnnotation(annotation, slice) ?? [])
      return annotations.length > 0 ? [{ slice, annotations }] : []
    })
    const files = await writeSlices(
      sample,
      wanted.map(({ slice }) => slice),
      folder,
    )
    for (const [i, { slice, annotations }] of wanted.entries()) {
      id++
      if (!files) continue
      const { width, height, x, y } = slice
      out.push({ ...sample, id, file: files[i], name: `${sample.name} (${x}, ${y})`, width, height, annotations })
    }
  }
  return out
}

/** null: too little of it is inside, or it has no box. Crowds stay crowds. */
export function cutAnnotation(annotation: SnapshotAnnotation, slice: Slice): SnapshotAnnotation | null {
  const box = annotation.box ?? shapeBox(annotation.shape)
  if (!box) return null
  const cut: [number, number, number, number] = [
    Math.max(box[0] - slice.x, 0),
    Math.max(box[1] - slice.y, 0),
    Math.min(box[2] - slice.x, slice.width),
    Math.min(box[3] - slice.y, slice.height),
  ]
  if (!(cut[2] > cut[0] && cut[3] > cut[1])) return null
  const area = (b: Box) => (b[2] - b[0]) * (b[3] - b[1])
  const share = area(cut) / area(box)
  if (!(share >= MIN_AREA)) return null
  const { id, label, flags } = annotation
  const truncated = flags.truncated || share < 1
  return { id, label, flags: { ...flags, truncated }, shape: { kind: 'box', box: cut }, box: cut, area: area(cut) }
}

/** @returns the files in order; null when the image cannot be read: the loader tells it. */
async function writeSlices(sample: SnapshotSample, slices: readonly Slice[], folder: string): Promise<string[] | null> {
  try {
    const { size, mtimeMs } = await stat(sample.file)
    const stem = createHash('sha256').update(`${sample.file}\n${size}\n${mtimeMs}`).digest('hex').slice(0, 24)
    const files = slices.map(({ x, y, width, height }) => join(folder, `${stem}-${x}-${y}-${width}x${height}.png`))
    if (files.every((file) => existsSync(file))) return files
    const { data, offset, width: stride } = await decodeImage(sample.file)
    for (const [i, { x, y, width, height }] of slices.entries()) {
      const bytes = Buffer.alloc(width * height * 3)
      for (let row = 0, to = 0; row < height; row++) {
        const from = offset + (y + row) * stride + x
        for (let column = 0; column < width; column++) {
          const pixel = data[from + column]
          bytes[to++] = pixel & 255
          bytes[to++] = (pixel >> 8) & 255
          bytes[to++] = (pixel >> 16) & 255
        }
      }
      const png = await sharp(bytes, { raw: { width, height, channels: 3 } })
        .png({ compressionLevel: 3 })
        .toBuffer()
      await writeAtomic(files[i], [png])
    }
    return files
  } catch {
    return null
  }
}
