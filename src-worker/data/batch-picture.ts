/** A training batch as people see it: its images in a grid, with the boxes and points they are trained on. */
import sharp from 'sharp'
import { labelColor } from '@shared/domain/label'
import { drawSkeleton } from '@shared/plots/draw-skeleton'
import { escapeXml } from '@shared/plots/svg'
import type { Batch } from './types'

/** @param batch packed as `nhwc` bytes. @param order of its channels. @returns a JPEG and its size. */
export async function batchPicture(
  batch: Pick<Batch, 'images' | 'count' | 'width' | 'height' | 'targets' | 'maxGt' | 'targetCounts'>,
  {
    order,
    names,
    edges = [],
  }: {
    order: 'RGB' | 'BGR'
    names: readonly string[]
    /** Pairs of points that are joined, by label. */
    edges?: readonly (readonly (readonly [number, number])[])[]
  },
): Promise<{ jpeg: Buffer; width: number; height: number }> {
  const { count, width: w, height: h, maxGt } = batch
  const rowLength = batch.targets.length / (count * maxGt)
  const columns = Math.ceil(Math.sqrt(count))
  const [width, height] = [columns * w, Math.ceil(count / columns) * h]
  const sheet = Buffer.alloc(width * height * 3, 0xf4)
  const shapes: string[] = []
  const [r, b] = order === 'RGB' ? [0, 2] : [2, 0]
  for (let i = 0; i < count; i++) {
    const [left, top] = [(i % columns) * w, Math.floor(i / columns) * h]
    for (let y = 0; y < h; y++) {
      let from = (i * h + y) * w * 3
      let to = ((top + y) * width + left) * 3
      for (let x = 0; x < w; x++, from += 3, to += 3) {
        sheet[to] = batch.images[from + r]
        sheet[to + 1] = batch.images[from + 1]
        sheet[to + 2] = batch.images[from + b]
      }
    }
    for (let g = 0; g < batch.targetCounts[i]; g++) {
      const row = batch.targets.subarray(rowLength * (i * maxGt + g), rowLength * (i * maxGt + g + 1))
      const [label, cx, cy, bw, bh] = row
      const color = labelColor(label)
      const [x, y] = [left + cx - bw / 2, top + cy - bh / 2]
      shapes.push(
        `<rect x="${x}" y="${y}" width="${bw}" height="${bh}" fill="none" stroke="${color}" stroke-width="2"/>`,
        `<text x="${x + 2}" y="${Math.max(y + 11, top + 11)}" font-family="sans-serif" font-size="11" fill="#fff" stroke="#000" stroke-width=".5" paint-order="stroke">${escapeXml(names[label] ?? String(label))}</text>`,
        drawSkeleton({
          points: Array.from({ length: (rowLength - 5) / 3 }, (_, k) => {
            const [px, py, v] = row.subarray(5 + 3 * k, 8 + 3 * k)
            return [left + px, top + py, v > 0] as const
          }),
          edges: edges[label] ?? [],
          color,
          line: 1.5,
        }),
      )
    }
  }
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>`
  const jpeg = await sharp(sheet, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(overlay) }])
    .jpeg({ quality: 85 })
    .toBuffer()
  return { jpeg, width, height }
}
