/** A training batch as people see it: its images in a grid, with the boxes they are trained on. */
import sharp from 'sharp'
import { labelColor } from '@shared/domain/label'
import { escapeXml } from '@shared/plots/svg'
import type { Batch } from './types'

/** @param batch packed as `nhwc` bytes. @param order of its channels. @returns a JPEG and its size. */
export async function batchPicture(
  batch: Pick<Batch, 'images' | 'count' | 'width' | 'height' | 'targets' | 'maxGt' | 'targetCounts'>,
  { order, names }: { order: 'RGB' | 'BGR'; names: readonly string[] },
): Promise<{ jpeg: Buffer; width: number; height: number }> {
  const { count, width: w, height: h, maxGt } = batch
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
      const [label, cx, cy, bw, bh] = batch.targets.subarray(5 * (i * maxGt + g), 5 * (i * maxGt + g) + 5)
      const color = labelColor(label)
      const [x, y] = [left + cx - bw / 2, top + cy - bh / 2]
      shapes.push(
        `<rect x="${x}" y="${y}" width="${bw}" height="${bh}" fill="none" stroke="${color}" stroke-width="2"/>`,
        `<text x="${x + 2}" y="${Math.max(y + 11, top + 11)}" font-family="sans-serif" font-size="11" fill="#fff" stroke="#000" stroke-width=".5" paint-order="stroke">${escapeXml(names[label] ?? String(label))}</text>`,
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
