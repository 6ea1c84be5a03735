/** Parts of charts as SVG text. Charts are drawn on white, for paper and reports, in the product's own look. */

export const ink = '#1f2430'
export const muted = '#667085'
export const grid = '#e7e9ef'
export const paper = '#ffffff'
export const accent = '#3b5bdb'
const font = `font-family="Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"`

/** Text for XML, also in attributes; control characters, which XML forbids, become spaces. */
export const escapeXml = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** Two decimals: a hundredth of a pixel is enough. */
export const px = (value: number): string => String(Math.round(value * 100) / 100)

export interface TextStyle {
  size?: number
  color?: string
  anchor?: 'start' | 'middle' | 'end'
  bold?: boolean
  /** Degrees clockwise around the point. */
  rotate?: number
}

export function textAt(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = 12, color = ink, anchor = 'start', bold = false, rotate = 0 } = style
  const turn = rotate ? ` transform="rotate(${rotate} ${px(x)} ${px(y)})"` : ''
  return `<text x="${px(x)}" y="${px(y)}" ${font} font-size="${size}" fill="${color}" text-anchor="${anchor}"${bold ? ' font-weight="600"' : ''}${turn}>${escapeXml(text)}</text>`
}

/** Roughly; fonts differ. */
export const textWidth = (text: string, size = 12): number => text.length * size * 0.58

/** Cut with an ellipsis where it would be wider. */
export function fitText(text: string, width: number, size = 12): string {
  const most = Math.max(1, Math.floor(width / (size * 0.58)))
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`
}

export const line = (x1: number, y1: number, x2: number, y2: number, color = grid, width = 1): string =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${color}" stroke-width="${width}"/>`

export const rect = (x: number, y: number, width: number, height: number, fill: string, more = ''): string =>
  `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(Math.max(0, height))}" fill="${fill}"${more ? ` ${more}` : ''}/>`

export interface Picture {
  width: number
  height: number
  /** SVG elements. */
  body: string
}

export const svg = ({ width, height, body }: Picture): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}">${rect(0, 0, width, height, paper)}${body}</svg>`

/** Several pictures in rows of `columns`, each in its own cell. */
export function gridOf(pictures: readonly Picture[], columns: number, title?: string): Picture {
  const top = title ? 36 : 0
  const width = Math.max(...pictures.map((one) => one.width))
  const height = Math.max(...pictures.map((one) => one.height))
  const cells = pictures.map(
    ({ body }, i) =>
      `<g transform="translate(${px((i % columns) * width)} ${px(top + Math.floor(i / columns) * height)})">${body}</g>`,
  )
  return {
    width: width * Math.min(columns, pictures.length),
    height: top + height * Math.ceil(pictures.length / columns),
    body: (title ? textAt(16, 25, title, { size: 16, bold: true }) : '') + cells.join(''),
  }
}
