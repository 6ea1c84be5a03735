/** What a step of the history did, in the language of the window where its words are known. */
import { i18n, translate } from '../locales'

interface Reason {
  reason: string
  key?: string | null
  values?: Record<string, string>
}

export function describeReason({ reason, key, values }: Reason): string {
  const message = key ? `reasons.${key}` : ''
  return message && i18n.global.te(message) ? translate(message, values) : reason
}
