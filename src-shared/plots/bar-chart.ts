import { niceScale, tickText } from './scale'
import { fitText, line, muted, rect, textAt, type Picture } from './svg'

export interface BarChartOptions {
  title: string
  width?: number
  bars: readonly { name: string; value: number; color: string; text?: string }[]
}

/** Lying bars, so that names can be read. */
export function barChart({ title, width = 640, bars }: BarChartOptions): Picture {
  const row = bars.length > 40 ? 14 : 24
  const [left, top] = [150, 44]
  const right = width - 80
  const bottom = top + row * bars.length
  const scale = niceScale(0, Math.max(1e-9, ...bars.map(({ value }) => value)), 4)
  const at = (value: number) => left + (value / scale.high) * (right - left)
  const parts = [textAt(16, 26, title, { size: 15, bold: true })]
  for (const tick of scale.ticks) {
    parts.push(line(at(tick), top, at(tick), bottom))
    parts.push(textAt(at(tick), bottom + 16, tickText(tick), { size: 11, color: muted, anchor: 'middle' }))
  }
  bars.forEach(({ name, value, color, text }, i) => {
    const y = top + i * row
    const size = Math.min(12, row - 3)
    parts.push(textAt(left - 8, y + row / 2 + size * 0.36, fitText(name, left - 20, size), { size, anchor: 'end' }))
    parts.push(rect(left, y + row * 0.15, at(Math.max(0, value)) - left, row * 0.7, color, 'rx="2"'))
    parts.push(textAt(at(Math.max(0, value)) + 6, y + row / 2 + size * 0.36, text ?? tickText(value), { size, color: muted })) // prettier-ignore
  })
  return { width, height: bottom + 34, body: parts.join('') }
}
