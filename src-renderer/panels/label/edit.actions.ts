/** Changing what is drawn. */
import {
  ArrowDownToLine, ArrowUpToLine, ClipboardCopy, ClipboardPaste, Copy, CopyPlus, Eye, EyeOff, FlipHorizontal2, Lock,
  Save, SquareDashedMousePointer, Tag, Trash2,
} from '@lucide/vue' // prettier-ignore
import { defineAction, type Action } from '../../actions/action'
import type { EditorAnnotation } from '../../editor/editor'
import { translate } from '../../locales'
import { useAnnotations } from '../../stores/annotations'
import { useAnnotator } from '../../stores/annotator'
import { useNotify } from '../../stores/notify'
import { pasteFrom, previousImage } from './paste-shapes'

const common = { group: 'label.group.edit', view: 'label' } as const
const editor = () => useAnnotator().editor
const hasImage = () => useAnnotator().sampleId !== null
const hasSelection = () => useAnnotator().selection.length > 0
const hasObjects = () => useAnnotations().list.length > 0

const directions = { Left: [-1, 0], Right: [1, 0], Up: [0, -1], Down: [0, 1] } as const
const arrows = (
  name: 'nudge' | 'resize',
  modifiers: string,
  by: number,
  run: (dx: number, dy: number) => void,
): Action[] =>
  Object.entries(directions).map(([side, [x, y]]) =>
    defineAction({
      ...common,
      id: `label.${name}${by > 1 ? 'Far' : ''}.${side.toLowerCase()}`,
      title: `label.${name}${by > 1 ? 'Far' : ''}.${side.toLowerCase()}`,
      keys: [`${modifiers}Arrow${side}`],
      repeat: true,
      unlisted: true,
      when: hasSelection,
      run: () => run(x * by, y * by),
    }),
  )
const flag = (name: keyof EditorAnnotation['flags'], keys: string[]) =>
  defineAction({
    ...common,
    id: `label.flag.${name}`,
    title: `label.flag.${name}`,
    menu: 'label',
    keys,
    when: hasSelection,
    run() {
      const all = useAnnotator().selected.every((one) => one.flags[name])
      editor()?.setFlags({ [name]: !all })
    },
  })

