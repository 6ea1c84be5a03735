/** Shapes of another image into this one: one undo step, the other image is only read. */
import { api } from '../../client/api'
import { translate } from '../../locales'
import { useAnnotations } from '../../stores/annotations'
import { useAnnotator } from '../../stores/annotator'
import { useNotify } from '../../stores/notify'
import { useSamples } from '../../stores/samples'

/** The image before this one in the gallery; null at the start. */
export function previousImage(): number | null {
  const { place } = useAnnotator()
  return place > 0 ? useSamples().ids[place - 1] : null
}

/** @param labels only shapes of these labels; null: all. Image tags stay where they are. */
export async function pasteFrom(sample: number | null, labels: ReadonlySet<number> | null = null): Promise<void> {
  const notify = useNotify()
  const { editor } = useAnnotator()
  if (sample === null) {
    notify.info(translate('label.paste.noPrevious'))
    return
  }
  const { annotations } = await api.annotations.list({ sample })
  const shapes = annotations.filter((one) => one.shape.kind !== 'tag' && (labels?.has(one.label) ?? true))
  if (shapes.length === 0 || useAnnotations().sample === sample) {
    notify.info(translate('label.paste.empty'))
    return
  }
  editor?.paste(shapes)
  editor?.focus()
}
