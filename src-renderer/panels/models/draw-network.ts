/** Paints the part of a network that is in view. */
import type { Network } from '@shared/contract/models'
import type { DrawnGraph } from './group-nodes'
import type { Layout, Place } from './layout-graph'
import type { NodeState } from './node-states'

export const boxSize = { width: 156, height: 40 }

export interface Camera {
  /** Point of the drawing in the middle of the window. */
  x: number
  y: number
  /** Window pixels by pixels of the drawing. */
  zoom: number
}

export interface Scene {
  network: Network
  drawn: DrawnGraph
  layout: Layout
  states: readonly NodeState[]
  features: ReadonlySet<string>
  /** Indexes of boxes. */
  selected: number | null
  /** Boxes that the search found; null: nothing is searched. */
  found: ReadonlySet<number> | null
  /** How many nodes a part has, in words. */
  countText: (count: number) => string
}

export interface Paint {
  surface: string
  border: string
  line: string
  text: string
  faint: string
  accent: string
  success: string
  danger: string
  warning: string
  group: string
  font: string
}

/** The tokens of the theme, read where the canvas is. */
export function readPaint(element: HTMLElement): Paint {
  const style = getComputedStyle(element)
  const token = (name: string) => style.getPropertyValue(name).trim()
  return {
    surface: token('--surface'),
    border: token('--border-strong'),
    line: token('--border-strong'),
    text: token('--text'),
    faint: token('--text-3'),
    accent: token('--accent'),
    success: token('--success'),
    danger: token('--danger'),
    warning: token('--warning'),
    group: token('--hover'),
    font: token('--font'),
  }
}

/** What a box says: a node its kind and output, a part its name and how much is in it. */
export function boxText({ network, drawn, countText }: Scene, i: number): [first: string, second: string] {
  const { node, scope, members } = drawn.boxes[i]
  if (node === null) {
    const parts = scope.split('/')
    // A number or a short word says too little alone.
    const [above, last] = [parts.at(-2), parts.at(-1)!]
    return [above !== undefined && last.length < 6 ? `${above}.${last}` : last, countText(members.length)]
  }
  const { op, outputs } = network.nodes[node]
  return [op, outputs[0]?.shape?.join(' × ') ?? outputs[0]?.name ?? '']
}

/** A part has the most telling state of its nodes. */
const telling: readonly NodeState[] = ['blocked', 'trained', 'frozen', 'passes', 'fixed', 'out']
export function boxState({ drawn, states }: Pick<Scene, 'drawn' | 'states'>, i: number): NodeState {
  const inside = new Set(drawn.boxes[i].members.map((node) => states[node]))
  return telling.find((state) => inside.has(state)) ?? 'fixed'
}

