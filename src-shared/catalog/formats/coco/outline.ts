/**
 * Outlines straight from the bytes of a file to the JSON text of a polygon: no list of points is ever made. Where a file
 * has a million of them, making those lists and writing them out again costs more than everything else together.
 */
import { decodeText } from '../../../base/text'
import type { Box, Point } from '../../../domain/geometry'

/** Text of the outlines of one piece of a file; each outline is a part of it. */
interface Batch {
  text: string
}

/** `segmentation: [[x, y, ...], ...]` of finite numbers, at least three points a ring. */
export class Outline {
  /** The smallest box around all points. */
  readonly bounds: Box
  readonly #batch: Batch
  readonly #start: number
  readonly #end: number

  constructor(batch: Batch, start: number, end: number, bounds: Box) {
    this.#batch = batch
    this.#start = start
    this.#end = end
    this.bounds = bounds
  }

  /** What JSON.stringify gives for the polygon. @param box where it is stated and not the bounds */
  toJson(box?: Box): string {
    const { text } = this.#batch
    if (!box) return text.slice(this.#start, this.#end)
    return `${text.slice(this.#start, this.#end - 1)},"box":${JSON.stringify(box)}}`
  }

  /** The lists as the file has them. */
  toLists(): number[][] {
    const { rings } = JSON.parse(this.toJson()) as { rings: Point[][] }
    return rings.map((ring) => ring.flat())
  }
}

const head = '{"kind":"polygon","rings":['
const headBytes = Uint8Array.from(head, (letter) => letter.charCodeAt(0))
const powers = Array.from({ length: 16 }, (_, i) => 10 ** i)
/** A number and its brackets; longer ones do not exist as the text of a double. */
const roomForNumber = 40

/** Shared by all scans: only one is under way at a time, and its text is taken out when it ends. */
let out = new Uint8Array(1 << 20)

function grow(): void {
  const larger = new Uint8Array(out.length * 2)
  larger.set(out)
  out = larger
}

/** Reads the outlines of one piece of a file. Their texts can be asked for after `finish`. */
export class OutlineScan {
  /** Position and line after the outline that was read last. */
  at = 0
  line = 0
  #used = 0
  readonly #batch: Batch = { text: '' }

  finish(): void {
    this.#batch.text = decodeText(out.subarray(0, this.#used))
  }

  /**
   * The outline that begins with the `[` at `start`. Null for anything else, also where the bytes end before it does: then
   * the general parser says what it is.
   */
  read(bytes: Uint8Array, start: number, length: number, line: number): Outline | null {
    let o = this.#used
    if (o + headBytes.length + roomForNumber > out.length) grow()
    out.set(headBytes, o)
    o += headBytes.length
    let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity]
    let at = start + 1
    for (;;) {
      at = skipSpace(bytes, at, length)
      if (at >= length || bytes[at] !== 0x5b) return null
      at++
      out[o++] = 0x5b
      let count = 0
      for (;;) {
        at = skipSpace(bytes, at, length)
        if (at >= length) return null
        if (o + roomForNumber > out.length) grow()
        const isX = (count & 1) === 0
        if (count > 0) out[o++] = 0x2c
        if (isX) out[o++] = 0x5b
        // One number; its digits are copied on the way.
        const [first, firstOut] = [at, o]
        const negative = bytes[at] === 0x2d
        if (negative) out[o++] = bytes[at++]
        const whole = at
        let mantissa = 0
        let c = 0
        for (; at < length; at++) {
          c = bytes[at]
          if (c < 0x30 || c > 0x39 || at - whole > 15) break
          mantissa = mantissa * 10 + c - 0x30
          out[o++] = c
        }
        let digits = at - whole
        if (digits === 0 || (digits > 1 && bytes[whole] === 0x30)) return null
        let decimals = 0
        if (c === 0x2e && at < length) {
          out[o++] = c
          const point = ++at
          for (; at < length; at++) {
            c = bytes[at]
            if (c < 0x30 || c > 0x39 || at - point > 15) break
            mantissa = mantissa * 10 + c - 0x30
            out[o++] = c
          }
          decimals = at - point
          digits += decimals
          if (decimals === 0) return null
          while (out[o - 1] === 0x30) o--
          if (out[o - 1] === 0x2e) o--
        }
        if (at >= length) return null
        let value = decimals > 0 ? mantissa / powers[Math.min(decimals, 15)] : mantissa
        if (digits > 15 || c === 0x65 || c === 0x45 || (value < 1e-6 && (mantissa > 0 || negative))) {
          // JavaScript may write it in another way: rare, and read in the usual way.
          for (at = first; at < length && isNumeric(bytes[at]); at++);
          const number = at < length ? readNumber(bytes, first, at) : null
          if (number === null) return null
          value = number
          o = firstOut
          const text = JSON.stringify(value)
          for (let i = 0; i < text.length; i++) out[o++] = text.charCodeAt(i)
        } else if (negative) value = -value
        if (isX) {
          if (value < x1) x1 = value
          if (value > x2) x2 = value
        } else {
          out[o++] = 0x5d
          if (value < y1) y1 = value
          if (value > y2) y2 = value
        }
        count++
        at = skipSpace(bytes, at, length)
        if (at >= length) return null
        c = bytes[at++]
        if (c === 0x5d) break
        if (c !== 0x2c) return null
      }
      if (count < 6 || (count & 1) === 1) return null
      out[o++] = 0x5d
      at = skipSpace(bytes, at, length)
      if (at >= length) return null
      const c = bytes[at++]
      if (c === 0x5d) break
      if (c !== 0x2c) return null
      out[o++] = 0x2c
    }
    if (o + 2 > out.length) grow()
    out[o++] = 0x5d
    out[o++] = 0x7d
    const outline = new Outline(this.#batch, this.#used, o, [x1, y1, x2, y2])
    this.#used = o
    this.at = at
    this.line = line + this.#newlines(bytes, start, at)
    return outline
  }

  /** Most files are one line: the next newline is looked for once. */
  #newlines(bytes: Uint8Array, start: number, end: number): number {
    let count = 0
    for (;;) {
      if (this.#newline < start) {
        const next = bytes.indexOf(0x0a, start)
        this.#newline = next < 0 ? bytes.length : next
      }
      if (this.#newline >= end) return count
      count++
      start = this.#newline + 1
    }
  }
  #newline = -1
}

function skipSpace(bytes: Uint8Array, at: number, length: number): number {
  for (; at < length; at++) {
    const c = bytes[at]
    if (c > 0x20 || (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)) break
  }
  return at
}

const isNumeric = (c: number): boolean =>
  (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d || c === 0x2e || c === 0x65 || c === 0x45

function readNumber(bytes: Uint8Array, start: number, end: number): number | null {
  try {
    const value = JSON.parse(decodeText(bytes.subarray(start, end))) as number
    return Number.isFinite(value) ? value : null
  } catch {
    return null
  }
}
