/** What the editor tells screen readers, in the window's language. */
import type { Announcement } from '../../editor/editor'
import { translate } from '../../locales'

type Values = Record<string, string | number>

export function announceText(key: Announcement, values: Values = {}): string {
  if (key === 'text') return String(values.text)
  if (key === 'object') return describeObject(values)
  if (key === 'deletedOne') return translate('label.announce.deletedOne', { object: describeObject(values) })
  return translate(`label.announce.${key}`, values)
}

function describeObject(values: Values): string {
  const named = {
    ...values,
    name: values.name || translate('label.announce.unlabelled'),
    kind: translate(`label.kind.${values.kind}`),
  }
  return translate(values.width === undefined ? 'label.announce.placeless' : 'label.announce.object', named)
}
