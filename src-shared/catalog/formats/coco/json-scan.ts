/**
 * Finds the byte ranges of a JSON file's top-level values without parsing them: any size, any order, flat memory.
 * Brackets, strings and the alphabet of JSON are checked on the way, so that nonsense ends the pass where it begins.
 */
import { TagwrightError } from '../../../base/errors'
import { decodeText } from '../../../base/text'

export interface JsonSpan {
  key: string
  kind: 'array' | 'object' | 'other'
  /** First byte of the value. */
  start: number
  /** The byte after its last. */
  end: number
  /** 1-based line of its first byte. */
  line: number
}

const maxDepth = 256
const maxKeyBytes = 4096

/** What a byte outside of strings means. */
const quote = 1
const open = 2
const close = 3
const newline = 4
const comma = 5
const foreign = 6

/** By byte: 0 plain, 1 quote, 2 opening and 3 closing bracket, 4 newline, 5 comma, 6 not in JSON outside of strings. */
const byteKind = new Uint8Array(256).fill(foreign)
// Numbers, true, false, null, and Python's NaN and Infinity, which are refused later with the element that holds them.
for (const c of ' \t\r:+-.0123456789eEtrufalsnNIiy') byteKind[c.charCodeAt(0)] = 0
byteKind[0x22] = quote
byteKind[0x7b] = byteKind[0x5b] = open
byteKind[0x7d] = byteKind[0x5d] = close
byteKind[0x0a] = newline
byteKind[0x2c] = comma

/** 1 for the bulk of a file: what numbers, words and the space between them are made of. */
const skippable = byteKind.map((kind) => (kind === 0 || kind === comma ? 1 : 0))

export function badJson(file: string, what: string, at: number, line: number): TagwrightError {
  return new TagwrightError(
    'bad-json',
    `${file} is not readable JSON: ${what} at byte ${at} (line ${line}). The file is damaged or of another kind; get it again or choose another format.`,
    { file, byte: at, line },
  )
}

/** Throws `bad-json` for what is not JSON, `not-coco` when the top level is not an object. */
export async function scanTopLevel(stream: AsyncIterable<Uint8Array>, file: string): Promise<JsonSpan[]> {
  const spans: JsonSpan[] = []
  const stack = new Uint8Array(maxDepth + 1)
  let depth = 0
  let line = 1
  let base = 0
  let inString = false
  let escaped = false
  /** At depth 1: what comes next. */
  let expect: 'key' | 'colon' | 'value' | 'comma' = 'key'
  let first = true
  let finished = false
  let keyBytes: number[] | null = null
  let span: JsonSpan | null = null
  const fail = (what: string, at: number): never => {
    throw badJson(file, what, at, line)
  }

  for await (const bytes of stream) {
    const length = bytes.length
    let i = 0
    if (base === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) i = 3
    while (i < length) {
      if (depth >= 2) {
        // Inside of a top-level value: the hot path has a function of its own.
        const inner: Inner = { stack, depth, line, inString, escaped }
        i = skipInner(bytes, i, inner)
        ;({ depth, line, inString, escaped } = inner)
        if (inner.problem) fail(inner.problem, base + i)
        if (depth > 1) break
        span!.end = base + i
        spans.push(span!)
        span = null
        expect = 'comma'
        continue
      }
      const c = bytes[i]
      if (inString) {
        if (escaped) escaped = false
        else if (c === 0x5c) escaped = true
        else if (c === 0x22) {
          inString = false
          if (depth === 1 && expect === 'key') {
            span = { key: readKey(keyBytes!), kind: 'other', start: 0, end: 0, line: 0 }
            keyBytes = null
            expect = 'colon'
            i++
            continue
          }
        } else if (c < 0x20) fail('a control character in a string', base + i)
        if (keyBytes && inString) {
          if (keyBytes.length >= maxKeyBytes) fail('a name of more than 4,096 bytes', base + i)
          keyBytes.push(c)
        }
        i++
        continue
      }
      const kind = byteKind[c]
      if (kind === foreign) fail(`an unexpected ${describeByte(c)}`, base + i)
      if (kind === newline) line++
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
        if (span && span.end === 0 && span.start > 0 && expect === 'comma') endScalar(base + i)
        i++
        continue
      }
      if (depth === 0) {
        if (finished) fail(`an unexpected ${describeByte(c)} after the end`, base + i)
        if (c === 0x5b) throw notCoco(file, 'a list')
        if (c !== 0x7b) fail(`an unexpected ${describeByte(c)}`, base + i)
        stack[0] = c
        depth = 1
      } else if (kind === close) {
        if (c !== 0x7d) fail(`an unexpected ${describeByte(c)}`, base + i)
        if (span && expect === 'comma') endScalar(base + i)
        else if (expect !== 'comma' && !(expect === 'key' && first)) fail('an unexpected "}"', base + i)
        depth = 0
        finished = true
      } else if (expect === 'key') {
        if (kind !== quote) fail(`an unexpected ${describeByte(c)} where a name begins`, base + i)
        inString = true
        first = false
        keyBytes = []
      } else if (expect === 'colon') {
        if (c !== 0x3a) fail(`an unexpected ${describeByte(c)} after a name`, base + i)
        expect = 'value'
      } else if (expect === 'value') {
        if (kind === comma || c === 0x3a) fail(`an unexpected ${describeByte(c)} where a value begins`, base + i)
        span!.start = base + i
        span!.line = line
        expect = 'comma'
        if (kind === open) {
          span!.kind = c === 0x5b ? 'array' : 'object'
          stack[depth++] = c
        } else if (kind === quote) inString = true
      } else if (kind === comma) {
        if (span) endScalar(base + i)
        expect = 'key'
      } else if (span === null) fail(`an unexpected ${describeByte(c)} after a value`, base + i)
      i++
    }
    base += length
  }
  if (!finished) {
    const inside = span
      ? `inside of "${span.key}"`
      : depth === 0
        ? 'before anything begins'
        : 'before the closing bracket'
    throw new TagwrightError(
      'bad-json',
      `${file} ends at byte ${base} (line ${line}) ${inside}: the file is empty or cut off. Get it again.`,
      { file, byte: base, line },
    )
  }
  return spans

  function endScalar(at: number) {
    span!.end = at
    spans.push(span!)
    span = null
  }
}

