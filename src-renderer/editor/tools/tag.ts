/** Gives the whole image a label: a click anywhere, or Enter. */
import type { MakeTool } from './tool'

export const tagTool: MakeTool = (context) => {
  context.setCursor('pointer')
  const { width, height } = context.image()
  const add = () => context.addShape('Add tag', { kind: 'tag' }, [width / 2, height / 2])
  return {
    id: 'tag',
    busy: false,
    pointerDown(pointer) {
      if (pointer.button === 0) add()
    },
    pointerMove() {},
    pointerUp() {},
    key({ key, mod, alt }) {
      if (key !== 'Enter' || mod || alt) return false
      add()
      return true
    },
    cancel: () => false,
    render: () => ({}),
  }
}
