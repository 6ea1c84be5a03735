/** One Pascal VOC annotation file: XML text to values and back. Files of LabelImg, roLabelImg and the official sets. */
import type { Flags, Shape } from '../../../domain/annotation'
import type { DatasetAnnotation, DatasetIssue } from '../../../domain/dataset'
import { parseXml, xmlText, XmlError, type XmlNode } from '../../../base/xml'
import { checkShape } from '../common/check-shape'

/** `labelimg`: 0-based continuous pixels, as LabelImg writes them. `official`: 1-based inclusive, [1, W]. */
export type VocOrigin = 'labelimg' | 'official'

/** An element the product does not interpret. */
export interface KeptNode {
  name: string
  attributes?: Record<string, string>
  children?: (KeptNode | string)[]
}

/** `extra.voc` of a sample: what is not LabelImg's default. */
export interface VocSampleExtra {
  folder?: string
  /** Where the image lay on the machine that wrote the file. */
  path?: string
  depth?: number
  segmented?: string
  /** Elements written back as they were, `source` among them. */
  other?: KeptNode[]
}

/** `extra.voc` of an annotation. */
export interface VocObjectExtra {
  pose?: string
  other?: KeptNode[]
}

export interface VocFile {
  filename: string
  width?: number
  height?: number
  reviewed: boolean
  extra: VocSampleExtra
  annotations: Omit<DatasetAnnotation, 'sample'>[]
  issues: DatasetIssue[]
  /** The name of an official set, when the file states one. */
  official: string | null
  /** A coordinate that official files cannot hold: 0 or a fraction. */
  notOfficial: boolean
}

/** Null for well-formed XML with another root element. Throws XmlError for what is not XML. */
export function parseVoc(text: string, file: string, origin: VocOrigin): VocFile | null {
  const root = parseXml(text)
  if (root.name !== 'annotation') return null
  const result: VocFile = {
    filename: '',
    reviewed: root.attributes.verified === 'yes',
    extra: {},
    annotations: [],
    issues: [],
    official: null,
    notOfficial: false,
  }
  const objects: XmlNode[] = []
  for (const node of elements(root)) {
    if (node.name === 'object') objects.push(node)
    else if (node.name === 'filename') result.filename = xmlText(node)
    else if (node.name === 'size') readSize(node, file, result)
    else if (node.name === 'folder') result.extra.folder = xmlText(node)
    else if (node.name === 'path') result.extra.path = xmlText(node)
    else if (node.name === 'segmented') {
      if (xmlText(node) !== '0') result.extra.segmented = xmlText(node)
    } else {
      if (node.name === 'source') {
        const source = xmlText(node)
        if (/VOC ?20\d\d/i.test(source))
          result.official = /The VOC20\d\d Database|PASCAL VOC20\d\d/i.exec(source)?.[0] ?? source
        if (source === 'Unknown') continue
      }
      ;(result.extra.other ??= []).push(keep(node))
    }
  }
  for (const node of objects) readObject(node, file, origin, result)
  return result
}

function readSize(node: XmlNode, file: string, result: VocFile): void {
  const width = Number(childText(node, 'width') ?? NaN)
  const height = Number(childText(node, 'height') ?? NaN)
  if (width > 0 && height > 0) {
    result.width = width
    result.height = height
  } else {
    result.issues.push({
      level: 'warning',
      code: 'bad-size',
      message: `The stated image size is ${childText(node, 'width') ?? 'nothing'} x ${childText(node, 'height') ?? 'nothing'}; the image's own size is used.`,
      file,
      line: node.line,
    })
  }
  const depth = Number(childText(node, 'depth') ?? 3)
  if (depth !== 3 && Number.isFinite(depth)) result.extra.depth = depth
}

