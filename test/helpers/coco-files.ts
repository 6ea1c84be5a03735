/** Small COCO files for tests, written as rows. */

/** `[image, category, x, y, w, h]` and what differs from the defaults. */
export type TruthRow = [
  number,
  number,
  number,
  number,
  number,
  number,
  { area?: number; crowd?: boolean; id?: number }?,
]
/** `[image, category, x, y, w, h, score]` */
export type ResultRow = [number, number, number, number, number, number, number]

/** A ground truth file; ids count from 1, the area is that of the box, images and categories are those of the rows. */
export function truthFile(rows: TruthRow[], more: { images?: number[]; categories?: number[] } = {}) {
  const ids = (own: number[], extra: number[] = []) => [...new Set([...own, ...extra])]
  return {
    images: ids(
      rows.map((row) => row[0]),
      more.images,
    ).map((id) => ({ id, width: 640, height: 480 })),
    categories: ids(
      rows.map((row) => row[1]),
      more.categories,
    ).map((id) => ({ id, name: `class${id}` })),
    annotations: rows.map(([image_id, category_id, x, y, w, h, extra], i) => ({
      id: extra?.id ?? i + 1,
      image_id,
      category_id,
      bbox: [x, y, w, h],
      area: extra?.area ?? w * h,
      iscrowd: extra?.crowd ? 1 : 0,
    })),
  }
}

export const resultFile = (rows: ResultRow[]) =>
  rows.map(([image_id, category_id, x, y, w, h, score]) => ({ image_id, category_id, bbox: [x, y, w, h], score }))
