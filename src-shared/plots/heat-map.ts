import { accent, fitText, grid, ink, muted, paper, rect, textAt, textWidth, type Picture } from './svg'

export interface HeatMapOptions {
  title: string
  xLabel: string
  yLabel: string
  rows: readonly string[]
  columns: readonly string[]
  values: readonly (readonly number[])[]
  /** Empty text leaves the cell's number out. */
  format: (value: number) => string
  /** Value of the full colour; default the largest. */
  full?: number
}

/** A table of colours with numbers, e.g. a confusion matrix. */
export function heatMap(options: HeatMapOptions): Picture {
  const { rows, columns, values, title } = options
  const count = Math.max(rows.length, columns.length, 1)
  const cell = Math.max(Math.min(16, Math.max(3, Math.floor(1920 / count))), Math.min(64, Math.floor(640 / count)))
  const isNamed = cell >= 12
  const size = Math.min(13, Math.max(7, cell * 0.28))
  const names = isNamed ? Math.min(160, Math.max(60, ...[...rows, ...columns].map((name) => textWidth(name, 11)))) : 8
  const left = names + 40
  const top = 48
  const width = left + cell * columns.length + 24
  const height = top + cell * rows.length + names + 40
  const full = options.full ?? Math.max(1e-9, ...values.flat())
  const parts = [textAt(16, 26, title, { size: 15, bold: true })]
  // Of hundreds of classes nearly all cells are empty: one grid for all of them.
  const lines = (n: number, draw: (at: number) => string) => Array.from({ length: n + 1 }, (_, i) => draw(i * cell)).join('') // prettier-ignore
  const across = lines(rows.length, (y) => `M${left} ${top + y}h${cell * columns.length}`)
  const down = lines(columns.length, (x) => `M${left + x} ${top}v${cell * rows.length}`)
  parts.push(`<path d="${across}${down}" stroke="${grid}" fill="none"/>`)
  values.forEach((row, r) =>
    row.forEach((value, c) => {
      const share = Math.min(1, Math.max(0, value / full))
      const [x, y] = [left + c * cell, top + r * cell]
      if (share > 0)
        parts.push(rect(x, y, cell, cell, accent, `fill-opacity="${(share * 0.9).toFixed(3)}" stroke="${grid}"`))
      const text = options.format(value)
      if (text && cell >= 18) {
        const color = share > 0.55 ? paper : ink
        parts.push(textAt(x + cell / 2, y + cell / 2 + size * 0.36, text, { size, color, anchor: 'middle' }))
      }
    }),
  )
  if (isNamed) nameAxes()
  parts.push(textAt(left + (cell * columns.length) / 2, height - 10, options.xLabel, { color: muted, anchor: 'middle' })) // prettier-ignore
  parts.push(textAt(18, top + (cell * rows.length) / 2, options.yLabel, { color: muted, anchor: 'middle', rotate: -90 })) // prettier-ignore
  return { width: Math.max(width, 32 + 1.1 * textWidth(title, 15)), height, body: parts.join('') }

  function nameAxes(): void {
    rows.forEach((name, r) =>
      parts.push(
        textAt(left - 8, top + r * cell + cell / 2 + 4, fitText(name, names, 11), { size: 11, anchor: 'end' }),
      ),
    )
    columns.forEach((name, c) =>
      parts.push(
        textAt(left + c * cell + cell / 2 + 4, top + rows.length * cell + 10, fitText(name, names, 11), {
          size: 11,
          anchor: 'end',
          rotate: -90,
        }),
      ),
    )
  }
}
