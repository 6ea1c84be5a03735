/** Text for terminals. */
import { type Score, scoreNumbers, scoreTitle } from '@shared/domain/score'

/** Columns as wide as their longest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => (cell === null ? '-' : String(cell))))
  const isNumeric = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] !== 'string'))
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column].length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd()
  return [line(head), ...cells.map(line)]
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** `.338`, as tables of detection results write it; `-` where undefined. */
export const score = (value: number | null | undefined): string =>
  value === null || value === undefined || value < 0 ? '-' : value.toFixed(3)

/** `AP .338, AP50 .518`, or a classifier's numbers. */
export const scoreText = (of: Score, between = ', '): string =>
  scoreNumbers(of)
    .map(([name, value]) => `${scoreTitle(name)} ${score(value)}`)
    .join(between)

export const bytes = (count: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = count
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}

export function duration(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const minutes = Math.floor(whole / 60)
  return minutes < 100 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
