/** What the core says, in the language of the window: its key and values where the words are known, else its English. */
import type { ErrorShape } from '@shared/base/errors'
import { listedNames, type WordValue, type WordValues } from '@shared/base/fill-words'
import { i18n, translate } from '../locales'
import { formatNumber } from './format'

/** @param key with its area: `health.no-train.advice` @param english what is said in English and without words */
export function say(key: string, values: WordValues, english: string): string {
  const language = i18n.global.locale.value
  if (language === 'en' || !i18n.global.te(key, language)) return english
  return translate(key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, wordOf(name, value)])))
}

function wordOf(name: string, value: WordValue): string {
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'string') return name === 'split' ? translate(`label.split.${value}`) : value
  const names = name === 'splits' ? value.map((one) => wordOf('split', one)) : value
  if (names.length <= listedNames) return names.join(translate('app.list.and'))
  return translate('app.list.more', {
    names: names.slice(0, listedNames).join(translate('app.list.and')),
    count: formatNumber(names.length - listedNames),
  })
}

/** An error. A code whose words are known stands before the English sentence, which has the values. */
export function sayError({ code, message, details }: ErrorShape): string {
  const { reason, path } = details ?? {}
  if (typeof reason === 'string' && typeof path === 'string' && code !== 'not-writable') {
    const said = say(`system.${reason}`, { path }, message)
    if (said !== message) return said
  }
  return sayCoded({ code, message })
}

/** Anything with a stable code: a row of an import, a warning of an evaluation. */
export function sayCoded({ code, message }: { code: string; message: string }): string {
  const title = say(`codes.${code}`, {}, '')
  return title ? translate('app.list.fact', { title, message }) : message
}

/** A code as the title of what it stands for: `Zero area`. */
export function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ')
  return say(`codes.${code}`, {}, words.charAt(0).toUpperCase() + words.slice(1))
}