export default [
  defineAction({
    ...common,
    id: 'label.delete',
    title: 'label.delete',
    menu: 'edit',
    keys: ['Delete', 'Backspace'],
    icon: Trash2,
    when: () => hasSelection() || (editor()?.busy ?? false),
    run: () => editor()?.deleteSelection(),
  }),
  defineAction({
    ...common,
    id: 'label.duplicate',
    title: 'label.duplicate',
    menu: 'edit',
    keys: ['$mod+d'],
    icon: CopyPlus,
    when: hasSelection,
    run: () => editor()?.duplicate(),
  }),
  defineAction({
    ...common,
    id: 'label.copy',
    title: 'label.copy',
    menu: 'edit',
    keys: ['$mod+c'],
    icon: Copy,
    when: hasSelection,
    run: () => useAnnotator().copy(),
  }),
  // As in LabelImg: without something copied, the shapes of the image before.
  defineAction({
    ...common,
    id: 'label.paste',
    title: 'label.paste.title',
    menu: 'edit',
    keys: ['$mod+v'],
    icon: ClipboardPaste,
    when: hasImage,
    async run() {
      const { clipboard } = useAnnotator()
      if (clipboard.length > 0) editor()?.paste(clipboard)
      else await pasteFrom(previousImage())
    },
  }),
  defineAction({
    ...common,
    id: 'label.pastePrevious',
    title: 'label.paste.previous',
    menu: 'edit',
    keys: ['$mod+Shift+v'],
    icon: ClipboardCopy,
    when: hasImage,
    run: () => pasteFrom(previousImage()),
  }),
  defineAction({
    ...common,
    id: 'label.pasteChoose',
    title: 'label.paste.choose',
    menu: 'edit',
    keys: ['$mod+Alt+KeyV'],
    when: hasImage,
    run: () => void (useAnnotator().dialog = 'paste'),
  }),
  defineAction({
    ...common,
    id: 'label.selectAll',
    title: 'label.selectAll',
    menu: 'edit',
    keys: ['$mod+a'],
    icon: SquareDashedMousePointer,
    when: hasObjects,
    run: () => editor()?.selectAll(),
  }),
  defineAction({
    ...common,
    id: 'label.editLabel',
    title: 'label.editLabel',
    menu: 'label',
    keys: ['$mod+e', 'Enter'],
    icon: Tag,
    when: hasSelection,
    run: () => useAnnotator().editLabel(),
  }),
  defineAction({
    ...common,
    id: 'label.escape',
    title: 'label.escape',
    keys: ['Escape'],
    unlisted: true,
    when: hasImage,
    run() {
      const it = editor()
      if (!it || it.cancel()) return
      if (it.selection.length > 0) it.select([])
      else if (it.tool !== 'select') it.setTool('select')
      else useAnnotator().fixedLabel = null
    },
  }),
  ...arrows('nudge', '', 1, (x, y) => editor()?.nudge(x, y)),
  ...arrows('nudge', 'Shift+', 10, (x, y) => editor()?.nudge(x, y)),
  ...arrows('resize', 'Alt+', 1, (x, y) => editor()?.resizeBy(x, y)),
  ...arrows('resize', 'Alt+Shift+', 10, (x, y) => editor()?.resizeBy(x, y)),
  defineAction({
    ...common,
    id: 'label.mirror',
    title: 'label.mirror',
    menu: 'label',
    keys: ['m'],
    icon: FlipHorizontal2,
    when: hasSelection,
    run: () => editor()?.mirror(),
  }),
  flag('difficult', ['Shift+d']),
  flag('truncated', ['Shift+t']),
  flag('occluded', ['Shift+o']),
  flag('crowd', ['Shift+c']),
  defineAction({
    ...common,
    id: 'label.lock',
    title: 'label.lock',
    menu: 'label',
    keys: ['l'],
    icon: Lock,
    when: hasSelection,
    run: () => editor()?.setLocked(!useAnnotator().selected.every((one) => one.locked)),
  }),
  defineAction({
    ...common,
    id: 'label.hide',
    title: 'label.hide',
    menu: 'label',
    keys: ['h'],
    icon: EyeOff,
    when: hasSelection,
    run: () => editor()?.setHidden(!useAnnotator().selected.every((one) => one.hidden)),
  }),
  defineAction({
    ...common,
    id: 'label.hideAll',
    title: 'label.hideAll',
    menu: 'view',
    keys: ['$mod+h'],
    icon: EyeOff,
    run: () => void (useAnnotator().showAnnotations = false),
  }),
  defineAction({
    ...common,
    id: 'label.showAll',
    title: 'label.showAll',
    menu: 'view',
    keys: ['$mod+Shift+h'],
    icon: Eye,
    run() {
      const annotator = useAnnotator()
      annotator.showAnnotations = true
      annotator.hiddenLabels = new Set()
      const hidden = useAnnotations().list.filter((one) => one.hidden)
      if (hidden.length > 0) annotator.editor?.setHidden(false, hidden.map((one) => one.id)) // prettier-ignore
    },
  }),
  ...(
    [
      ['up', '$mod+BracketRight', undefined],
      ['down', '$mod+BracketLeft', undefined],
      ['front', '$mod+Shift+BracketRight', ArrowUpToLine],
      ['back', '$mod+Shift+BracketLeft', ArrowDownToLine],
    ] as const
  ).map(([to, keys, icon]) =>
    defineAction({
      ...common,
      id: `label.order.${to}`,
      title: `label.order.${to}`,
      menu: 'label',
      keys: [keys],
      icon,
      when: hasSelection,
      run: () => editor()?.reorder(to),
    }),
  ),
  // Hands that know LabelImg press it; there is nothing to forget.
  defineAction({
    ...common,
    id: 'label.save',
    title: 'label.save',
    keys: ['$mod+s'],
    icon: Save,
    unlisted: true,
    async run() {
      const annotator = useAnnotator()
      if (annotator.failed.length > 0) return annotator.retryFailed()
      annotator.editor?.finish()
      await annotator.editor?.settled()
      if (annotator.failed.length === 0) useNotify().success(translate('label.saved'))
    },
  }),
]
