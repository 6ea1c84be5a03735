/** Writes annotations.xml in CVAT's images mode, with the images in images/<split>. */
import { escapeXml } from '../../../base/xml'
import type { Dataset, DatasetAnnotation, DatasetIssue, DatasetLabel } from '../../../domain/dataset'
import type { FormatSink } from '../../format'
import { printMeta } from './meta'
import type { PlainNode } from './read'
import { printMask, ringOf, type Attributes } from './shapes'

const blockLength = 1 << 16
const file = 'annotations.xml'

export async function writeCvat(dataset: Dataset, sink: FormatSink): Promise<void> {
  const labels = new Map(dataset.labels.map((label) => [label.key, label]))
  const out = await sink.open(file)
  let text = `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n${printMeta(dataset.labels, await findTypes(dataset))}\n`
  const reported = new Set<string>()
  const report = (issue: Pick<DatasetIssue, 'level' | 'code' | 'message'>) => {
    if (issue.level === 'warning' && reported.has(issue.code)) return
    reported.add(issue.code)
    sink.report({ ...issue, file })
  }
  let id = 0
  for await (const { sample, annotations } of dataset.items()) {
    const name = `${sample.split ? `${sample.split}/` : ''}${sample.path}`
    await sink.image(sample, `images/${name}`)
    const { other, ...kept } = (sample.extra?.cvat ?? {}) as Attributes & { other?: PlainNode[] }
    const size: Attributes = sample.width && sample.height ? { width: `${sample.width}`, height: `${sample.height}` } : {} // prettier-ignore
    text += `  <image${print({ id: `${id++}`, name, ...(sample.split ? { subset: sample.split } : {}), ...size, ...kept })}>\n`
    for (const annotation of annotations) text += toElement(annotation, labels.get(annotation.label)!, report)
    for (const node of other ?? []) text += printPlain(node, '    ')
    text += '  </image>\n'
    if (text.length > blockLength) {
      await out.write(text)
      text = ''
    }
  }
  await out.write(`${text}</annotations>\n`)
  await out.close()
}

/** Own attributes are declared once for a label; one that holds several types of values is text. */
async function findTypes(dataset: Dataset): Promise<Map<string, Map<string, string>>> {
  const types = new Map<string, Map<string, string>>()
  for await (const { annotations } of dataset.items()) {
    for (const { label, extra } of annotations) {
      for (const [name, value] of Object.entries((extra?.attributes ?? {}) as Record<string, unknown>)) {
        const type = typeof value === 'boolean' ? 'checkbox' : typeof value === 'number' ? 'number' : 'text'
        const own = types.get(label) ?? new Map<string, string>()
        types.set(label, own)
        own.set(name, (own.get(name) ?? type) === type ? type : 'text')
      }
    }
  }
  return types
}

const print = (attributes: Attributes): string =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(value).replaceAll('\n', '&#10;')}"`)
    .join('')

function printPlain({ name, attributes, children }: PlainNode, indent: string): string {
  const inner = children.map((child) => (typeof child === 'string' ? escapeXml(child) : `\n${printPlain(child, `${indent}  `)}${indent}`)) // prettier-ignore
  return inner.length
    ? `${indent}<${name}${print(attributes)}>${inner.join('')}</${name}>\n`
    : `${indent}<${name}${print(attributes)}/>\n`
}

const pairs = (points: readonly (readonly number[])[]): string => points.map(([x, y]) => `${x},${y}`).join(';')

function toElement(
  { shape, flags, extra }: DatasetAnnotation,
  label: DatasetLabel,
  report: (issue: Pick<DatasetIssue, 'level' | 'code' | 'message'>) => void,
): string {
  const { points: isSet, cx, cy, rx, ry, rotation, ...kept } = (extra?.cvat ?? {}) as Attributes & { points?: boolean }
  const base: Attributes = { label: label.name, source: 'manual', occluded: flags?.occluded ? '1' : '0' }
  const element = (name: string, attributes: Attributes, inner = ''): string => {
    const all: Attributes = { ...base, ...attributes, ...(name === 'tag' ? {} : { z_order: '0' }), ...kept }
    if (name === 'tag') delete all.occluded
    const own = { ...(extra?.attributes as Record<string, unknown> | undefined) }
    for (const flag of ['difficult', 'truncated', 'crowd'] as const) if (flags?.[flag]) own[flag] = true
    const children = Object.entries(own).map(([key, value]) => `      <attribute name="${escapeXml(key)}">${escapeXml(String(value))}</attribute>\n`) // prettier-ignore
    const body = children.join('') + inner
    return body ? `    <${name}${print(all)}>\n${body}    </${name}>\n` : `    <${name}${print(all)}/>\n`
  }
  const boxAttributes = ([x1, y1, x2, y2]: readonly number[]): Attributes => ({ xtl: `${x1}`, ytl: `${y1}`, xbr: `${x2}`, ybr: `${y2}` }) // prettier-ignore
  if ('box' in shape && shape.kind !== 'box' && shape.box) report({ level: 'warning', code: 'box-dropped', message: `Boxes stated beside a shape (first: a ${shape.kind} "${label.name}") have no place in CVAT's file and are not written. Export as COCO to keep them.` }) // prettier-ignore
  switch (shape.kind) {
    case 'tag':
      return element('tag', {})
    case 'box':
      return element('box', boxAttributes(shape.box))
    case 'rotated-box': {
      const [x, y, w, h, angle] = shape.rotatedBox
      // CVAT knows 0 to 360 degrees; 0 would make it an upright box.
      const turned = ((angle % 360) + 360) % 360 || 360
      return element('box', { ...boxAttributes([x - w / 2, y - h / 2, x + w / 2, y + h / 2]), rotation: `${turned}` })
    }
    case 'polygon': {
      const ellipse: Attributes | null = cx !== undefined ? { cx, cy, rx, ry, ...(rotation ? { rotation } : {}) } : null
      if (ellipse && shape.rings.length === 1 && pairs(ringOf(ellipse)) === pairs(shape.rings[0])) return element('ellipse', ellipse) // prettier-ignore
      if (shape.rings.length > 1) report({ level: 'warning', code: 'rings-apart', message: `A polygon "${label.name}" of ${shape.rings.length} rings is written as ${shape.rings.length} polygons: CVAT's have one ring.` }) // prettier-ignore
      return shape.rings.map((ring) => element('polygon', { points: pairs(ring) })).join('')
    }
    case 'mask': {
      const mask = printMask(shape.mask)
      if (mask) return element('mask', mask)
      report({ level: 'skipped', code: 'unsupported-shape', message: `An empty mask "${label.name}" has no place in CVAT's file and is not written.` }) // prettier-ignore
      return ''
    }
    case 'keypoints': {
      const names = shape.keypoints.map((_, i) => label.skeleton?.names[i] ?? `point ${i + 1}`)
      const there = shape.keypoints.filter(([, , v]) => v > 0)
      const isPlain = shape.keypoints.every(([, , v], i) => v === (i < there.length ? 2 : 0))
      if (isPlain && there.length && (isSet || (names.length === 1 && names[0] === label.name))) return element('points', { points: pairs(there) }) // prettier-ignore
      const points = shape.keypoints.map(([x, y, v], i) => `      <points${print({ label: names[i], source: 'manual', outside: v === 0 ? '1' : '0', occluded: v === 1 ? '1' : '0', points: `${x},${y}` })}/>\n`) // prettier-ignore
      return element('skeleton', {}, points.join(''))
    }
  }
}
