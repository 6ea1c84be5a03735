/** Choosing what the pointer does. */
import {
  BoxSelect, Brush, Circle, Hand, MousePointer2, Pentagon, PersonStanding, RotateCcwSquare, SquareDashed,
} from '@lucide/vue' // prettier-ignore
import { defineAction } from '../../actions/action'
import type { ToolId } from '../../editor/editor'
import { useAnnotator } from '../../stores/annotator'
import { useSession } from '../../stores/session'
import { useCanvasSettings } from './canvas-settings'

/** Nothing is drawn on images that are to be cleaned, nor on those that get a class as a whole. */
const canEdit = () =>
  useAnnotator().sampleId !== null && !['denoise', 'classify'].includes(useSession().project?.task ?? '')
const choose = (id: ToolId) => () => {
  const { editor } = useAnnotator()
  editor?.setTool(id)
  editor?.focus()
}
const tool = (id: ToolId, keys: string[], icon: typeof Brush) =>
  defineAction({
    id: `label.tool.${id}`,
    title: `label.tool.${id}`,
    group: 'label.group.tools',
    view: 'label',
    menu: 'label',
    keys,
    icon,
    when: canEdit,
    run: choose(id),
  })

export default [
  // Ctrl+J is LabelImg's "edit mode".
  tool('select', ['v', '$mod+j'], MousePointer2),
  tool('pan', ['Shift+h'], Hand),
  tool('box', ['w'], BoxSelect),
  tool('rotated-box', ['r'], RotateCcwSquare),
  tool('polygon', ['p'], Pentagon),
  tool('brush', ['b'], Brush),
  tool('keypoints', ['k'], PersonStanding),
  tool('point', ['o'], Circle),
  defineAction({
    id: 'label.squares',
    title: 'label.settings.squares',
    group: 'label.group.tools',
    view: 'label',
    menu: 'label',
    keys: ['$mod+Shift+r'],
    icon: SquareDashed,
    run() {
      const settings = useCanvasSettings()
      settings.squares = !settings.squares
    },
  }),
]
