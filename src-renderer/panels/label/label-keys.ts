/** Own keys of labels: they belong to the project's data, so no action can state them beforehand. */
import { onBeforeUnmount, onMounted } from 'vue'
import { keysOfPress, normalizeKeys } from '../../actions/keymap'
import { useAnnotator } from '../../stores/annotator'
import { useLabels } from '../../stores/labels'
import { isMac } from '../../ui/platform'

/** Picks a label by its key while the component is shown. The digits 1 to 9 are actions (pick.actions.ts). */
export function useLabelKeys(): void {
  const labels = useLabels()
  const annotator = useAnnotator()
  function press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.repeat || annotator.sampleId === null) return
    const target = event.target instanceof Element ? event.target : null
    if (target?.closest('input, textarea, select, [contenteditable]')) return
    if (document.querySelector('[aria-modal="true"], dialog[open]')) return
    const keys = keysOfPress(event, isMac)
    if (keys === null || /^[1-9]$/.test(keys)) return
    const pressed = normalizeKeys(keys, isMac)
    const label = labels.list.find(({ hotkey }) => hotkey !== null && normalizeKeys(hotkey, isMac) === pressed)
    if (!label) return
    // A person who gave a label this key wants the label, also where an action has it by default.
    event.preventDefault()
    event.stopImmediatePropagation()
    annotator.pickLabel(label.id)
  }
  onMounted(() => document.addEventListener('keydown', press))
  onBeforeUnmount(() => document.removeEventListener('keydown', press))
}
