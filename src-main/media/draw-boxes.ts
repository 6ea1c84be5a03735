/** Small pictures of images with boxes, and sheets of them: for plots and reports. */
import sharp from 'sharp'
import { textColor } from '@shared/domain/text-color'
import { escapeXml } from '@shared/plots/svg'
import { openImage } from './render-image'

export interface SmallBox {
  /** `[x1, y1, x2, y2]`, upright image pixels. */
  box: readonly [number, number, number, number]
  /** Empty: no tag. */
  text: string
  /** `#rrggbb` */
  color: string
  dashed?: boolean
}

/** @returns a JPEG whose longer side is `side` px, with lines and tags of a readable size. */
export async function drawBoxes(
  file: string,
  boxes: readonly SmallBox[],
  { side, width, height, quality = 80 }: { side: number; width: number; height: number; quality?: number },
): Promise<Buffer> {
  const image = (await openImage(file)).resize({ width: side, height: side, fit: 'inside' })
  const { data, info } = await image
    .toColourspace('srgb')
    .flatten({ background: '#ffffff' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const picture = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
  if (boxes.length > 0) {
    const overlay = boxOverlay(boxes, info.width, info.height, info.width / width, info.height / height)
    picture.composite([{ input: Buffer.from(overlay) }])
  }
  return picture.jpeg({ quality }).toBuffer()
}

function boxOverlay(boxes: readonly SmallBox[], width: number, height: number, sx: number, sy: number): string {
  const shapes = boxes.map(({ box, text, color, dashed }) => {
    const [x1, y1, x2, y2] = [box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy]
    const stroke = `fill="none" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 3"' : ''}`
    const frame = `<rect x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" ${stroke}/>`
    if (!text) return frame
    const wide = text.length * 6.3 + 4
    // A tag stays inside the picture.
    const [left, top] = [Math.max(0, Math.min(x1, width - wide)), y1 >= 14 ? y1 - 14 : Math.max(0, y1)]
    return `${frame}<rect x="${left}" y="${top}" width="${wide}" height="14" fill="${color}"/><text x="${left + 2}" y="${top + 11}" font-family="sans-serif" font-size="11" fill="${textColor(color)}">${escapeXml(text)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>`
}

/** Between the pictures of a sheet, px. */
const sheetGap = 6

/**
 * Pictures in rows of `columns`, each in the middle of a cell as large as the largest of them, at most `side` px.
 * @returns a JPEG.
 */
export async function drawSheet(pictures: readonly Buffer[], columns: number, side: number): Promise<Buffer> {
  const sizes = await Promise.all(pictures.map((picture) => sharp(picture).metadata()))
  const cell = {
    width: Math.min(side, Math.max(...sizes.map(({ width }) => width))),
    height: Math.min(side, Math.max(...sizes.map(({ height }) => height))),
  }
  const rows = Math.ceil(pictures.length / columns)
  const placed = pictures.map((input, i) => ({
    input,
    left: sheetGap + (i % columns) * (cell.width + sheetGap) + ((cell.width - sizes[i].width) >> 1),
    top: sheetGap + Math.floor(i / columns) * (cell.height + sheetGap) + ((cell.height - sizes[i].height) >> 1),
  }))
  return sharp({
    create: {
      width: Math.min(columns, pictures.length) * (cell.width + sheetGap) + sheetGap,
      height: rows * (cell.height + sheetGap) + sheetGap,
      channels: 3,
      background: '#f4f5f8',
    },
  })
    .composite(placed)
    .jpeg({ quality: 85 })
    .toBuffer()
}

/** At twice the drawn size, for sharp text. */
export const rasterize = (svg: string): Promise<Buffer> =>
  sharp(Buffer.from(svg), { density: 144 }).png({ compressionLevel: 8 }).toBuffer()

/** As {@link rasterize}, for plots that people know as JPEG. */
export const rasterizeJpeg = (svg: string): Promise<Buffer> =>
  sharp(Buffer.from(svg), { density: 144 }).flatten({ background: '#ffffff' }).jpeg({ quality: 88 }).toBuffer()
