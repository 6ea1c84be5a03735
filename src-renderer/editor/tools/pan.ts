/** Moves the view; also used by every other tool while Space or the middle button is held. */
import type { Point } from '@shared/domain/geometry'
import type { MakeTool } from './tool'

export const panTool: MakeTool = (context) => {
  let last: Point | null = null
  context.setCursor('grab')
  const stop = () => {
    const open = last !== null
    last = null
    context.setCursor('grab')
    return open
  }
  return {
    id: 'pan',
    get busy() {
      return last !== null
    },
    pointerDown(pointer) {
      last = pointer.screen
      context.setCursor('grabbing')
    },
    pointerMove(pointer) {
      if (!last) return
      context.panBy(pointer.screen[0] - last[0], pointer.screen[1] - last[1])
      last = pointer.screen
    },
    pointerUp: stop,
    cancel: stop,
    render: () => ({}),
  }
}
