/** The labels of a CVAT task: their attributes, and skeletons with the SVG that draws their edges. */
import { escapeXml, xmlText, type XmlNode } from '../../../base/xml'
import type { DatasetLabel } from '../../../domain/dataset'
import { flipByName } from '../../../domain/flip-by-name'
import { skeletonFault, type Skeleton } from '../../../domain/skeleton'
import { childrenOf } from './elements'

export interface CvatLabel {
  name: string
  skeleton?: Skeleton
  /** How values of an attribute are typed: checkbox, number, else text. */
  attributes: Map<string, string>
}

const textOf = (node: XmlNode, name: string): string => {
  const child = childrenOf(node, name)[0]
  return child ? xmlText(child) : ''
}

/** Of the task; null: not stated. */
export function lastFrame(meta: XmlNode): number | null {
  const stated = findAll(meta, 'stop_frame').map(xmlText).map(Number).filter(Number.isInteger)
  const sizes = findAll(meta, 'size').map(xmlText).map(Number).filter((size) => Number.isInteger(size) && size > 0) // prettier-ignore
  if (stated.length > 0) return Math.max(...stated)
  return sizes.length > 0 ? Math.max(...sizes) - 1 : null
}

/** All labels below `meta`, wherever the version of the tool puts them; sub-labels become the points of their parent. */
export function readLabels(meta: XmlNode): CvatLabel[] {
  const nodes = findAll(meta, 'labels').flatMap((list) => childrenOf(list, 'label'))
  const labels: CvatLabel[] = []
  const points = new Map<string, string[]>()
  for (const node of nodes) {
    const parent = textOf(node, 'parent')
    if (parent) points.set(parent, [...(points.get(parent) ?? []), textOf(node, 'name')])
  }
  for (const node of nodes) {
    const name = textOf(node, 'name')
    if (!name || textOf(node, 'parent')) continue
    const attributes = new Map<string, string>()
    for (const list of childrenOf(node, 'attributes'))
      for (const one of childrenOf(list, 'attribute')) attributes.set(textOf(one, 'name'), textOf(one, 'input_type'))
    const label: CvatLabel = { name, attributes }
    const names = points.get(name)
    if (names) label.skeleton = readSkeleton(names, textOf(node, 'svg'))
    labels.push(label)
  }
  return labels
}

function findAll(node: XmlNode, name: string): XmlNode[] {
  return childrenOf(node).flatMap((child) => (child.name === name ? [child] : findAll(child, name)))
}

const entities: Record<string, string> = { '&quot;': '"', '&lt;': '<', '&gt;': '>', '&apos;': "'", '&amp;': '&' }
const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`).exec(tag)?.[1].replace(/&\w+;/g, (entity) => entities[entity] ?? entity)

function readSkeleton(names: string[], svg: string): Skeleton {
  const indexOf = new Map<string, number>()
  const layout = names.map((): [number, number] | null => null)
  let nodes = 0
  for (const [tag] of svg.matchAll(/<circle\b[^>]*>/g)) {
    // A node names its label, or stands at the label's place in the list.
    const name = attribute(tag, 'data-label-name')
    const at = name === undefined ? nodes : names.indexOf(name)
    nodes++
    const id = attribute(tag, 'data-node-id') ?? attribute(tag, 'data-element-id')
    if (id !== undefined && at >= 0 && at < names.length) indexOf.set(id, at)
    const [cx, cy] = [Number(attribute(tag, 'cx')), Number(attribute(tag, 'cy'))]
    if (at >= 0 && at < names.length && Number.isFinite(cx) && Number.isFinite(cy)) layout[at] = [cx / 100, cy / 100]
  }
  const edges: [number, number][] = []
  for (const [tag] of svg.matchAll(/<line\b[^>]*>/g)) {
    const [a, b] = ['data-node-from', 'data-node-to'].map((key) => indexOf.get(attribute(tag, key) ?? ''))
    if (a !== undefined && b !== undefined && a !== b) edges.push([a, b])
  }
  const own = /data-tagwright\s*=\s*"([^"]*)"/.exec(svg)?.[1]
  const flip = flipByName(names)
  const skeleton: Skeleton = {
    names,
    edges,
    flip: flip.some((to, from) => to !== from) ? flip : [],
    sigmas: [],
  }
  if (layout.every((place) => place !== null)) skeleton.layout = layout
  if (own !== undefined) {
    try {
      const stated = { ...skeleton, layout: undefined, ...(JSON.parse(own.replaceAll("'", '"')) as object) }
      if (!skeletonFault(stated)) return JSON.parse(JSON.stringify(stated)) as Skeleton
    } catch {
      // Somebody edited the picture: its lines and the names count.
    }
  }
  return skeleton
}

/** @param types of own attributes, by label. */
export function printMeta(
  labels: readonly DatasetLabel[],
  types: ReadonlyMap<string, ReadonlyMap<string, string>>,
): string {
  const lines = ['  <meta>', '    <task>', '      <labels>']
  const leaf = (name: string, value: string) => lines.push(`          <${name}>${escapeXml(value)}</${name}>`)
  for (const { key, name, skeleton } of labels) {
    lines.push('        <label>')
    leaf('name', name)
    leaf('type', skeleton ? 'skeleton' : 'any')
    const attributes = [...(types.get(key) ?? [])]
    if (attributes.length) {
      lines.push('          <attributes>')
      for (const [title, type] of attributes)
        lines.push(`            <attribute><name>${escapeXml(title)}</name><mutable>False</mutable><input_type>${type}</input_type><default_value></default_value><values></values></attribute>`) // prettier-ignore
      lines.push('          </attributes>')
    }
    if (skeleton) leaf('svg', printSvg(skeleton))
    lines.push('        </label>')
    for (const point of skeleton?.names ?? []) {
      lines.push('        <label>')
      leaf('name', point)
      leaf('type', 'points')
      leaf('parent', name)
      lines.push('        </label>')
    }
  }
  lines.push('      </labels>', '    </task>', '  </meta>')
  return lines.join('\n')
}

/** Where nothing says how a skeleton is drawn, its points stand on a circle. */
function printSvg({ names, edges, flip, sigmas, colors, layout }: Skeleton): string {
  const places = names.map((_, i) => {
    const angle = (2 * Math.PI * i) / names.length
    const [x, y] = layout?.[i] ?? [0.5 + 0.4 * Math.sin(angle), 0.5 - 0.4 * Math.cos(angle)]
    return [x * 100, y * 100]
  })
  const lines = edges.map(([a, b]) => `<line x1="${places[a][0]}" y1="${places[a][1]}" x2="${places[b][0]}" y2="${places[b][1]}" data-type="edge" data-node-from="${a + 1}" data-node-to="${b + 1}"></line>`) // prettier-ignore
  const circles = names.map((name, i) => `<circle r="0.75" cx="${places[i][0]}" cy="${places[i][1]}" data-type="element node" data-element-id="${i + 1}" data-node-id="${i + 1}" data-label-name="${escapeXml(name)}"></circle>`) // prettier-ignore
  // Numbers only: what CVAT has no place for.
  const own = JSON.stringify({ flip, sigmas, ...(colors ? { colors } : {}), ...(layout ? { layout } : {}) }).replaceAll('"', "'") // prettier-ignore
  return `${lines.join('')}${circles.join('')}<g data-tagwright="${own}"></g>`
}
