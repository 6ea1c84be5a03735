/**
 * The regions of a Label Studio task, from its export (JSON) and from JSON-MIN, as one list. Coordinates are percent of the
 * image; a rectangle turns about its top-left corner, degrees clockwise.
 */
import type { Shape } from '../../../domain/annotation'
import { toNumber, toPoints, type Row } from '../common/json-list'
import { ellipseRing } from '../common/point-sets'
import { readBrush } from './brush'

export interface Region {
  id: string | null
  parent: string | null
  type: string
  /** Class names; several: the region is one object of each. */
  labels: string[]
  value: Row
  /** As the task states it. */
  width?: number
  height?: number
  /** The row, where it can be written again. */
  row: Row
}

const labelKeys = ['rectanglelabels', 'polygonlabels', 'keypointlabels', 'brushlabels', 'ellipselabels', 'labels', 'choices'] // prettier-ignore
const shapeTypes: Record<string, string> = { rectangle: 'rectanglelabels', polygon: 'polygonlabels', keypoint: 'keypointlabels', brush: 'brushlabels', ellipse: 'ellipselabels' } // prettier-ignore
/** Fields of JSON-MIN's tasks that are no regions. */
const minFields = new Set(['id', 'annotator', 'annotation_id', 'created_at', 'updated_at', 'lead_time'])

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : typeof value === 'string' ? [value] : []).flatMap((one) => (typeof one === 'string' && one.trim() ? [one.trim()] : [])) // prettier-ignore

/** The image's path or address in a task; null: none. */
export function imageOf(task: Row): string | null {
  const data = (task.data && typeof task.data === 'object' ? task.data : task) as Row
  const keys = ['image', 'img', 'image_url', ...Object.keys(data)]
  for (const key of keys) {
    const value = data[key]
    if (typeof value === 'string' && /\.(jpe?g|png|bmp|webp|tiff?|gif|avif|heic)(\?|$)/i.test(decodeURI(value))) return value // prettier-ignore
  }
  return null
}

/** `%20` and its like; what is no such text stays as it is. */
export function decodeURI(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => {
    const bytes = codes
      .slice(1)
      .split('%')
      .map((code) => parseInt(code, 16))
    let plain = ''
    // Path characters beyond ASCII are UTF-8.
    for (let i = 0; i < bytes.length;) {
      const lead = bytes[i]
      const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0
      const tail = bytes.slice(i + 1, i + length)
      if (length === 0 || tail.length !== length - 1 || tail.some((byte) => (byte & 0xc0) !== 0x80)) return codes
      const first = length === 1 ? lead : lead & (0xff >> (length + 1))
      plain += String.fromCodePoint(tail.reduce((point, byte) => point * 64 + (byte & 0x3f), first))
      i += length
    }
    return plain
  })
}

