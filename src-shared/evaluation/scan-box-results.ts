/**
 * The common case of a result file, a list of boxes, read straight from its text into columns: no object per row. Half
 * a million rows take a fraction of the time and memory of JSON.parse.
 */
import { detectionsBuilder, type Detections, type GroundTruth } from './coco-columns'

const [quote, comma, minus, dot, zero, nine, colon] = [34, 44, 45, 46, 48, 57, 58]
const [openList, closeList, openObject, closeObject] = [91, 93, 123, 125]
const [backslash, lowerE, upperE] = [92, 101, 69]

/** Powers of ten that are exact doubles: dividing an exact integer by one rounds once, as reading the decimal does. */
const powers = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/**
 * @param text JSON list of rows with numbers `image_id`, `category_id`, `score` and four in `bbox`; other fields are
 * skipped. @returns null for anything else (foreign ids, missing fields, broken JSON): then `loadCocoResults` on the
 * parsed text reads it, or finds the words for what is wrong.
 */
export function scanBoxResults(text: string, gt: GroundTruth): Detections | null {
  const images = new Map(Array.from(gt.imageIds, (id, index) => [id, index]))
  const categories = new Map(Array.from(gt.categoryIds, (id, index) => [id, index]))
  const builder = detectionsBuilder({ capacity: Math.ceil(text.length / 80) })
  const scan = scanner(text)
  if (!scan.take(openList)) return null
  if (scan.take(closeList)) return scan.ended() ? builder.finish() : null
  do {
    let image: number | undefined
    let category: number | undefined
    let score = NaN
    let [x, y, w, h] = [NaN, NaN, NaN, NaN]
    if (!scan.take(openObject)) return null
    do {
      if (scan.key('"image_id"')) image = images.get(scan.number())
      else if (scan.key('"category_id"')) category = categories.get(scan.number())
      else if (scan.key('"score"')) score = scan.number()
      else if (scan.key('"bbox"')) {
        if (!scan.take(openList)) return null
        x = scan.number()
        if (!scan.take(comma)) return null
        y = scan.number()
        if (!scan.take(comma)) return null
        w = scan.number()
        if (!scan.take(comma)) return null
        h = scan.number()
        if (!scan.take(closeList)) return null
      } else if (!scan.skipField()) return null
    } while (scan.take(comma))
    if (!scan.take(closeObject)) return null
    // NaN in any of them survives the sum.
    if (image === undefined || category === undefined || !Number.isFinite(score + x + y + w + h)) return null
    builder.add(image, category, score, x, y, w, h)
  } while (scan.take(comma))
  return scan.take(closeList) && scan.ended() ? builder.finish() : null
}

/** Walks JSON text; every method leaves white space behind it consumed. */
function scanner(text: string) {
  let at = 0
  const pass = (from: number) => {
    let p = from
    let code = text.charCodeAt(p)
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++p)
    at = p
  }
  pass(0)
  const take = (code: number): boolean => {
    if (text.charCodeAt(at) !== code) return false
    pass(at + 1)
    return true
  }
  /** A JSON number; NaN where there is none. */
  const number = (): number => {
    let p = at
    let code = text.charCodeAt(p)
    const negative = code === minus
    if (negative) code = text.charCodeAt(++p)
    const first = p
    let mantissa = 0
    for (; code >= zero && code <= nine; code = text.charCodeAt(++p)) mantissa = mantissa * 10 + (code - zero)
    if (p === first || (p > first + 1 && text.charCodeAt(first) === zero)) return NaN
    let decimals = 0
    if (code === dot) {
      const point = p
      code = text.charCodeAt(++p)
      for (; code >= zero && code <= nine; code = text.charCodeAt(++p)) mantissa = mantissa * 10 + (code - zero)
      decimals = p - point - 1
      if (decimals === 0) return NaN
    }
    let value: number
    if (code === lowerE || code === upperE || mantissa > Number.MAX_SAFE_INTEGER || decimals > 22) {
      // Letters, signs and points up to the next separator: Number refuses what is no number.
      while (p < text.length && !/[\s,\]}]/.test(text[p])) p++
      value = Number(text.slice(at, p))
    } else value = negative ? -(mantissa / powers[decimals]) : mantissa / powers[decimals]
    pass(p)
    return value
  }
  /** Takes a key with its quotes, and the colon. */
  const key = (quoted: string): boolean => {
    if (!text.startsWith(quoted, at)) return false
    const start = at
    pass(at + quoted.length)
    if (take(colon)) return true
    at = start
    return false
  }
  const skipString = (): boolean => {
    if (text.charCodeAt(at) !== quote) return false
    let p = at + 1
    for (let code = text.charCodeAt(p); code !== quote; code = text.charCodeAt(++p)) {
      if (code === backslash) p++
      if (p >= text.length) return false
    }
    pass(p + 1)
    return true
  }
  /** Any value; false when it is broken. */
  const skip = (): boolean => {
    const code = text.charCodeAt(at)
    if (code === quote) return skipString()
    if (code === openList || code === openObject) {
      const close = code === openList ? closeList : closeObject
      pass(at + 1)
      if (take(close)) return true
      do {
        if (!(code === openObject ? skipField() : skip())) return false
      } while (take(comma))
      return take(close)
    }
    for (const word of ['true', 'false', 'null']) {
      if (!text.startsWith(word, at)) continue
      pass(at + word.length)
      return true
    }
    return !Number.isNaN(number())
  }
  /** A key, written without escapes, and its value. A key with escapes might be one of those looked for. */
  const skipField = (): boolean => {
    const start = at
    return skipString() && !text.slice(start, at).includes('\\') && take(colon) && skip()
  }
  return { take, key, number, skipField, ended: () => at >= text.length }
}
