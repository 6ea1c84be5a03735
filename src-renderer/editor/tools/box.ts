/** Draws a box: press-drag-release, two clicks, or two Enters with the keyboard cursor. */
import type { Box, Point } from '@shared/domain/geometry'
import { boxBetween } from '../geometry/resize'
import { roundBox } from '../geometry/snap'
import { movedFar, type MakeTool, type ToolPointer } from './tool'

type State =
  | { at: 'idle' }
  /** `waiting`: the first corner is set by a click, no button is down. */
  | { at: 'drawing'; fixed: Point; pressed: Point; moving: Point; waiting: boolean; square: boolean; centre: boolean }

export const boxTool: MakeTool = (context) => {
  let state: State = { at: 'idle' }
  context.setCursor('crosshair')

  function current(): Box | null {
    if (state.at === 'idle') return null
    const box = boxBetween(state.fixed, state.moving, {
      square: state.square,
      fromCentre: state.centre,
      image: context.image(),
    })
    // Both points were placed already: on whole pixels, or on an edge they stick to.
    return roundBox(box, false)
  }

  function follow(pointer: ToolPointer): void {
    if (state.at === 'idle') return
    const held = pointer.shift || pointer.mod
    state = {
      ...state,
      moving: context.place(pointer.image),
      square: held !== context.scene.settings.squares,
      centre: pointer.alt,
    }
    context.redraw()
  }

  function complete(): void {
    const box = current()
    const end = state.at === 'drawing' ? state.moving : null
    state = { at: 'idle' }
    context.redraw()
    // A box without area can be neither seen nor stored.
    if (!box || !end || box[2] <= box[0] || box[3] <= box[1]) return
    context.addShape('Draw box', { kind: 'box', box: [...box] }, end)
  }

  return {
    id: 'box',
    get busy() {
      return state.at !== 'idle'
    },
    pointerDown(pointer) {
      if (pointer.button !== 0) return
      if (state.at === 'drawing') return follow(pointer)
      const fixed = context.place(pointer.image)
      state = {
        at: 'drawing',
        fixed,
        pressed: pointer.screen,
        moving: fixed,
        waiting: false,
        square: (pointer.shift || pointer.mod) !== context.scene.settings.squares,
        centre: pointer.alt,
      }
      context.redraw()
    },
    pointerMove: follow,
    pointerUp(pointer) {
      if (state.at === 'idle' || pointer.button !== 0) return
      follow(pointer)
      if (!state.waiting && !movedFar(state.pressed, pointer.screen)) state = { ...state, waiting: true }
      else complete()
    },
    cancel() {
      const open = state.at !== 'idle'
      state = { at: 'idle' }
      if (open) context.redraw()
      return open
    },
    render() {
      const box = current()
      return {
        crosshair: true,
        measured: box,
        shapes: box
          ? [{ id: null, shape: { kind: 'box', box: [...box] }, label: context.currentLabel()?.id ?? null }]
          : [],
      }
    },
  }
}
