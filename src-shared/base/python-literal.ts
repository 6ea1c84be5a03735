/** Python's literals as far as metadata of models use them: texts, numbers, None, True, False, lists, tuples, dicts. */
import { TagwrightError } from './errors'

export type PythonValue = string | number | boolean | null | PythonValue[] | Map<string | number, PythonValue>

/** JSON is understood too. @throws `bad-literal` with the position. */
export function parsePythonLiteral(text: string): PythonValue {
  let at = 0
  let depth = 0
  const fail = (): never => {
    throw new TagwrightError('bad-literal', `"${text.slice(0, 60)}" is no Python literal (position ${at}).`)
  }
  const space = () => {
    while (/\s/.test(text[at] ?? '')) at++
  }
  const value = (): PythonValue => {
    space()
    const c = text[at]
    if (c === '{') return dict()
    if (c === '[' || c === '(') return list(c === '[' ? ']' : ')')
    if (c === '"' || c === "'") return string(c)
    const [word] = /^[\w.+-]+/.exec(text.slice(at, at + 40)) ?? fail()
    at += word.length
    if (word === 'None' || word === 'null') return null
    if (word === 'True' || word === 'true') return true
    if (word === 'False' || word === 'false') return false
    const number = Number(word)
    return Number.isNaN(number) ? fail() : number
  }
  const enter = <T>(build: () => T): T => {
    if (++depth > 50) fail()
    at++
    const result = build()
    depth--
    return result
  }
  const list = (end: string): PythonValue[] =>
    enter(() => {
      const items: PythonValue[] = []
      for (space(); text[at] !== end; space()) {
        items.push(value())
        comma(end)
      }
      at++
      return items
    })
  const dict = (): PythonValue =>
    enter(() => {
      const entries = new Map<string | number, PythonValue>()
      for (space(); text[at] !== '}'; space()) {
        const key = value()
        space()
        if (text[at++] !== ':' || (typeof key !== 'string' && typeof key !== 'number')) return fail()
        entries.set(key, value())
        comma('}')
      }
      at++
      return entries
    })
  const comma = (end: string) => {
    space()
    if (text[at] === ',') at++
    else if (text[at] !== end) fail()
  }
  const string = (quote: string): string => {
    let out = ''
    for (at++; text[at] !== quote; at++) {
      if (at >= text.length) fail()
      if (text[at] !== '\\') {
        out += text[at]
        continue
      }
      const c = text[++at]
      const width = { x: 2, u: 4, U: 8 }[c]
      if (width) {
        const code = Number.parseInt(text.slice(at + 1, at + 1 + width), 16)
        if (!(code <= 0x10ffff)) fail()
        out += String.fromCodePoint(code)
        at += width
      } else out += { n: '\n', t: '\t', r: '\r' }[c] ?? c ?? fail()
    }
    at++
    return out
  }
  const result = value()
  space()
  return at === text.length ? result : fail()
}

/** A text as Python's repr() prints it, in single quotes. */
export const pythonString = (text: string): string =>
  `'${text.replace(/[\\']/g, '\\$&').replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}'`

/** `{0: 'person', 1: 'car'}` */
export const pythonNames = (names: readonly string[]): string =>
  `{${names.map((name, i) => `${i}: ${pythonString(name)}`).join(', ')}}`