/** File names to look for, best first: Label Studio puts eight hex digits before the name of an uploaded file. */
export function imageNames(address: string): string[] {
  const local = /[?&]d=([^&]+)/.exec(address)?.[1]
  const path = decodeURI(local ?? address.replace(/^[a-z]+:\/\/[^/]*\//i, '').replace(/[?#].*$/, '')).replace(
    /^\/+/,
    '',
  )
  const bare = path.replace(/^data\/upload\/(\d+\/)?/, '').replace(/^data\/(local-files|media)\//, '')
  const short = bare.replace(/(^|\/)[0-9a-f]{8}-(?=[^/]+$)/, '$1')
  return [...new Set([bare, short])]
}

/** The last annotation that was not cancelled counts, as a person left it; the number of others is told. */
export function regionsOf(task: Row): { regions: Region[]; unused: number } {
  if (task.data && typeof task.data === 'object') {
    const all = (Array.isArray(task.annotations) ? task.annotations : Array.isArray(task.completions) ? task.completions : []) as Row[] // prettier-ignore
    const kept = all.filter((one) => one && typeof one === 'object' && one.was_cancelled !== true)
    const last = kept.at(-1)
    const rows = (Array.isArray(last?.result) ? last.result : []).filter((row): row is Row => row !== null && typeof row === 'object') // prettier-ignore
    return { regions: joinRegions(rows), unused: Math.max(0, kept.length - 1) }
  }
  const regions: Region[] = []
  for (const [key, value] of Object.entries(task)) {
    if (minFields.has(key) || (typeof value === 'string' && value === imageOf(task))) continue
    if (Array.isArray(value) && value.some((one) => one && typeof one === 'object')) {
      for (const one of value as Row[]) {
        const type = labelKeys.find((name) => one?.[name] !== undefined)
        if (type) regions.push({ id: null, parent: null, type, labels: texts(one[type]), value: one, ...sizeOf(one), row: one }) // prettier-ignore
      }
    } else {
      // A single choice is a text, several are an object with a list.
      const names = texts(value && typeof value === 'object' ? (value as Row).choices : value)
      if (names.length && key !== 'image') regions.push({ id: null, parent: null, type: 'choices', labels: names, value: {}, row: {} }) // prettier-ignore
    }
  }
  return { regions, unused: 0 }
}

const sizeOf = (row: Row): { width?: number; height?: number } => {
  const [width, height] = [toNumber(row.original_width), toNumber(row.original_height)]
  return width !== undefined && height !== undefined && width > 0 && height > 0 ? { width, height } : {}
}

/** A region may come in two rows of one id: its shape, and its labels. */
function joinRegions(rows: readonly Row[]): Region[] {
  const regions: Region[] = []
  const byId = new Map<string, Region>()
  for (const row of rows) {
    const value = (row.value ?? {}) as Row
    const stated = String(row.type ?? '')
    const type = shapeTypes[stated] ?? stated
    const names = labelKeys.flatMap((key) => texts(value[key]))
    const id = typeof row.id === 'string' ? row.id : null
    const there = id === null ? undefined : byId.get(id)
    if (there && (stated === 'labels' || type === there.type)) {
      for (const name of names) if (!there.labels.includes(name)) there.labels.push(name)
      continue
    }
    const hasShape = toNumber(value.x) !== undefined || value.points !== undefined || value.rle !== undefined
    const guessed = type !== 'labels' || !hasShape ? type : value.points !== undefined ? 'polygonlabels' : value.rle !== undefined ? 'brushlabels' : value.radiusX !== undefined ? 'ellipselabels' : value.height !== undefined ? 'rectanglelabels' : 'keypointlabels' // prettier-ignore
    const region: Region = { id, parent: typeof row.parentID === 'string' ? row.parentID : null, type: guessed, labels: names, value, ...sizeOf(row), row } // prettier-ignore
    if (id !== null) byId.set(id, region)
    regions.push(region)
  }
  return regions
}

/** The shape in pixels; a reason; null: a kind that is kept as it is. */
export function shapeOf({ type, value }: Region, width: number, height: number): { shape: Shape; kept?: Row } | { problem: string } | null {
  const [x, y] = [toNumber(value.x), toNumber(value.y)]
  const px = (percent: number) => (percent * width) / 100
  const py = (percent: number) => (percent * height) / 100
  switch (type) {
    case 'rectanglelabels': {
      const [w, h] = [toNumber(value.width), toNumber(value.height)]
      if (x === undefined || y === undefined || w === undefined || h === undefined) return { problem: 'has no x, y, width and height' } // prettier-ignore
      const angle = toNumber(value.rotation) ?? 0
      if (angle === 0) return { shape: { kind: 'box', box: [px(x), py(y), px(x) + px(w), py(y) + py(h)] } }
      const [c, s] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]
      const [dx, dy] = [px(w) / 2, py(h) / 2]
      return { shape: { kind: 'rotated-box', rotatedBox: [px(x) + dx * c - dy * s, py(y) + dx * s + dy * c, px(w), py(h), angle === 360 ? 0 : angle] } } // prettier-ignore
    }
    case 'polygonlabels': {
      const points = toPoints(value.points)
      if (!points || points.length < 3) return { problem: 'has no list of at least three points' }
      return { shape: { kind: 'polygon', rings: [points.map(([a, b]) => [px(a), py(b)])] } }
    }
    case 'ellipselabels': {
      const [rx, ry] = [toNumber(value.radiusX), toNumber(value.radiusY)]
      if (x === undefined || y === undefined || rx === undefined || ry === undefined) return { problem: 'has no x, y, radiusX and radiusY' } // prettier-ignore
      return { shape: { kind: 'polygon', rings: [ellipseRing(px(x), py(y), px(rx), py(ry), toNumber(value.rotation) ?? 0)] }, kept: { ellipse: value } } // prettier-ignore
    }
    case 'brushlabels': {
      const read = readBrush(value.rle, width, height)
      return 'problem' in read ? read : { shape: { kind: 'mask', mask: read.mask } }
    }
    case 'keypointlabels':
      if (x === undefined || y === undefined) return { problem: 'has no x and y' }
      return { shape: { kind: 'keypoints', keypoints: [[px(x), py(y), 2]] } }
    default:
      return null
  }
} // prettier-ignore
