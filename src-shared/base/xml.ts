/**
 * A strict reader for data files in XML (annotations, not documents): elements, attributes, text, CDATA, comments.
 * There is no entity machinery: a DOCTYPE or ENTITY declaration is refused, so nothing can expand.
 */

export interface XmlNode {
  name: string
  attributes: Record<string, string>
  /** Elements and texts in order; white space between elements is dropped. */
  children: (XmlNode | string)[]
  /** 1-based line of the start tag. */
  line: number
}

/** What is wrong and where; `code` is `bad-xml` or `xml-doctype`. */
export class XmlError extends Error {
  readonly code: string
  readonly line: number

  constructor(code: string, message: string, line: number) {
    super(message)
    this.name = 'XmlError'
    this.code = code
    this.line = line
  }
}

const maxDepth = 64
const nameStart = /[A-Za-z_:\u0080-\uffff]/
const nameEnd = /[\s/>=]/g
const namedEntities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The root element. Throws {@link XmlError} for anything that is not well-formed. */
export function parseXml(text: string): XmlNode {
  let at = 0
  let countedTo = 0
  let line = 1
  /** Positions are asked for in rising order, so each newline is counted once. */
  const lineAt = (index: number): number => {
    for (let i = text.indexOf('\n', countedTo); i >= 0 && i < index; i = text.indexOf('\n', i + 1)) {
      line++
      countedTo = i + 1
    }
    return line
  }
  const fail = (message: string, index = at): never => {
    throw new XmlError('bad-xml', message, lineAt(index))
  }
  const skipTo = (mark: string, what: string): string => {
    const end = text.indexOf(mark, at)
    if (end < 0) fail(`${what} is not closed`)
    const inner = text.slice(at, end)
    at = end + mark.length
    return inner
  }
  const skipSpace = () => {
    while (at < text.length && text.charCodeAt(at) <= 32) at++
  }
  const readName = (): string => {
    if (at >= text.length) fail('the file ends inside a tag')
    if (!nameStart.test(text[at])) fail(`"${text[at]}" cannot start a name`)
    nameEnd.lastIndex = at
    const end = nameEnd.exec(text)?.index ?? text.length
    const name = text.slice(at, end)
    at = end
    return name
  }
  const decode = (raw: string): string => {
    if (!raw.includes('&')) return raw
    return raw.replace(/&([^;\s&]{0,12});?/g, (whole, body: string) => {
      if (whole.endsWith(';')) {
        if (body[0] === '#') {
          const point = /^#x/i.test(body) ? parseInt(body.slice(2), 16) : parseInt(body.slice(1), 10)
          if (point > 0 && point <= 0x10ffff) return String.fromCodePoint(point)
        } else if (body in namedEntities) return namedEntities[body]
      }
      return fail(`"${whole}" is not a known entity; a plain "&" is written "&amp;"`)
    })
  }

  const stack: XmlNode[] = []
  let root: XmlNode | null = null
  if (text.charCodeAt(0) === 0xfeff) at = 1
  skipSpace()
  if (text[at] !== '<') fail(at < text.length ? 'the file does not start with "<"' : 'the file is empty')
  while (at < text.length) {
    const top = stack.at(-1)
    if (text[at] !== '<') {
      const next = text.indexOf('<', at)
      const raw = text.slice(at, next < 0 ? text.length : next)
      if (raw.trim() !== '') {
        if (!top) fail('there is text outside of the root element')
        else top.children.push(decode(raw))
      }
      at = next < 0 ? text.length : next
    } else if (text.startsWith('<!--', at)) {
      at += 4
      skipTo('-->', 'a comment')
    } else if (text.startsWith('<![CDATA[', at)) {
      at += 9
      const inner = skipTo(']]>', 'a CDATA section')
      if (!top) fail('there is text outside of the root element')
      else top.children.push(inner)
    } else if (text.startsWith('<!', at)) {
      throw new XmlError('xml-doctype', 'it declares a DOCTYPE or ENTITY', lineAt(at))
    } else if (text.startsWith('<?', at)) {
      at += 2
      skipTo('?>', 'a processing instruction')
    } else if (text[at + 1] === '/') {
      at += 2
      const name = readName()
      skipSpace()
      if (text[at] !== '>') fail(`the end tag </${name} is not closed`)
      at++
      const open = stack.pop()
      if (open?.name !== name)
        fail(open ? `</${name}> closes <${open.name}> of line ${open.line}` : `</${name}> closes nothing`)
    } else {
      const line = lineAt(at)
      at++
      const node: XmlNode = { name: readName(), attributes: {}, children: [], line }
      if (root && !top) fail(`a second root element <${node.name}> follows`)
      for (skipSpace(); at < text.length && text[at] !== '>' && text[at] !== '/'; skipSpace()) {
        const name = readName()
        skipSpace()
        if (text[at] !== '=') fail(`attribute "${name}" has no value`)
        at++
        skipSpace()
        const quote = text[at]
        if (quote !== '"' && quote !== "'") fail(`the value of attribute "${name}" is not quoted`)
        at++
        // defineProperty, because an attribute may be called __proto__.
        const value = decode(skipTo(quote, `the value of attribute "${name}"`))
        Object.defineProperty(node.attributes, name, { value, enumerable: true, configurable: true, writable: true })
      }
      const closed = text[at] === '/'
      if (closed) at++
      if (text[at] !== '>') fail(`the tag <${node.name} is not closed`)
      at++
      if (top) top.children.push(node)
      else root = node
      if (!closed) stack.push(node)
      if (stack.length > maxDepth) fail(`elements are nested deeper than ${maxDepth}`)
    }
  }
  const open = stack.at(-1)
  if (open) throw new XmlError('bad-xml', `<${open.name}> of line ${open.line} is not closed`, lineAt(text.length))
  return root ?? fail('there is no element')
}

/** All text below a node, trimmed. */
export const xmlText = (node: XmlNode): string =>
  node.children
    .map((child) => (typeof child === 'string' ? child : xmlText(child)))
    .join('')
    .trim()

/** Text for an element or attribute; characters XML 1.0 has no place for become U+FFFD. */
export const escapeXml = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!)
