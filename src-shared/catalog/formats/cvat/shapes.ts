/** One CVAT shape to ours and back. Points are `x,y;x,y`; masks are row runs that start with background, in their box. */
import type { Flags, Shape } from '../../../domain/annotation'
import { runLengths } from '../../../base/run-lengths'
import { xmlText, type XmlNode } from '../../../base/xml'
import type { AttributeValue } from '../../../domain/attribute'
import { maskOfWindow, windowOfMask, type MaskWindow } from '../common/mask-window'
import { ellipseRing } from '../common/point-sets'
import { childrenOf } from './elements'

export type Attributes = Record<string, string>
type Problem = { code: string; problem: string }
const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'problem' in value

/** Attributes of an element that we interpret; the others are kept. */
export const known = new Set(['label', 'occluded', 'outside', 'keyframe', 'frame', 'xtl', 'ytl', 'xbr', 'ybr', 'rotation', 'points', 'cx', 'cy', 'rx', 'ry', 'rle', 'left', 'top', 'width', 'height']) // prettier-ignore
/** What CVAT writes into every shape. */
const usual: Attributes = { source: 'manual', z_order: '0' }

function numbers(node: XmlNode, names: readonly string[]): number[] | Problem {
  const values = names.map((name) => {
    const text = node.attributes[name]
    return text === undefined || text.trim() === '' ? NaN : Number(text)
  })
  const bad = values.findIndex((value) => !Number.isFinite(value))
  if (bad < 0) return values
  const text = node.attributes[names[bad]]
  return {
    code: 'bad-number',
    problem: text === undefined ? `has no ${names[bad]}` : `has ${names[bad]}="${text}", which is no number`,
  }
}

export function readPoints(node: XmlNode): [number, number][] | Problem {
  const points: [number, number][] = []
  for (const pair of (node.attributes.points ?? '').split(';').filter((text) => text.trim() !== '')) {
    const [x, y, ...rest] = pair.split(',').map((text) => (text.trim() === '' ? NaN : Number(text)))
    if (!Number.isFinite(x) || !Number.isFinite(y) || rest.length) return { code: 'bad-points', problem: `has the point "${pair.trim()}"; a point is x,y` } // prettier-ignore
    points.push([x, y])
  }
  return points.length ? points : { code: 'bad-points', problem: 'has no points' }
}

export interface ReadShape {
  shape: Shape
  kept?: Attributes
}

/**
 * null: a kind without an area, kept as it is. @param points names of the label's points, for skeletons and point sets.
 */
export function readCvatShape(
  node: XmlNode,
  size: { width?: number; height?: number },
  points: readonly string[],
): ReadShape | Problem | null {
  switch (node.name) {
    case 'tag':
      return { shape: { kind: 'tag' } }
    case 'box': {
      const corners = numbers(node, ['xtl', 'ytl', 'xbr', 'ybr'])
      if (isProblem(corners)) return corners
      const [a, b, c, d] = corners
      const [x1, y1, x2, y2] = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)]
      const angle = Number(node.attributes.rotation ?? 0)
      if (!Number.isFinite(angle)) return { code: 'bad-number', problem: `has rotation="${node.attributes.rotation}", which is no number` } // prettier-ignore
      if (angle === 0) return { shape: { kind: 'box', box: [x1, y1, x2, y2] } }
      return {
        shape: {
          kind: 'rotated-box',
          rotatedBox: [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, angle === 360 ? 0 : angle],
        },
      }
    }
    case 'polygon': {
      const ring = readPoints(node)
      if (isProblem(ring)) return ring
      if (ring.length < 3) return { code: 'bad-points', problem: `has ${ring.length} points; a polygon has at least 3` }
      return { shape: { kind: 'polygon', rings: [ring] } }
    }
    case 'ellipse': {
      const values = numbers(node, ['cx', 'cy', 'rx', 'ry'])
      if (isProblem(values)) return values
      const { cx, cy, rx, ry, rotation } = node.attributes
      return { shape: { kind: 'polygon', rings: [ringOf(node.attributes)] }, kept: { cx, cy, rx, ry, ...(rotation ? { rotation } : {}) } } // prettier-ignore
    }
    case 'points': {
      const set = readPoints(node)
      if (isProblem(set)) return set
      const keypoints = points.map((_, i): [number, number, 0 | 2] => (set[i] ? [...set[i], 2] : [0, 0, 0]))
      return { shape: { kind: 'keypoints', keypoints } }
    }
    case 'skeleton': {
      const keypoints = points.map((): [number, number, 0 | 1 | 2] => [0, 0, 0])
      for (const child of childrenOf(node, 'points')) {
        const at = points.indexOf((child.attributes.label ?? '').trim())
        if (at < 0) return { code: 'unknown-point', problem: `has a point "${child.attributes.label ?? ''}", which its label does not have` } // prettier-ignore
        if (child.attributes.outside === '1') continue
        const place = readPoints(child)
        if (isProblem(place)) return place
        keypoints[at] = [...place[0], child.attributes.occluded === '1' ? 1 : 2]
      }
      return { shape: { kind: 'keypoints', keypoints } }
    }
    case 'mask':
      return readMask(node, size)
    default:
      return null
  }
}

