/**
 * The frames of a CVAT track that its file leaves out: between two keyframes a shape moves evenly, and after the last one it
 * stays, until it is marked as outside ("Track mode" and "XML annotation format", CVAT's documentation). Exports of CVAT list
 * every frame; files of other programs list keyframes only.
 */
import type { XmlNode } from '../../../base/xml'

export interface FilledTrack {
  /** By rising frame; interpolated ones have `keyframe="0"`. */
  shapes: XmlNode[]
  /** Outlines of different numbers of points, which stay as they are until the next keyframe. */
  held: number
}

const coordinates = new Set(['xtl', 'ytl', 'xbr', 'ybr', 'cx', 'cy', 'rx', 'ry'])
const frameOf = (shape: XmlNode): number => Number(shape.attributes.frame ?? NaN)

/**
 * @param shapes with frames; those without a usable one are given back as they are, at the end.
 * @param frames numbers of frames that are there, ascending. @param last of the task; null: not stated, nothing is held on.
 */
export function fillTrack(shapes: readonly XmlNode[], frames: readonly number[], last: number | null): FilledTrack {
  const usable = shapes.filter((shape) => Number.isInteger(frameOf(shape)))
  const rest = shapes.filter((shape) => !Number.isInteger(frameOf(shape)))
  const sorted = usable.toSorted((a, b) => frameOf(a) - frameOf(b))
  const made: XmlNode[] = []
  let held = 0
  sorted.forEach((shape, i) => {
    made.push(shape)
    const next = sorted.at(i + 1)
    const from = frameOf(shape)
    const to = next ? frameOf(next) : last === null ? from : last + 1
    if (shape.attributes.outside === '1') return
    for (const frame of frames) {
      if (frame <= from || frame >= to) continue
      const between = next ? blend(shape, next, (frame - from) / (to - from)) : null
      if (next && !between) held++
      made.push(at(between ?? shape, frame))
    }
  })
  return { shapes: [...made, ...rest], held }
}

const at = (shape: XmlNode, frame: number): XmlNode => ({
  ...shape,
  attributes: { ...shape.attributes, frame: String(frame), keyframe: '0' },
})

/** null: the two have no points that correspond. All but the place is that of the first. */
function blend(a: XmlNode, b: XmlNode, share: number): XmlNode | null {
  if (a.name !== b.name || a.attributes.rle !== undefined) return null
  const attributes = { ...a.attributes }
  for (const name of coordinates) {
    const [from, to] = [Number(a.attributes[name] ?? NaN), Number(b.attributes[name] ?? NaN)]
    if (Number.isFinite(from) && Number.isFinite(to)) attributes[name] = String(from + share * (to - from))
  }
  const [from, to] = [a, b].map(({ attributes: { rotation } }) => Number(rotation ?? 0))
  // The shorter way round.
  if (from !== to) attributes.rotation = String((from + share * ((((to - from) % 360) + 540) % 360 - 180) + 360) % 360) // prettier-ignore
  if (a.attributes.points !== undefined) {
    const points = blendPoints(a.attributes.points, b.attributes.points ?? '', share)
    if (points === null) return null
    attributes.points = points
  }
  const children = a.children.map((child) => {
    if (typeof child === 'string' || child.name !== 'points') return child
    const other = b.children.find((one): one is XmlNode => typeof one !== 'string' && one.name === 'points' && one.attributes.label === child.attributes.label) // prettier-ignore
    return (other && blend(child, other, share)) ?? child
  })
  return { ...a, attributes, children }
}

function blendPoints(a: string, b: string, share: number): string | null {
  const [from, to] = [a, b].map((text) => text.split(';').filter((pair) => pair.trim() !== '').map((pair) => pair.split(',').map(Number))) // prettier-ignore
  if (from.length !== to.length) return null
  return from.map((point, i) => point.map((value, k) => value + share * (to[i][k] - value)).join(',')).join(';')
}
