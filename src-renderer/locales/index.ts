/** Texts of the window: `locales/<language>/<area>.ts` holds an area's messages, found under `<area>.` */
import { createI18n } from 'vue-i18n'

type Messages = { [key: string]: string | Messages }
const files = import.meta.glob<Messages>('./*/*.ts', { eager: true, import: 'default' })

export const languages = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof languages

/** Language -> area -> messages. */
export const messages: Record<string, Messages> = {}
for (const [path, area] of Object.entries(files)) {
  const [, language, name] = /\.\/([^/]+)\/([^/]+)\.ts$/.exec(path)!
  ;(messages[language] ??= {})[name] = area
}

export const i18n = createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', messages })

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
}

/** A message outside of components: `translate('history.skip', { count: 3 })`. */
export function translate(key: string, values: Record<string, unknown> = {}): string {
  return i18n.global.t(key, values)
}
