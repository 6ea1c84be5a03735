/**
 * Comma-separated values (RFC 4180) as a stream: quoted cells, CRLF, a byte-order mark; memory holds one piece. Cells may
 * be parted by semicolons or tabs instead, as spreadsheets write them where a comma is the decimal point.
 */
import { TagwrightError } from './errors'
import { decodeText } from './text'

export interface CsvRow {
  cells: string[]
  /** 1-based line of the row's first character. */
  line: number
}

const maxRow = 4 * 1024 * 1024
const newline = 0x0a
const separators = [',', ';', '\t'] as const

/** What parts the cells of a file whose text begins so: the one that its first row has most of, outside of quotes. */
function separatorOf(text: string): string {
  const row = text.replace(/"[^"]*"?/g, '').split('\n', 1)[0]
  const counts = separators.map((one) => row.split(one).length)
  return separators[counts.indexOf(Math.max(...counts))]
}

/** Rows in order; blank lines are left out. Throws `bad-csv` for a row of more than 4 MB (an open quote, or no CSV). */
export async function* readCsv(stream: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<CsvRow> {
  /** Bytes after the last newline: a cut inside of a UTF-8 character would break it. */
  let bytes = new Uint8Array(0)
  /** The beginning of a row whose quote is still open. */
  let text = ''
  let line = 1
  let separator: string | undefined
  const check = () => {
    if (bytes.length + text.length <= maxRow) return
    throw new TagwrightError(
      'bad-csv',
      `${file} has a row of more than 4 MB (line ${line}): a quote is not closed, or it is no CSV file. Repair it, or choose another file.`,
      { file, line },
    )
  }
  for await (const piece of stream) {
    const whole = new Uint8Array(bytes.length + piece.length)
    whole.set(bytes)
    whole.set(piece, bytes.length)
    const cut = whole.lastIndexOf(newline) + 1
    bytes = whole.subarray(cut)
    if (cut > 0) {
      text += decodeText(whole.subarray(0, cut))
      separator ??= separatorOf(text)
      const parsed = parseCsv(text, line, { ended: false, separator })
      yield* parsed.rows
      text = parsed.rest
      line = parsed.line
    }
    check()
  }
  text += decodeText(bytes)
  yield* parseCsv(text, line, { ended: true, separator: separator ?? separatorOf(text) }).rows
}

/** @param ended the text ends here: what is left is a row too. */
function parseCsv(
  text: string,
  firstLine: number,
  { ended, separator }: { ended: boolean; separator: string },
): { rows: CsvRow[]; rest: string; line: number } {
  const rows: CsvRow[] = []
  let at = 0
  let line = firstLine
  let cells: string[] = []
  let rowLine = line
  let rowStart = 0
  const endRow = () => {
    if (cells.length > 1 || cells[0] !== '') rows.push({ cells, line: rowLine })
    cells = []
    rowLine = line
    rowStart = at
  }
  while (at < text.length) {
    let cell = ''
    if (text[at] === '"') {
      let open = true
      let from = at + 1
      while (open) {
        const end = text.indexOf('"', from)
        if (end < 0) {
          if (!ended) return { rows, rest: text.slice(rowStart), line: rowLine }
          cell += text.slice(from)
          at = text.length
          open = false
        } else if (text[end + 1] === '"') {
          cell += text.slice(from, end + 1)
          from = end + 2
        } else {
          cell += text.slice(from, end)
          at = end + 1
          open = false
        }
      }
      for (const c of cell) if (c === '\n') line++
    }
    // What follows a closing quote up to the separator belongs to the cell: no tool writes it, and nothing is lost.
    let end = at
    while (end < text.length && text[end] !== separator && text[end] !== '\n') end++
    cells.push(cell + text.slice(at, end).replace(/\r$/, ''))
    at = end + 1
    if (end >= text.length) {
      if (!ended) return { rows, rest: text.slice(rowStart), line: rowLine }
      at = text.length
      endRow()
    } else if (text[end] === '\n') {
      line++
      endRow()
    } else if (at >= text.length && ended) {
      cells.push('')
      endRow()
    }
  }
  return { rows, rest: '', line }
}

/** A cell as text: quoted where it must be. */
export const printCell = (value: string | number): string => {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
