/** An annotation in one line of text: for the object list, and so for screen readers. */
import { shapeBox } from '@shared/domain/shape-box'
import type { Annotation } from '@shared/contract/annotations'
import { translate } from '../../locales'

export const shortNumber = (value: number): string => String(Math.round(value * 100) / 100)

/** `34 × 20 at 120, 88`, or what there is to say of the kind. */
export function describeGeometry(shape: Annotation['shape']): string {
  const box = shapeBox(shape)
  if (!box) return ''
  const [x1, y1, x2, y2] = box
  const size = { width: shortNumber(x2 - x1), height: shortNumber(y2 - y1), x: shortNumber(x1), y: shortNumber(y1) }
  if (shape.kind === 'rotated-box') {
    const [, , width, height, angle] = shape.rotatedBox
    return translate('label.object.rotated', {
      ...size,
      width: shortNumber(width),
      height: shortNumber(height),
      angle: shortNumber(angle),
    })
  }
  if (shape.kind === 'keypoints') {
    const placed = shape.keypoints.filter(([, , v]) => v > 0).length
    return translate('label.object.keypoints', { placed, of: shape.keypoints.length })
  }
  if (shape.kind === 'polygon') {
    return translate('label.object.polygon', {
      ...size,
      points: shape.rings.reduce((sum, ring) => sum + ring.length, 0),
    })
  }
  return translate('label.object.box', size)
}

/** `difficult, locked`; empty for an object like any other. */
export function describeState({ flags, hidden, locked }: Annotation): string {
  const parts = Object.entries(flags).flatMap(([flag, on]) => (on ? [translate(`label.flagName.${flag}`)] : []))
  if (hidden) parts.push(translate('label.object.hidden'))
  if (locked) parts.push(translate('label.object.locked'))
  return parts.join(', ')
}
