/** The digits pick a label. Own keys of labels are handled where the labels are shown, since they come and go. */
import { defineAction } from '../../actions/action'
import { useAnnotator } from '../../stores/annotator'
import { useLabels } from '../../stores/labels'

const byKey = (key: string) => useLabels().list.find((label) => label.hotkey === key)

export default Array.from({ length: 9 }, (_, at) => String(at + 1)).map((digit) =>
  defineAction({
    id: `label.pick.${digit}`,
    title: `label.pick.${digit}`,
    group: 'label.group.labels',
    view: 'label',
    keys: [digit],
    unlisted: true,
    when: () => useAnnotator().sampleId !== null && byKey(digit) !== undefined,
    run: () => useAnnotator().pickLabel(byKey(digit)!.id),
  }),
)
