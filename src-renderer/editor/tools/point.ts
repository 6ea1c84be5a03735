/** Sets a single point: a pose of one keypoint. For a label with a larger skeleton it is that pose's first keypoint. */
import type { MakeTool } from './tool'

export const pointTool: MakeTool = (context) => {
  context.setCursor('crosshair')
  let down = false
  return {
    id: 'point',
    busy: false,
    pointerDown(pointer) {
      down = pointer.button === 0
    },
    pointerMove() {},
    pointerUp(pointer) {
      if (!down || pointer.button !== 0) return
      down = false
      const [x, y] = context.place(pointer.image, { whole: false })
      const others = Math.max(0, (context.currentLabel()?.skeleton?.names.length ?? 1) - 1)
      const absent = Array.from({ length: others }, (): [number, number, 0] => [0, 0, 0])
      context.addShape('Draw point', { kind: 'keypoints', keypoints: [[x, y, 2], ...absent] }, [x, y])
    },
    cancel() {
      const open = down
      down = false
      return open
    },
    render: () => ({ crosshair: true }),
  }
}
