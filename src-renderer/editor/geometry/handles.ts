/** Handles of the selected shape: where they lie on the screen and which one a pointer meets. */
import type { Box, Point, RotatedBox } from '@shared/domain/geometry'
import { rotatePoint } from './rotate'
import { toScreen, type View } from './view'

export const sideHandles = ['nw', 'n', 'ne', 'e', 'se', 's', 'sw', 'w'] as const
export type SideHandle = (typeof sideHandles)[number]
export type HandleId = SideHandle | 'rotate'

export interface Handle {
  readonly id: HandleId
  /** Middle of the handle, screen pixels. */
  readonly at: Point
}

/** Half a handle's side and how far beside it a press still counts, screen pixels. */
export const handleRadius = 4
export const handleReach = 8
const rotateArm = 28
/** Boxes with a side below this keep their inside free for moving: the handles step outwards. */
const smallSide = 36

/** -1, 0, 1: which side of the box the handle moves. */
export const handleSide = (id: SideHandle): Point => [
  id.includes('w') ? -1 : id.includes('e') ? 1 : 0,
  id.includes('n') ? -1 : id.includes('s') ? 1 : 0,
]

/** The eight handles of an upright or turned box, and for a turned one the arm that turns it. */
export function layoutHandles(box: Box | RotatedBox, view: View): Handle[] {
  const turned = box.length === 5
  const [cx, cy, w, h, angle] = turned
    ? box
    : [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1], 0]
  const centre = toScreen(view, [cx, cy])
  const half: Point = [(w * view.scale) / 2, (h * view.scale) / 2]
  const out = (side: number) => (side < smallSide ? Math.min(10, (smallSide - side) / 2) : 0)
  const reach: Point = [half[0] + out(2 * half[0]), half[1] + out(2 * half[1])]
  const place = (x: number, y: number): Point => rotatePoint([centre[0] + x, centre[1] + y], centre, angle)
  const handles = sideHandles
    // Where a side is too short for three handles, its middle one goes.
    .filter((id) => id.length === 2 || (id === 'n' || id === 's' ? half[0] > 12 : half[1] > 12))
    .map((id): Handle => {
      const [sx, sy] = handleSide(id)
      return { id, at: place(sx * reach[0], sy * reach[1]) }
    })
  if (turned) handles.push({ id: 'rotate', at: place(0, -reach[1] - rotateArm) })
  return handles
}

/** The nearest handle within reach of a screen point. */
export function hitHandle(handles: readonly Handle[], screen: Point, reach = handleReach): Handle | null {
  let best: Handle | null = null
  let least = reach
  for (const handle of handles) {
    const far = Math.max(Math.abs(handle.at[0] - screen[0]), Math.abs(handle.at[1] - screen[1]))
    if (far <= least) {
      best = handle
      least = far
    }
  }
  return best
}

const cursors = ['ew-resize', 'nwse-resize', 'ns-resize', 'nesw-resize'] as const

/** The CSS cursor of a handle on a box turned by `angle` degrees. */
export function handleCursor(id: HandleId, angle = 0): string {
  if (id === 'rotate') return 'grab'
  const [sx, sy] = handleSide(id)
  const direction = (Math.atan2(sy, sx) * 180) / Math.PI + angle
  return cursors[((Math.round(direction / 45) % 4) + 4) % 4]
}
