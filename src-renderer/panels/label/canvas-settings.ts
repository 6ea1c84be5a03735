/** The editor's settings from what is remembered, what the annotator holds and the theme. */
import { computed, type ComputedRef } from 'vue'
import type { EditorSettings } from '../../editor/editor'
import { useAnnotator } from '../../stores/annotator'
import { useSettings } from '../../stores/settings'
import canvas from './settings'

export function useCanvasSettings() {
  return useSettings().group(canvas)
}

export function useEditorSettings(): ComputedRef<Partial<EditorSettings>> {
  const annotator = useAnnotator()
  const settings = useSettings()
  const kept = settings.group(canvas)
  return computed(() => ({
    label: annotator.fixedLabel ?? (kept.singleClass ? annotator.lastLabel : null),
    squares: kept.squares,
    keepTool: kept.keepTool,
    crosshair: kept.crosshair,
    loupe: kept.loupe,
    snapPixels: kept.snapPixels,
    snapEdges: kept.snapEdges,
    showNames: kept.showNames,
    fillShapes: kept.fillShapes,
    showKeypointNames: kept.showKeypointNames,
    keypointPlacement: kept.keypointPlacement as EditorSettings['keypointPlacement'],
    showAnnotations: annotator.showAnnotations,
    hiddenLabels: annotator.hiddenLabels,
    keepZoom: kept.keepZoom,
    brightness: annotator.brightness,
    contrast: annotator.contrast,
    autoLevels: annotator.autoLevels,
    verified: annotator.row?.reviewed ?? false,
    theme: settings.dark ? 'dark' : 'light',
  }))
}
