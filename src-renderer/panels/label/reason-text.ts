/** The words of an editing step in the window's language. */
import { i18n, translate } from '../../locales'

/** `Draw box` -> `label.reason.draw-box`; reasons that are not listed stay as they are. */
export function reasonText(reason: string): string {
  const key = `label.reason.${reason.toLowerCase().replaceAll(' ', '-')}`
  return i18n.global.te(key, 'en') ? translate(key) : reason
}
