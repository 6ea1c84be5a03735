/** What a step of the history did, in the language of the window where its words are known. */
import { i18n, translate } from '../locales'

interface Reason {
  reason: string
  key?: string | null
  values?: Record<string, string>
}

export function describeReason({ reason, key, values }: Reason): string {
  const message = key ? `reasons.${key}` : ''
  if (!message || !i18n.global.te(message)) return reason
  return translate(message, Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, wordOf(name, value)]))) // prettier-ignore
}

/** Values that are ids of this program have words of their own; names that people gave are shown as they are. */
function wordOf(name: string, value: string): string {
  const key = { item: `review.kind.${value}.title`, split: `label.split.${value}` }[name]
  if (key !== undefined && i18n.global.te(key)) return translate(key)
  const items = name === 'item' ? /^(\d+) items$/.exec(value)?.[1] : undefined
  return items === undefined ? value : translate('review.items', { count: Number(items) })
}
