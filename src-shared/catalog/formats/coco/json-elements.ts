/** The elements of a JSON array in a byte range, parsed a few thousand at a time: memory stays flat. */
import { decodeText } from '../../../base/text'
import type { DatasetIssue } from '../../../domain/dataset'
import { parseObjects } from './json-parse'
import { badJson, describeByte } from './json-scan'

export interface Elements {
  rows: Record<string, unknown>[]
  /** 1-based line of each row's first byte. */
  lines: number[]
  /** Elements that are no JSON by themselves (NaN, a missing comma); the others are read. */
  issues: DatasetIssue[]
}

const maxElementBytes = 16 * 1024 * 1024

interface ElementsOptions {
  file: string
  key: string
  /** Line of the `[`. */
  startLine: number
  /** Its offset in the file, for messages. */
  startByte: number
  /** See parseObjects. */
  outlines?: string | null
}

/**
 * @param stream the bytes from the array's `[` to its `]`, both included.
 * Throws `bad-json` when something other than objects is listed or one element has more than 16 MB.
 */
export async function* readElements(
  stream: AsyncIterable<Uint8Array>,
  { file, key, startLine, startByte, outlines = null }: ElementsOptions,
): AsyncGenerator<Elements> {
  let buffer = new Uint8Array(1 << 12)
  /** Bytes in `buffer`; the first of them stands at `base` in the file. */
  let length = 0
  let base = startByte
  let line = startLine
  let opened = false
  let ended = false
  /** An element that was not whole is looked at again when the bytes have doubled: long ones cost no more than twice. */
  let waitFor = 0

  for await (const piece of stream) {
    if (length + piece.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, length + piece.length))
      larger.set(buffer.subarray(0, length))
      buffer = larger
    }
    buffer.set(piece, length)
    length += piece.length
    let from = 0
    if (!opened) {
      opened = true
      from = 1
    }
    if (length < waitFor && length <= maxElementBytes) continue
    let done = parseObjects(buffer, from, length, line, outlines)
    if (done.rows.length) yield { rows: done.rows, lines: done.lines, issues: [] }
    while (done.stop === 'error') {
      // One by one around what cannot be read.
      const found = nextElement(buffer, done.at, length, done.line)
      if (found.problem)
        throw badJson(file, `"${key}" must list objects; there is ${found.problem}`, base + done.at, done.line)
      if (found.end === null) break
      yield describeBroken(buffer.subarray(done.at, found.end), { file, key, line: done.line })
      done = parseObjects(buffer, found.end, length, found.line, outlines)
      if (done.rows.length) yield { rows: done.rows, lines: done.lines, issues: [] }
    }
    ended = done.stop === 'end'
    line = done.line
    buffer.copyWithin(0, done.at, length)
    base += done.at
    length -= done.at
    waitFor = length > 1 << 20 ? length * 2 : 0
    if (length > maxElementBytes) {
      throw badJson(file, `one element of "${key}" has more than ${maxElementBytes / 1024 / 1024} MB`, base, line)
    }
  }
  if (!ended) throw badJson(file, `"${key}" is not closed`, base, line)
}

/** The element at `at` by its brackets alone; `end` is null when the bytes end before it. */
function nextElement(
  buffer: Uint8Array,
  at: number,
  length: number,
  line: number,
): { end: number | null; line: number; problem?: string } {
  const first = buffer[at]
  if (first !== 0x7b)
    return { end: null, line, problem: first === 0x22 ? 'a text' : first === 0x5b ? 'a list' : describeByte(first) }
  let depth = 0
  let inString = false
  for (let i = at; i < length; i++) {
    const c = buffer[i]
    if (c === 0x0a) line++
    if (inString) {
      if (c === 0x5c) i++
      else if (c === 0x22) inString = false
    } else if (c === 0x22) inString = true
    else if (c === 0x7b || c === 0x5b) depth++
    else if ((c === 0x7d || c === 0x5d) && --depth === 0) return { end: i + 1, line }
  }
  return { end: null, line }
}

function describeBroken(bytes: Uint8Array, { file, key, line }: { file: string; key: string; line: number }): Elements {
  const text = decodeText(bytes.subarray(0, 1 << 16))
  const shown = (text.length > 80 ? `${text.slice(0, 80)}...` : text).replace(/\s+/g, ' ')
  const reason = /\b(NaN|Infinity)\b/.test(text)
    ? 'it holds NaN or Infinity, which JSON does not have'
    : 'it is not JSON'
  const message = `An element of "${key}" is skipped: ${reason} (${shown}). Correct it and import again.`
  return { rows: [], lines: [], issues: [{ level: 'skipped', code: 'bad-element', message, file, line }] }
}
