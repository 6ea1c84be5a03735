/** Is a shape worth keeping? The one place that says so for every format. */
import type { Shape } from '../../../domain/annotation'
import type { DatasetIssue, ShapeText } from '../../../domain/dataset'
import { shapeBox } from '../../../domain/shape-box'

/** Pixels a box may reach beyond its image before it is worth a word; older tools write W or H plus one. */
const slack = 1

/**
 * Null when all is well; `skipped` when the shape cannot be used (no area, wholly outside); `warning` when it is kept as
 * it is but reaches beyond the image. Sizes in pixels of the frame the shape is in; unknown sizes are not checked.
 */
export function checkShape(
  shape: Shape | ShapeText,
  width?: number,
  height?: number,
): Omit<DatasetIssue, 'file' | 'line'> | null {
  if (shape.kind === 'tag') return null
  const box = shapeBox(shape)
  if (!box) return null
  const [x1, y1, x2, y2] = box
  const what = shape.kind === 'keypoints' ? 'box of the pose' : shape.kind === 'box' ? 'box' : `${shape.kind}'s box`
  const text = () => `The ${what} ${box.map(short).join(', ')}`
  // A pose may lie on one line; its points are what counts.
  if (!(x2 > x1 && y2 > y1) && (shape.kind !== 'keypoints' || shape.box)) {
    return shape.kind === 'keypoints'
      ? {
          level: 'warning',
          code: 'zero-area',
          message: `${text()} has no area; the pose is kept. Redraw the box before training on it.`,
        }
      : {
          level: 'skipped',
          code: 'zero-area',
          message: `${text()} has no area and is skipped. Redraw it if an object is there.`,
        }
  }
  if (!width || !height) return null
  // Points may lie on the very border; a box that only touches it holds no pixel.
  const isOutside =
    shape.kind === 'keypoints' && !shape.box
      ? x2 < 0 || y2 < 0 || x1 > width || y1 > height
      : x2 <= 0 || y2 <= 0 || x1 >= width || y1 >= height
  if (isOutside) {
    return {
      level: 'skipped',
      code: 'outside-image',
      message: `${text()} lies outside of the ${width} x ${height} image and is skipped. Check that the annotation belongs to this image.`,
    }
  }
  if (x1 < -slack || y1 < -slack || x2 > width + slack || y2 > height + slack) {
    return {
      level: 'warning',
      code: 'beyond-image',
      message: `${text()} reaches beyond the ${width} x ${height} image; it is kept as it is, and training clips it.`,
    }
  }
  return null
}

/** At most three decimals, for messages. */
export const short = (n: number): string => String(Math.round(n * 1000) / 1000)