interface Inner {
  stack: Uint8Array
  depth: number
  line: number
  inString: boolean
  escaped: boolean
  problem?: string
}

/** Walks until a top-level value ends or the bytes do; answers the next position. Only brackets and strings count. */
function skipInner(bytes: Uint8Array, from: number, state: Inner): number {
  const skip = skippable
  const { stack } = state
  const length = bytes.length
  let { depth, line, inString, escaped } = state
  let i = from
  scan: while (i < length) {
    if (inString) {
      for (; i < length; i++) {
        const c = bytes[i]
        if (escaped) escaped = false
        else if (c === 0x22) break
        else if (c === 0x5c) escaped = true
        else if (c < 0x20) {
          state.problem = 'a control character in a string'
          break scan
        }
      }
      if (i === length) break
      inString = false
      i++
    }
    while (i < length && skip[bytes[i]] === 1) i++
    if (i === length) break
    const c = bytes[i]
    const kind = byteKind[c]
    if (kind === quote) inString = true
    else if (kind === open) {
      if (depth === maxDepth) {
        state.problem = `more than ${maxDepth} levels of brackets`
        break
      }
      stack[depth++] = c
    } else if (kind === close) {
      // } and ] lie two above { and [.
      if (stack[depth - 1] + 2 !== c) {
        state.problem = `an unexpected ${describeByte(c)}`
        break
      }
      if (--depth === 1) {
        i++
        break
      }
    } else if (kind === newline) line++
    else {
      state.problem = `an unexpected ${describeByte(c)}`
      break
    }
    i++
  }
  Object.assign(state, { depth, line, inString, escaped })
  return i
}

function readKey(bytes: number[]): string {
  const text = decodeText(Uint8Array.from(bytes))
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return text
  }
}

export const describeByte = (c: number): string =>
  c > 0x20 && c < 0x7f ? `"${String.fromCharCode(c)}"` : `byte 0x${c.toString(16).padStart(2, '0')}`

export const notCoco = (file: string, what: string): TagwrightError =>
  new TagwrightError(
    'not-coco',
    `${file} holds ${what}, not a COCO data set: an object with "images", "annotations" and "categories". Choose another file or format.`,
    { file },
  )