export const ringOf = ({ cx, cy, rx, ry, rotation }: Attributes): [number, number][] =>
  ellipseRing(Number(cx), Number(cy), Number(rx), Number(ry), Number(rotation ?? 0))

function readMask(node: XmlNode, size: { width?: number; height?: number }): ReadShape | Problem {
  const values = numbers(node, ['left', 'top', 'width', 'height'])
  if (isProblem(values)) return values
  const [left, top, width, height] = values
  if (![left, top, width, height].every(Number.isInteger) || width <= 0 || height <= 0 || width * height > 1 << 28) return { code: 'bad-mask', problem: `states the window ${width} x ${height}` } // prettier-ignore
  if (!size.width || !size.height)
    return { code: 'no-size', problem: 'needs the size of its image, which is not known' }
  const runs = (node.attributes.rle ?? '').split(',').map((text) => (text.trim() === '' ? NaN : Number(text)))
  const total = runs.reduce((sum, run) => sum + (Number.isInteger(run) && run >= 0 ? run : NaN), 0)
  if (total !== width * height) return { code: 'bad-mask', problem: `has runs of ${Number.isNaN(total) ? 'no' : total} pixels for ${width} x ${height}` } // prettier-ignore
  const window: MaskWindow = { left, top, width, height, pixels: new Uint8Array(width * height) }
  let at = 0
  runs.forEach((run, i) => {
    if (i % 2 === 1) window.pixels.fill(1, at, at + run)
    at += run
  })
  return { shape: { kind: 'mask', mask: maskOfWindow(window, size.width, size.height) } }
}

/** null: an empty mask. */
export function printMask(mask: { size: [number, number]; counts: number[] }): Attributes | null {
  const window = windowOfMask(mask)
  if (!window) return null
  const { left, top, width, height, pixels } = window
  return { rle: runLengths(pixels).join(', '), left: `${left}`, top: `${top}`, width: `${width}`, height: `${height}` }
}

/** Flags, typed own attributes, and the attributes of the element that are not interpreted. */
export function readExtras(
  node: XmlNode,
  types: ReadonlyMap<string, string>,
): { flags?: Partial<Flags>; attributes: Record<string, AttributeValue>; kept: Attributes } {
  const attributes: Record<string, AttributeValue> = {}
  const flags: Partial<Flags> = node.attributes.occluded === '1' ? { occluded: true } : {}
  for (const child of childrenOf(node, 'attribute')) {
    const name = (child.attributes.name ?? '').trim()
    const text = xmlText(child)
    const type = types.get(name)
    if (!name) continue
    const flag = name === 'difficult' || name === 'truncated' || name === 'crowd' ? name : null
    if (flag && /^true$/i.test(text)) flags[flag] = true
    else if (type === 'checkbox' && /^(true|false)$/i.test(text)) attributes[name] = /^true$/i.test(text)
    else if (type === 'number' && text !== '' && Number.isFinite(Number(text))) attributes[name] = Number(text)
    else attributes[name] = text
  }
  const kept = Object.fromEntries(Object.entries(node.attributes).filter(([name, value]) => !known.has(name) && usual[name] !== value)) // prettier-ignore
  return { ...(Object.keys(flags).length ? { flags } : {}), attributes, kept }
}
