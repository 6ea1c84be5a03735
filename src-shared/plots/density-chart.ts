import { accent, line, muted, rect, textAt, type Picture } from './svg'
import { tickText } from './scale'

export interface DensityChartOptions {
  title: string
  xLabel: string
  yLabel: string
  /** Values are shares of the image, 0..1; those outside are cut to the edge. */
  x: readonly number[]
  y: readonly number[]
  /** The y axis points down, as in images. */
  down?: boolean
  size?: number
}

/** Where points lie in a square, as a grid of 40 by 40 whose colour grows with the root of the count. */
export function densityChart({ title, xLabel, yLabel, x, y, down = false, size = 320 }: DensityChartOptions): Picture {
  const bins = 40
  const [left, top] = [52, 44]
  const side = size - left - 20
  const counts = new Float64Array(bins * bins)
  const bin = (value: number) => Math.min(bins - 1, Math.max(0, Math.floor(value * bins)))
  for (let i = 0; i < x.length; i++) counts[bin(y[i]) * bins + bin(x[i])]++
  const most = counts.reduce((a, b) => Math.max(a, b), 1)
  const parts = [textAt(16, 26, title, { size: 15, bold: true })]
  const cell = side / bins
  counts.forEach((count, i) => {
    if (count === 0) return
    const row = Math.floor(i / bins)
    const at = down ? row : bins - 1 - row
    parts.push(rect(left + (i % bins) * cell, top + at * cell, cell + 0.2, cell + 0.2, accent, `fill-opacity="${(0.12 + 0.88 * Math.sqrt(count / most)).toFixed(3)}"`)) // prettier-ignore
  })
  parts.push(rect(left, top, side, side, 'none', `stroke="${muted}"`))
  for (const tick of [0, 0.5, 1]) {
    const v = down ? top + tick * side : top + (1 - tick) * side
    parts.push(line(left + tick * side, top + side, left + tick * side, top + side + 4, muted))
    parts.push(
      textAt(left + tick * side, top + side + 17, tickText(tick), { size: 11, color: muted, anchor: 'middle' }),
    )
    parts.push(textAt(left - 7, v + 4, tickText(tick), { size: 11, color: muted, anchor: 'end' }))
  }
  parts.push(textAt(left + side / 2, top + side + 34, xLabel, { color: muted, anchor: 'middle' }))
  parts.push(textAt(16, top + side / 2, yLabel, { color: muted, anchor: 'middle', rotate: -90 }))
  return { width: size, height: top + side + 44, body: parts.join('') }
}
