/** The elements of a JSON array in a byte range, parsed a few thousand at a time: memory stays flat. */
import { decodeText } from '../../../base/text'
import type { DatasetIssue } from '../../../domain/dataset'
import { badJson, byteKind, close, comma, describeByte, newline, open, quote } from './json-scan'

export interface Elements {
  rows: Record<string, unknown>[]
  /** 1-based line of each row's first byte. */
  lines: number[]
  /** Elements that are no JSON by themselves (NaN, a missing comma); the others are read. */
  issues: DatasetIssue[]
}

const maxElementBytes = 32 * 1024 * 1024

/**
 * @param stream the bytes from the array's `[` to its `]`, both included.
 * @param startLine line of the `[`. @param startByte its offset in the file, for messages.
 * Throws `bad-json` when something other than objects is listed or one element has more than 32 MB.
 */
export async function* readElements(
  stream: AsyncIterable<Uint8Array>,
  { file, key, startLine, startByte }: { file: string; key: string; startLine: number; startByte: number },
): AsyncGenerator<Elements> {
  let buffer = new Uint8Array(1 << 21)
  /** Bytes in `buffer`; those before `at` have been looked at. */
  let length = 0
  let at = 0
  let base = startByte
  let line = startLine
  let depth = -1
  let inString = false
  let escaped = false
  let starts: number[] = []
  let ends: number[] = []
  let lines: number[] = []

  for await (const piece of stream) {
    if (length + piece.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, length + piece.length))
      larger.set(buffer.subarray(0, length))
      buffer = larger
    }
    buffer.set(piece, length)
    length += piece.length
    while (at < length) {
      const c = buffer[at]
      if (inString) {
        // Most bytes of a string are neither; this loop is the fast way through them.
        if (escaped) escaped = false
        else if (c === 0x5c) escaped = true
        else if (c === 0x22) inString = false
      } else {
        switch (byteKind[c]) {
          case quote:
            if (depth === 0) throw badJson(file, `"${key}" must list objects; there is a text`, base + at, line)
            inString = true
            break
          case open:
            if (depth === 0) {
              if (c !== 0x7b) throw badJson(file, `"${key}" must list objects; there is a list`, base + at, line)
              starts.push(at)
              lines.push(line)
            }
            depth++
            break
          case close:
            if (--depth === 0) ends.push(at + 1)
            break
          case newline:
            line++
            break
          case comma:
            break
          default:
            if (depth === 0 && c !== 0x20 && c !== 0x0d && c !== 0x09) {
              throw badJson(file, `"${key}" must list objects; there is ${describeByte(c)}`, base + at, line)
            }
        }
      }
      at++
    }
    if (ends.length) {
      const complete = starts.length === ends.length ? starts.length : ends.length
      yield parseElements(buffer, starts, ends, lines.slice(0, complete), file, key)
      const keepFrom = starts.length > complete ? starts[complete] : length
      buffer.copyWithin(0, keepFrom, length)
      base += keepFrom
      length -= keepFrom
      at -= keepFrom
      starts = starts.length > complete ? [0] : []
      lines = lines.slice(complete)
      ends = []
    } else if (!starts.length) {
      base += length
      length = at = 0
    }
    if (length > maxElementBytes) {
      throw badJson(
        file,
        `one element of "${key}" has more than ${maxElementBytes / 1024 / 1024} MB`,
        base + (starts[0] ?? 0),
        lines[0] ?? line,
      )
    }
  }
}

function parseElements(
  buffer: Uint8Array,
  starts: number[],
  ends: number[],
  lines: number[],
  file: string,
  key: string,
): Elements {
  const count = ends.length
  try {
    const text = decodeText(buffer.subarray(starts[0], ends[count - 1]))
    const rows = JSON.parse(`[${text}]`) as Record<string, unknown>[]
    if (rows.length === count) return { rows, lines, issues: [] }
  } catch {
    // One of them is broken: find out which.
  }
  const result: Elements = { rows: [], lines: [], issues: [] }
  for (let i = 0; i < count; i++) {
    const text = decodeText(buffer.subarray(starts[i], ends[i]))
    try {
      result.rows.push(JSON.parse(text) as Record<string, unknown>)
      result.lines.push(lines[i])
    } catch {
      const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text
      const reason = /\bNaN\b|\bInfinity\b/.test(text)
        ? 'it holds NaN or Infinity, which JSON does not have'
        : 'it is not JSON'
      result.issues.push({
        level: 'skipped',
        code: 'bad-element',
        message: `An element of "${key}" is skipped: ${reason} (${shown.replace(/\s+/g, ' ')}). Correct it and import again.`,
        file,
        line: lines[i],
      })
    }
  }
  return result
}
