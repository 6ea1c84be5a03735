/** Numbers, sizes and times in the language of the window. */
import { i18n, translate } from '../locales'

/** The system's own form of the language, such as en-GB, where it is the window's. */
function locale(): string {
  const language = i18n.global.locale.value
  return navigator.language.startsWith(language) ? navigator.language : language
}

export const formatNumber = (value: number, digits = 0): string =>
  new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)

/** 0..1 as per cent. */
export const formatShare = (value: number, digits = 0): string =>
  new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: digits }).format(value)

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${formatNumber(bytes / 1000 ** power, power < 3 ? 0 : 1)} ${units[power]}`
}

/** ISO 8601 -> `10:24` today, `3 Nov, 10:24` this year, else with the year. */
export function formatTime(iso: string, now = new Date()): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return iso
  const today = time.toDateString() === now.toDateString()
  const thisYear = time.getFullYear() === now.getFullYear()
  return new Intl.DateTimeFormat(locale(), {
    hour: '2-digit',
    minute: '2-digit',
    ...(today ? {} : { day: 'numeric', month: 'short' }),
    ...(thisYear ? {} : { year: 'numeric' }),
  }).format(time)
}

export function formatSeconds(seconds: number): string {
  if (seconds < 59.5) return translate('app.time.seconds', { seconds: formatNumber(seconds, seconds < 9.95 ? 1 : 0) })
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0
    ? translate('app.time.hours', { hours, minutes })
    : translate('app.time.minutes', { minutes, seconds: whole % 60 })
}

/** The last part of a path: what tells images of one folder apart where there is little room. */
export const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
