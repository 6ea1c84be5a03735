/** A Pascal VOC file as LabelImg prints it: tabs, no declaration, this order of elements. */
import { escapeXml } from '../../../base/xml'
import type { DatasetAnnotation, DatasetIssue, DatasetItem } from '../../../domain/dataset'
import { shapeBox } from '../../../domain/shape-box'
import { baseName } from '../common/paths'
import type { KeptNode, VocObjectExtra, VocOrigin, VocSampleExtra } from './parse'

/**
 * @param labelName names by label key.
 * @param keepPath writes `path` as it was read: right beside the image it belongs to; an export goes elsewhere, and would
 * only tell others the folders of this machine.
 */
export function printVoc(
  { sample, annotations }: DatasetItem,
  folder: string,
  origin: VocOrigin,
  labelName: (key: string) => string,
  report: (issue: Omit<DatasetIssue, 'file'>) => void,
  keepPath = false,
): string {
  const extra = (sample.extra?.voc ?? {}) as VocSampleExtra
  const lines: string[] = []
  const leaf = (indent: number, name: string, value: string | number) =>
    lines.push(`${'\t'.repeat(indent)}<${name}>${typeof value === 'number' ? value : escapeXml(value)}</${name}>`)
  lines.push(sample.reviewed ? '<annotation verified="yes">' : '<annotation>')
  leaf(1, 'folder', extra.folder ?? folder)
  leaf(1, 'filename', baseName(sample.path))
  if (keepPath && extra.path !== undefined) leaf(1, 'path', extra.path)
  const source = extra.other?.filter((node) => node.name === 'source') ?? []
  if (source.length) source.forEach((node) => printKept(lines, 1, node))
  else lines.push('\t<source>', '\t\t<database>Unknown</database>', '\t</source>')
  lines.push('\t<size>')
  leaf(2, 'width', sample.width ?? 0)
  leaf(2, 'height', sample.height ?? 0)
  leaf(2, 'depth', extra.depth ?? 3)
  lines.push('\t</size>')
  leaf(1, 'segmented', extra.segmented ?? '0')
  for (const node of extra.other ?? []) if (node.name !== 'source') printKept(lines, 1, node)
  for (const annotation of annotations)
    printObject(lines, leaf, annotation, origin, labelName(annotation.label), report)
  lines.push('</annotation>', '')
  return lines.join('\n')
}

function printObject(
  lines: string[],
  leaf: (indent: number, name: string, value: string | number) => void,
  { shape, flags, extra }: DatasetAnnotation,
  origin: VocOrigin,
  name: string,
  report: (issue: Omit<DatasetIssue, 'file'>) => void,
): void {
  const box = shapeBox(shape)
  if (!box) {
    const what = shape.kind === 'tag' ? 'An image tag' : `An empty ${shape.kind}`
    return report({
      level: 'skipped',
      code: 'unsupported-shape',
      message: `${what} "${name}" has no place in Pascal VOC and is not written. Export as COCO to keep it.`,
    })
  }
  if (shape.kind !== 'box' && shape.kind !== 'rotated-box') {
    report({
      level: 'warning',
      code: 'shape-as-box',
      message: `A ${shape.kind} "${name}" is written as its box. Export as COCO to keep the ${shape.kind}.`,
    })
  }
  const kept = (extra?.voc ?? {}) as VocObjectExtra
  lines.push('\t<object>')
  if (shape.kind === 'rotated-box') leaf(2, 'type', 'robndbox')
  leaf(2, 'name', name)
  leaf(2, 'pose', kept.pose ?? 'Unspecified')
  leaf(2, 'truncated', flags?.truncated ? 1 : 0)
  leaf(2, 'difficult', flags?.difficult ? 1 : 0)
  if (flags?.occluded) leaf(2, 'occluded', 1)
  const shift = origin === 'official' ? 1 : 0
  lines.push('\t\t<bndbox>')
  leaf(3, 'xmin', box[0] + shift)
  leaf(3, 'ymin', box[1] + shift)
  leaf(3, 'xmax', box[2])
  leaf(3, 'ymax', box[3])
  lines.push('\t\t</bndbox>')
  if (shape.kind === 'rotated-box') {
    const [cx, cy, w, h, angle] = shape.rotatedBox
    lines.push('\t\t<robndbox>')
    Object.entries({ cx, cy, w, h, angle: (angle * Math.PI) / 180 }).forEach(([key, value]) => leaf(3, key, value))
    lines.push('\t\t</robndbox>')
  }
  for (const node of kept.other ?? []) printKept(lines, 2, node)
  lines.push('\t</object>')
}

function printKept(lines: string[], indent: number, node: KeptNode): void {
  const tabs = '\t'.repeat(indent)
  const attributes = Object.entries(node.attributes ?? {}).map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
  const open = `${tabs}<${node.name}${attributes.join('')}`
  const children = node.children ?? []
  if (!children.length) lines.push(`${open}/>`)
  else if (children.every((child) => typeof child === 'string'))
    lines.push(`${open}>${escapeXml(children.join(''))}</${node.name}>`)
  else {
    lines.push(`${open}>`)
    for (const child of children) {
      if (typeof child === 'string') lines.push(`${tabs}\t${escapeXml(child.trim())}`)
      else printKept(lines, indent + 1, child)
    }
    lines.push(`${tabs}</${node.name}>`)
  }
}
