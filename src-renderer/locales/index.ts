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

export function createLocales() {
  const wanted = navigator.language.slice(0, 2)
  return createI18n({
    legacy: false,
    locale: wanted in languages ? wanted : 'en',
    fallbackLocale: 'en',
    messages,
  })
}
