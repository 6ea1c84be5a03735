/** How the image is shown. */
import {
  Crosshair,
  Expand,
  Fullscreen,
  Maximize,
  MoveHorizontal,
  ScanSearch,
  Sun,
  SunMoon,
  ZoomIn,
  ZoomOut,
} from '@lucide/vue'
import { defineAction } from '../../actions/action'
import { useAnnotator } from '../../stores/annotator'
import { useCanvasSettings } from './canvas-settings'

const common = { group: 'label.group.view', view: 'label', menu: 'view' } as const
const hasImage = () => useAnnotator().sampleId !== null
const editor = () => useAnnotator().editor
const clamp = (value: number) => Math.min(100, Math.max(-100, value))
const toggle = (
  name: 'crosshair' | 'loupe' | 'keepZoom' | 'showNames' | 'fillShapes',
  keys: string[],
  icon = Crosshair,
) =>
  defineAction({
    ...common,
    id: `label.toggle.${name}`,
    title: `label.settings.${name}`,
    keys,
    icon,
    run() {
      const settings = useCanvasSettings()
      settings[name] = !settings[name]
    },
  })
const zoom = (id: string, keys: string[], icon: typeof ZoomIn, run: () => void, repeat = false) =>
  defineAction({ ...common, id: `label.${id}`, title: `label.${id}`, keys, icon, repeat, when: hasImage, run })
const light = (id: string, keys: string[], run: () => void) =>
  defineAction({
    ...common,
    id: `label.${id}`,
    title: `label.${id}`,
    keys,
    icon: Sun,
    repeat: true,
    when: hasImage,
    run,
  })

export default [
  zoom('zoomIn', ['$mod+=', '$mod+[Shift]++', '$mod+NumpadAdd', '='], ZoomIn, () => editor()?.zoomBy(1.25), true),
  zoom('zoomOut', ['$mod+-', '$mod+NumpadSubtract', '-'], ZoomOut, () => editor()?.zoomBy(0.8), true),
  zoom('zoomOriginal', ['$mod+0'], Fullscreen, () => editor()?.zoomTo('100')),
  zoom('zoomFit', ['$mod+f', '0'], Maximize, () => editor()?.zoomTo('fit')),
  zoom('zoomWidth', ['$mod+Shift+f'], MoveHorizontal, () => editor()?.zoomTo('width')),
  zoom('zoomObject', ['f'], ScanSearch, () => editor()?.zoomTo('object')),
  toggle('crosshair', ['x']),
  toggle('loupe', ['z'], ScanSearch),
  toggle('keepZoom', ['Shift+z'], Expand),
  toggle('showNames', ['t']),
  toggle('fillShapes', ['Shift+f']),
  light('brighter', ['Alt+PageUp'], () => (useAnnotator().brightness = clamp(useAnnotator().brightness + 10))),
  light('darker', ['Alt+PageDown'], () => (useAnnotator().brightness = clamp(useAnnotator().brightness - 10))),
  light('moreContrast', ['Alt+Shift+PageUp'], () => (useAnnotator().contrast = clamp(useAnnotator().contrast + 10))),
  light('lessContrast', ['Alt+Shift+PageDown'], () => (useAnnotator().contrast = clamp(useAnnotator().contrast - 10))),
  defineAction({
    ...common,
    id: 'label.resetLight',
    title: 'label.resetLight',
    keys: ['Alt+Home'],
    icon: SunMoon,
    when: hasImage,
    run() {
      const annotator = useAnnotator()
      annotator.brightness = annotator.contrast = 0
      annotator.autoLevels = false
    },
  }),
  defineAction({
    ...common,
    id: 'label.autoLevels',
    title: 'label.autoLevels',
    icon: SunMoon,
    when: hasImage,
    run() {
      const annotator = useAnnotator()
      annotator.autoLevels = !annotator.autoLevels
    },
  }),
]
