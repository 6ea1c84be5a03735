import { niceScale, tickText } from './scale'
import { escapeXml, fitText, ink, line, muted, px, rect, textAt, type Picture } from './svg'

export interface LineSeries {
  name: string
  color: string
  x: readonly number[]
  /** Not finite: a gap. */
  y: readonly number[]
  width?: number
  dashed?: boolean
  opacity?: number
  /** Left out of the legend. */
  quiet?: boolean
}

export interface LineChartOptions {
  title: string
  width?: number
  height?: number
  xLabel: string
  yLabel: string
  /** Ends of the axes; default: those of the values. */
  x?: readonly [number, number]
  y?: readonly [number, number]
  series: readonly LineSeries[]
  /** A point with a text beside it. */
  mark?: { x: number; y: number; text: string }
}

/** Lines over a grid with a legend at the right (more than one name) or none. */
export function lineChart(options: LineChartOptions): Picture {
  const { title, width = 640, height = 440, series, mark } = options
  const named = series.filter(({ quiet }) => !quiet)
  const shown = named.length > 1 ? named.slice(0, 21) : []
  const legend = named.length > 1 ? 150 : 0
  const box = { left: 58, top: 44, right: width - 20 - legend, bottom: height - 48 }
  const all = (of: 'x' | 'y') => series.flatMap((one) => one[of].filter(Number.isFinite))
  const ends = (values: number[]): [number, number] =>
    values.reduce<[number, number]>(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity])
  const fixed = (given: readonly [number, number] | undefined, of: 'x' | 'y', wanted: number) => {
    if (!given) return niceScale(...ends(all(of)), wanted)
    const scale = niceScale(given[0], given[1], wanted)
    return { low: given[0], high: given[1], ticks: scale.ticks.filter((t) => t >= given[0] && t <= given[1]) }
  }
  const xs = fixed(options.x, 'x', 6)
  const ys = fixed(options.y, 'y', 5)
  const atX = (v: number) => box.left + ((v - xs.low) / (xs.high - xs.low)) * (box.right - box.left)
  const atY = (v: number) => box.bottom - ((v - ys.low) / (ys.high - ys.low)) * (box.bottom - box.top)
  const parts = [textAt(16, 26, fitText(title, width - 32, 15), { size: 15, bold: true })]
  for (const tick of ys.ticks) {
    parts.push(line(box.left, atY(tick), box.right, atY(tick)))
    parts.push(textAt(box.left - 8, atY(tick) + 4, tickText(tick), { size: 11, color: muted, anchor: 'end' }))
  }
  for (const tick of xs.ticks) {
    parts.push(line(atX(tick), box.bottom, atX(tick), box.bottom + 4, muted))
    parts.push(textAt(atX(tick), box.bottom + 18, tickText(tick), { size: 11, color: muted, anchor: 'middle' }))
  }
  parts.push(line(box.left, box.bottom, box.right, box.bottom, muted))
  parts.push(textAt((box.left + box.right) / 2, height - 10, options.xLabel, { color: ink, anchor: 'middle' }))
  const middle = (box.top + box.bottom) / 2
  parts.push(textAt(16, middle, options.yLabel, { color: ink, anchor: 'middle', rotate: -90 }))
  for (const one of series) parts.push(path(one, atX, atY))
  shown.forEach((one, i) => {
    const y = box.top + 6 + i * 17
    parts.push(rect(box.right + 14, y - 2, 14, 3, one.color))
    parts.push(textAt(box.right + 34, y + 4, fitText(one.name, legend - 26, 11), { size: 11 }))
  })
  if (shown.length > 0 && named.length > shown.length) {
    const y = box.top + 10 + shown.length * 17
    parts.push(textAt(box.right + 34, y, `and ${named.length - shown.length} more`, { size: 11, color: muted }))
  }
  if (mark) {
    const [x, y] = [atX(mark.x), atY(mark.y)]
    const isRight = x > (box.left + box.right) / 2
    parts.push(`<circle cx="${px(x)}" cy="${px(y)}" r="4" fill="${ink}"/>`)
    parts.push(textAt(x + (isRight ? -9 : 9), Math.max(box.top + 12, y - 9), mark.text, { bold: true, anchor: isRight ? 'end' : 'start' })) // prettier-ignore
  }
  return { width, height, body: parts.join('') }
}

function path(
  { x, y, color, width = 1.5, dashed, opacity, name }: LineSeries,
  atX: (v: number) => number,
  atY: (v: number) => number,
): string {
  // prettier-ignore
  let d = ''
  let dots = ''
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) continue
    const [isStart, isEnd] = [!Number.isFinite(y[i - 1]), !Number.isFinite(y[i + 1])]
    // A point between two gaps is no line.
    if (isStart && isEnd) dots += `<circle cx="${px(atX(x[i]))}" cy="${px(atY(y[i]))}" r="2" fill="${color}"/>`
    else d += `${isStart ? 'M' : 'L'}${px(atX(x[i]))} ${px(atY(y[i]))}`
  }
  if (d === '') return dots
  return `${dots}<path d="${d}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round"${dashed ? ' stroke-dasharray="5 4"' : ''}${opacity === undefined ? '' : ` opacity="${opacity}"`}><title>${escapeXml(name)}</title></path>`
}

/** A running mean over about a tenth of the points, weighted like a bell; ends keep their values' weight. */
export function smooth(values: readonly number[], share = 0.1): number[] {
  const radius = Math.max(1, Math.round((values.length * share) / 2))
  return values.map((_, i) => {
    let [sum, weights] = [0, 0]
    for (let j = Math.max(0, i - 2 * radius); j <= Math.min(values.length - 1, i + 2 * radius); j++) {
      if (!Number.isFinite(values[j])) continue
      const weight = Math.exp(-0.5 * ((i - j) / radius) ** 2)
      sum += weight * values[j]
      weights += weight
    }
    return weights === 0 ? NaN : sum / weights
  })
}
