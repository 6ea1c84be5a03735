/** The images and tracks of a CVAT file one by one, so that memory stays flat; meta first. Damage ends with an XmlError. */
import { decodeText } from '../../../base/text'
import { parseXml, XmlError, type XmlNode } from '../../../base/xml'

const maxElement = 64 * 1024 * 1024
const newline = 0x0a

/**
 * Yields `<meta>`, then every `<image>` and `<track>`, each parsed, with lines of the whole file. Throws XmlError:
 * `xml-doctype` for declarations (they can expand without limit), `bad-xml` for everything that is not well-formed.
 */
export async function* readCvatElements(stream: AsyncIterable<Uint8Array>): AsyncGenerator<XmlNode> {
  let bytes = new Uint8Array(0)
  let text = ''
  let line = 1
  let closed = false
  let opened = false
  for await (const piece of withEnd(stream)) {
    if (piece) {
      const whole = new Uint8Array(bytes.length + piece.length)
      whole.set(bytes)
      whole.set(piece, bytes.length)
      // Up to the last newline, or a character may be cut; a file in one line is cut at its last tag.
      const cut = Math.max(whole.lastIndexOf(newline), whole.lastIndexOf(0x3e)) + 1
      text += decodeText(whole.subarray(0, cut))
      bytes = whole.subarray(cut)
    } else text += decodeText(bytes)
    for (;;) {
      const match = /<(meta|image|track)(?=[\s>/])|<\/annotations\s*>|<!(?!--)/.exec(text)
      if (!opened) {
        const root = /<([A-Za-z_][\w.-]*)/.exec(text)
        if (root && root[1] !== 'annotations') throw new XmlError('bad-xml', `its root element is <${root[1]}>, not <annotations>`, line + countLines(text.slice(0, root.index))) // prettier-ignore
        opened = root !== null
      }
      if (!match) break
      const before = countLines(text.slice(0, match.index))
      if (match[0] === '<!') throw new XmlError('xml-doctype', 'it declares a DOCTYPE or ENTITY', line + before)
      if (match[1] === undefined) {
        closed = true
        break
      }
      const end = endOf(text, match.index, match[1])
      if (end < 0) break
      const part = text.slice(match.index, end)
      yield parseAt(part, line + before)
      line += before + countLines(part)
      text = text.slice(end)
    }
    if (text.length + bytes.length > maxElement) throw new XmlError('bad-xml', 'one element has more than 64 MB', line)
  }
  if (!opened) throw new XmlError('bad-xml', 'there is no element', line)
  if (!closed)
    throw new XmlError('bad-xml', '<annotations> is not closed: the file is cut off', line + countLines(text))
}

async function* withEnd(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | null> {
  yield* stream
  yield null
}

/** After the element that begins at `at`; -1: its end is not there yet. A ">" may stand inside of an attribute. */
function endOf(text: string, at: number, name: string): number {
  let quote = ''
  for (let i = at; i < text.length; i++) {
    const c = text[i]
    if (quote) quote = c === quote ? '' : quote
    else if (c === '"' || c === "'") quote = c
    else if (c === '>') {
      if (text[i - 1] === '/') return i + 1
      const close = `</${name}>`
      const end = text.indexOf(close, i)
      return end < 0 ? -1 : end + close.length
    }
  }
  return -1
}

function countLines(text: string): number {
  let count = 0
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count++
  return count
}

function parseAt(text: string, line: number): XmlNode {
  try {
    const node = parseXml(text)
    shift(node, line - 1)
    return node
  } catch (error) {
    if (error instanceof XmlError) throw new XmlError(error.code, error.message, error.line + line - 1)
    throw error
  }
}

function shift(node: XmlNode, by: number): void {
  node.line += by
  for (const child of node.children) if (typeof child !== 'string') shift(child, by)
}

export const childrenOf = (node: XmlNode, name?: string): XmlNode[] =>
  node.children.filter((child): child is XmlNode => typeof child !== 'string' && (name === undefined || child.name === name)) // prettier-ignore
