/** Edits of keypoint instances that the select and the keypoint tool share. */
import type { Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { EditorAnnotation } from '../api'
import { bringInside } from '../geometry/clamp'
import { hitKeypoint } from '../geometry/hit-test'
import { tidy } from '../geometry/snap'
import { rotateShape } from '../geometry/transform-shape'
import type { ToolContext } from './tool'

/** Keypoints are grabbed within this way, screen pixels. */
export const keypointReach = 8
const degreesPerNotch = 3

export const keypointAt = (context: ToolContext, item: EditorAnnotation, image: Point): number | null =>
  item.shape.kind === 'keypoints' ? hitKeypoint(item.shape.keypoints, image, context.reach(keypointReach)) : null

/** Visible becomes hidden and hidden visible, of the selected or else any pose's keypoint at the place. */
export function toggleVisibility(context: ToolContext, image: Point): boolean {
  const { scene } = context
  const candidates = [...scene.selected, ...scene.hit(image, context.reach(keypointReach))]
  for (const item of candidates) {
    if (item.shape.kind !== 'keypoints' || item.locked || !scene.isShown(item)) continue
    const index = keypointAt(context, item, image)
    if (index === null) continue
    const keypoints = item.shape.keypoints.map((point, i): typeof point =>
      i === index ? [point[0], point[1], point[2] === 2 ? 1 : 2] : point,
    )
    context.commit('Change keypoint visibility', [{ op: 'update', id: item.id, shape: { ...item.shape, keypoints } }])
    const name = scene.labels.get(item.label)?.skeleton?.names[index] ?? String(index + 1)
    context.announce(keypoints[index][2] === 2 ? 'keypointVisible' : 'keypointHidden', { name })
    return true
  }
  return false
}

/** Turns the selected poses and rotated boxes about their middles; notches join into one undo step. */
export function rotateInstance(context: ToolContext, deltaY: number): boolean {
  const changes = context.scene.selected.flatMap((item) => {
    const box = shapeBox(item.shape)
    if (item.locked || !box || !['keypoints', 'rotated-box', 'polygon'].includes(item.shape.kind)) return []
    const centre: Point = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
    const turned = rotateShape(item.shape, centre, Math.sign(deltaY) * degreesPerNotch)
    const shape = bringInside(turned, context.image())
    if (shape.kind === 'keypoints') {
      shape.keypoints = shape.keypoints.map(([x, y, v]) => [tidy(x), tidy(y), v])
    }
    return [{ op: 'update' as const, id: item.id, shape }]
  })
  if (changes.length > 0) context.commit('Rotate', changes, { merge: true })
  return changes.length > 0
}
