/** Draws a turned box: one side first (drag or two clicks), then its depth. */
import type { Point, RotatedBox } from '@shared/domain/geometry'
import { distance } from '../geometry/distance'
import { rotatedBoxFromSide } from '../geometry/resize'
import { angleOf, rotatePoint } from '../geometry/rotate'
import { tidy } from '../geometry/snap'
import { movedFar, type MakeTool, type ToolPointer } from './tool'

type State =
  | { at: 'idle' }
  | { at: 'side'; a: Point; b: Point; pressed: Point; waiting: boolean }
  | { at: 'depth'; a: Point; b: Point; to: Point; down: boolean }

export const rotatedBoxTool: MakeTool = (context) => {
  let state: State = { at: 'idle' }
  context.setCursor('crosshair')

  /** Shift turns the side in steps of 15 degrees. */
  function sideEnd(a: Point, pointer: ToolPointer): Point {
    const to = context.place(pointer.image)
    if (!pointer.shift) return to
    const angle = Math.round(angleOf(a, to) / 15) * 15
    return rotatePoint([a[0] + distance(a, to), a[1]], a, angle)
  }

  function current(): RotatedBox | null {
    if (state.at !== 'depth') return null
    const [cx, cy, w, h, angle] = rotatedBoxFromSide(state.a, state.b, state.to)
    return [tidy(cx), tidy(cy), tidy(w), tidy(h), tidy(angle)]
  }

  function move(pointer: ToolPointer): void {
    if (state.at === 'side') state = { ...state, b: sideEnd(state.a, pointer) }
    else if (state.at === 'depth') state = { ...state, to: context.place(pointer.image, { whole: false }) }
    else return
    context.redraw()
  }

  return {
    id: 'rotated-box',
    get busy() {
      return state.at !== 'idle'
    },
    pointerDown(pointer) {
      if (pointer.button !== 0) return
      if (state.at === 'idle') {
        const a = context.place(pointer.image)
        state = { at: 'side', a, b: a, pressed: pointer.screen, waiting: false }
        context.redraw()
        return
      }
      move(pointer)
      if (state.at === 'depth') state = { ...state, down: true }
    },
    pointerMove: move,
    pointerUp(pointer) {
      if (pointer.button !== 0 || state.at === 'idle') return
      move(pointer)
      if (state.at === 'side') {
        if (!state.waiting && !movedFar(state.pressed, pointer.screen)) state = { ...state, waiting: true }
        else if (distance(state.a, state.b) > 0) {
          state = { at: 'depth', a: state.a, b: state.b, to: state.b, down: false }
        }
      } else if (state.down) {
        const box = current()
        // The first press after the side sets the depth; on the side itself there is none yet.
        if (box && box[2] > 0 && box[3] > 0) {
          const { to } = state
          state = { at: 'idle' }
          context.addShape('Draw rotated box', { kind: 'rotated-box', rotatedBox: [...box] }, to)
        } else state = { ...state, down: false }
      }
      context.redraw()
    },
    cancel() {
      const open = state.at !== 'idle'
      state = { at: 'idle' }
      if (open) context.redraw()
      return open
    },
    stepBack() {
      if (state.at === 'idle') return false
      state =
        state.at === 'depth' ? { at: 'side', a: state.a, b: state.b, pressed: [0, 0], waiting: true } : { at: 'idle' }
      context.redraw()
      return true
    },
    render() {
      const box = current()
      const label = context.currentLabel()?.id ?? null
      return {
        crosshair: true,
        path: state.at === 'side' ? [state.a, state.b] : [],
        measured: box ? [box[0] - box[2] / 2, box[1] - box[3] / 2, box[0] + box[2] / 2, box[1] + box[3] / 2] : null,
        shapes: box ? [{ id: null, shape: { kind: 'rotated-box', rotatedBox: [...box] }, label }] : [],
      }
    },
  }
}