export function drawNetwork(
  context: CanvasRenderingContext2D,
  scene: Scene,
  {
    camera,
    width,
    height,
    ratio,
    paint,
  }: { camera: Camera; width: number; height: number; ratio: number; paint: Paint },
): void {
  const { layout, drawn } = scene
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.translate(width / 2, height / 2)
  context.scale(camera.zoom, camera.zoom)
  context.translate(-camera.x, -camera.y)
  const view = {
    left: camera.x - width / 2 / camera.zoom - boxSize.width,
    right: camera.x + width / 2 / camera.zoom + boxSize.width,
    top: camera.y - height / 2 / camera.zoom - boxSize.height,
    bottom: camera.y + height / 2 / camera.zoom + boxSize.height,
  }
  const outside = (points: readonly Place[]) => {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
    for (const { x, y } of points) {
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
    return right < view.left || left > view.right || bottom < view.top || top > view.bottom
  }
  // Lines keep a width that can be seen, however far away the drawing is.
  const thin = Math.max(1, 0.6 / camera.zoom)
  for (const [i, route] of layout.routes.entries()) {
    if (outside(route)) continue
    const [from, to] = drawn.edges[i]
    const isNear = scene.selected === from || scene.selected === to
    context.strokeStyle = isNear ? paint.accent : paint.line
    context.lineWidth = isNear ? 2 * thin : thin
    context.globalAlpha = isNear ? 1 : boxState(scene, to) === 'out' ? 0.3 : 0.75
    drawRoute(context, route)
  }
  const small = camera.zoom < 0.3
  context.textBaseline = 'middle'
  drawn.boxes.forEach((box, i) => {
    const place = layout.places[i]
    if (place.x < view.left || place.x > view.right || place.y < view.top || place.y > view.bottom) return
    drawBox(context, scene, i, { place, paint, small, thin })
  })
  context.globalAlpha = 1
}

function drawRoute(context: CanvasRenderingContext2D, route: readonly Place[]): void {
  const half = boxSize.height / 2
  const down = route.at(-1)!.y >= route[0].y ? 1 : -1
  context.beginPath()
  context.moveTo(route[0].x, route[0].y + down * half)
  for (let i = 1; i < route.length; i++) {
    const [a, b] = [route[i - 1], route[i]]
    const fromY = i === 1 ? a.y + down * half : a.y
    const toY = i === route.length - 1 ? b.y - down * half : b.y
    const middle = (fromY + toY) / 2
    context.bezierCurveTo(a.x, middle, b.x, middle, b.x, toY)
  }
  context.stroke()
}

interface BoxLook {
  place: Place
  paint: Paint
  small: boolean
  thin: number
}

function drawBox(
  context: CanvasRenderingContext2D,
  scene: Scene,
  i: number,
  { place, paint, small, thin }: BoxLook,
): void {
  const { drawn, network, features, selected, found } = scene
  const box = drawn.boxes[i]
  const state = boxState(scene, i)
  const [left, top] = [place.x - boxSize.width / 2, place.y - boxSize.height / 2]
  const isFeature = box.members.some((node) => network.nodes[node].outputs.some(({ name }) => features.has(name)))
  const isFound = found?.has(i) ?? false
  context.globalAlpha = (state === 'out' && !isFound && selected !== i) || (found && !isFound) ? 0.4 : 1
  if (box.node === null) {
    // A pile: there is more under it.
    context.fillStyle = paint.group
    context.strokeStyle = paint.border
    context.lineWidth = thin
    round(context, left + 4, top + 4)
    context.fill()
    context.stroke()
  }
  context.fillStyle = box.node === null ? paint.group : paint.surface
  context.strokeStyle = selected === i || isFound ? paint.accent : state === 'blocked' ? paint.danger : paint.border
  context.lineWidth = selected === i ? Math.max(2.5, 2 * thin) : thin
  round(context, left, top)
  context.fill()
  context.stroke()
  if (isFeature) {
    context.strokeStyle = paint.success
    context.lineWidth = Math.max(2, 1.5 * thin)
    round(context, left - 4, top - 4, 8)
    context.stroke()
  }
  drawMark(context, state, { x: left + 12, y: place.y }, paint)
  if (small) return
  const [first, second] = boxText(scene, i)
  const room = boxSize.width - 34
  context.fillStyle = paint.text
  context.font = `600 12px ${paint.font}`
  context.fillText(fitText(context, first, room), left + 24, place.y - 8)
  context.fillStyle = paint.faint
  context.font = `11px ${paint.font}`
  context.fillText(fitText(context, second, room), left + 24, place.y + 9)
}

/** The state by form as well as by colour. */
function drawMark(context: CanvasRenderingContext2D, state: NodeState, { x, y }: Place, paint: Paint): void {
  context.lineWidth = 1.75
  context.beginPath()
  switch (state) {
    case 'trained':
      context.fillStyle = paint.accent
      context.arc(x, y, 5, 0, 2 * Math.PI)
      context.fill()
      break
    case 'passes':
      context.strokeStyle = paint.accent
      context.arc(x, y, 4, 0, 2 * Math.PI)
      context.stroke()
      break
    case 'frozen':
      context.fillStyle = paint.faint
      context.fillRect(x - 4.5, y - 4.5, 9, 9)
      break
    case 'fixed':
      context.strokeStyle = paint.faint
      context.strokeRect(x - 4, y - 4, 8, 8)
      break
    case 'blocked':
      context.fillStyle = paint.danger
      context.moveTo(x, y - 6)
      context.lineTo(x + 6, y + 5)
      context.lineTo(x - 6, y + 5)
      context.fill()
      break
    case 'out':
      context.strokeStyle = paint.faint
      context.moveTo(x - 4, y - 4)
      context.lineTo(x + 4, y + 4)
      context.moveTo(x + 4, y - 4)
      context.lineTo(x - 4, y + 4)
      context.stroke()
  }
}

function round(context: CanvasRenderingContext2D, left: number, top: number, more = 0): void {
  context.beginPath()
  context.roundRect(left, top, boxSize.width + more, boxSize.height + more, 6 + more / 2)
}

const fitted = new Map<string, string>()
/** Text that ends with an ellipsis where it does not fit; measuring is slow, so that answers are kept. */
/** So many characters, the larger half of them from the end: paths begin alike and differ there. A word keeps its start. */
const cutMiddle = (text: string, kept: number): string => {
  const end = text.includes('.') ? Math.ceil(kept / 2) : 0
  return `${text.slice(0, kept - end)}…${end > 0 ? text.slice(-end) : ''}`
}

function fitText(context: CanvasRenderingContext2D, text: string, room: number): string {
  const key = `${context.font}|${room}|${text}`
  const known = fitted.get(key)
  if (known !== undefined) return known
  let shown = text
  if (context.measureText(text).width > room) {
    let [low, high] = [0, text.length]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (context.measureText(cutMiddle(text, middle)).width <= room) low = middle
      else high = middle - 1
    }
    shown = cutMiddle(text, low)
  }
  if (fitted.size > 20_000) fitted.clear()
  fitted.set(key, shown)
  return shown
}