function readObject(node: XmlNode, file: string, origin: VocOrigin, result: VocFile): void {
  const issue = (level: DatasetIssue['level'], code: string, message: string, line = node.line) =>
    result.issues.push({ level, code, message, file, line })
  const flags: Partial<Flags> = {}
  const extra: VocObjectExtra = {}
  let label = ''
  let bndbox: XmlNode | undefined
  let robndbox: XmlNode | undefined
  const kept: XmlNode[] = []
  for (const child of elements(node)) {
    if (child.name === 'name') label = xmlText(child)
    else if (child.name === 'bndbox' && !bndbox) bndbox = child
    else if (child.name === 'robndbox' && !robndbox) robndbox = child
    else if (child.name === 'difficult' || child.name === 'truncated' || child.name === 'occluded') {
      if (/^(1|true|yes)$/i.test(xmlText(child))) flags[child.name] = true
    } else if (child.name === 'pose') {
      if (xmlText(child) !== 'Unspecified') extra.pose = xmlText(child)
    } else kept.push(child)
  }
  const type = kept.findIndex((child) => child.name === 'type' && xmlText(child) === (robndbox ? 'robndbox' : 'bndbox'))
  if (type >= 0) kept.splice(type, 1)
  for (const child of kept) {
    if (child.name === 'polygon') {
      issue(
        'warning',
        'polygon-kept',
        'The object has a polygon, which VOC readers ignore: its box is imported and the polygon is kept for export.',
        child.line,
      )
    }
  }
  if (kept.length) extra.other = kept.map(keep)
  if (!label) return void issue('skipped', 'no-name', 'The object has no <name> and is skipped. Give it a class name.')

  const shape = robndbox ? readRotatedBox(robndbox, issue) : bndbox ? readBox(bndbox, origin, result, issue) : undefined
  if (shape === null) return
  if (!shape)
    return void issue('skipped', 'no-box', `The object "${label}" has no <bndbox> and is skipped. Draw its box again.`)
  const problem = checkShape(shape, result.width, result.height)
  if (problem) issue(problem.level, problem.code, problem.message)
  if (problem?.level === 'skipped') return
  result.annotations.push({
    label,
    shape,
    ...(Object.keys(flags).length ? { flags } : {}),
    ...(Object.keys(extra).length ? { extra: { voc: extra } } : {}),
  })
}

type Report = (level: DatasetIssue['level'], code: string, message: string, line?: number) => void

function readNumbers(node: XmlNode, names: string[], report: Report): number[] | null {
  const values: number[] = []
  for (const name of names) {
    const text = childText(node, name)
    const value = text === undefined || text === '' ? NaN : Number(text)
    if (!Number.isFinite(value)) {
      report(
        'skipped',
        'bad-number',
        text === undefined
          ? `<${name}> is missing; the object is skipped.`
          : `<${name}> is "${text}", not a number; the object is skipped. Correct the value.`,
        node.line,
      )
      return null
    }
    values.push(value)
  }
  return values
}

function readBox(node: XmlNode, origin: VocOrigin, result: VocFile, report: Report): Shape | null {
  const values = readNumbers(node, ['xmin', 'ymin', 'xmax', 'ymax'], report)
  if (!values) return null
  let [x1, y1, x2, y2] = values
  if (values.some((value) => value === 0 || !Number.isInteger(value))) result.notOfficial = true
  if (x1 > x2 || y1 > y2) {
    report(
      'warning',
      'swapped-box',
      `The box ${values.join(', ')} has its minimum beyond its maximum; the corners are swapped.`,
      node.line,
    )
    ;[x1, x2] = [Math.min(x1, x2), Math.max(x1, x2)]
    ;[y1, y2] = [Math.min(y1, y2), Math.max(y1, y2)]
  }
  // Official pixels are counted from 1 and both ends belong to the box: only the minimum moves.
  const shift = origin === 'official' ? 1 : 0
  return { kind: 'box', box: [x1 - shift, y1 - shift, x2, y2] }
}

/** roLabelImg: centre, size and angle in radians, clockwise. */
function readRotatedBox(node: XmlNode, report: Report): Shape | null {
  const values = readNumbers(node, ['cx', 'cy', 'w', 'h', 'angle'], report)
  if (!values) return null
  const [cx, cy, w, h, angle] = values
  return { kind: 'rotated-box', rotatedBox: [cx, cy, w, h, radiansToDegrees(angle)] }
}

/** Ten decimals hide the rounding of the conversion, so that degrees survive a round trip. */
const radiansToDegrees = (angle: number): number => Number(((angle * 180) / Math.PI).toFixed(10))

/** What is wrong with a file that is no readable XML, as an import reports it. */
export function describeXmlError(error: XmlError, file: string): DatasetIssue {
  const message =
    error.code === 'xml-doctype'
      ? 'The file declares a DOCTYPE or ENTITY, which can expand without limit; it is not read. Remove the declaration and import again.'
      : `The file is not XML: ${error.message}. Its image is imported without annotations and without a split; repair the file and import again.`
  return { level: 'skipped', code: error.code, message, file, line: error.line }
}

const elements = (node: XmlNode): XmlNode[] => node.children.filter((child) => typeof child !== 'string')

function childText(node: XmlNode, name: string): string | undefined {
  const child = elements(node).find((element) => element.name === name)
  return child && xmlText(child)
}

function keep(node: XmlNode): KeptNode {
  const kept: KeptNode = { name: node.name }
  if (Object.keys(node.attributes).length) kept.attributes = node.attributes
  const hasElements = elements(node).length > 0
  const children = node.children.map((child) =>
    typeof child !== 'string' ? keep(child) : hasElements ? child : child.trim(),
  )
  if (children.length) kept.children = children
  return kept
}
