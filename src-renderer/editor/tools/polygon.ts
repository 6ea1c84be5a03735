/**
 * Draws a polygon: a click per corner, or a stroke with the button held. It closes with a click on the first corner, a
 * double click or Enter; Backspace takes the last corner back.
 */
import type { Point } from '@shared/domain/geometry'
import { distance } from '../geometry/distance'
import { tidyRing } from '../geometry/polygon-edit'
import { movedFar, type MakeTool, type ToolPointer } from './tool'

/** A click this near the first corner closes, screen pixels. */
const closeReach = 10
/** A stroke sets a corner each time it has gone this far, screen pixels. */
const strokeStep = 10

export const polygonTool: MakeTool = (context) => {
  let points: Point[] = []
  let moving: Point | null = null
  /** Where the button went down, while it is held. */
  let pressed: { screen: Point; stroke: boolean } | null = null
  context.setCursor('crosshair')

  const closes = (at: Point) => points.length >= 3 && distance(points[0], at) <= context.reach(closeReach)

  /** Shift keeps the new side on a multiple of 45 degrees. */
  function target(pointer: ToolPointer): Point {
    const to = context.place(pointer.image)
    const last = points.at(-1)
    if (!pointer.shift || !last) return to
    const step = Math.PI / 4
    const angle = Math.round(Math.atan2(to[1] - last[1], to[0] - last[0]) / step) * step
    const along = (to[0] - last[0]) * Math.cos(angle) + (to[1] - last[1]) * Math.sin(angle)
    return context.place([last[0] + along * Math.cos(angle), last[1] + along * Math.sin(angle)])
  }

  function reset(): void {
    points = []
    moving = null
    pressed = null
    context.redraw()
  }

  function complete(): boolean {
    const ring = tidyRing(points)
    if (!ring) return false
    const last = points.at(-1)!
    reset()
    context.addShape('Draw polygon', { kind: 'polygon', rings: [ring] }, last)
    return true
  }

  return {
    id: 'polygon',
    get busy() {
      return points.length > 0
    },
    pointerDown(pointer) {
      if (pointer.button !== 0) return
      const at = target(pointer)
      if (closes(at)) {
        complete()
        return
      }
      points = [...points, at]
      moving = at
      pressed = { screen: pointer.screen, stroke: false }
      context.announce('corner', { number: points.length })
      context.redraw()
    },
    pointerMove(pointer) {
      if (points.length === 0) return
      moving = target(pointer)
      if (pressed && (pressed.stroke || movedFar(pressed.screen, pointer.screen))) {
        pressed = { ...pressed, stroke: true }
        if (distance(points.at(-1)!, moving) >= context.reach(strokeStep)) points = [...points, moving]
      }
      context.redraw()
    },
    pointerUp(pointer) {
      if (pointer.button !== 0 || !pressed) return
      const { stroke } = pressed
      pressed = null
      // A stroke that comes back to its start is a finished outline.
      if (stroke && closes(context.place(pointer.image))) complete()
    },
    doubleClick: () => void complete(),
    finish: complete,
    stepBack() {
      if (points.length === 0) return false
      points = points.slice(0, -1)
      context.redraw()
      return true
    },
    cancel() {
      const open = points.length > 0
      if (open) reset()
      return open
    },
    render() {
      const closing = moving !== null && closes(moving) && !pressed?.stroke
      return {
        crosshair: true,
        path: points.length === 0 ? [] : moving ? [...points, closing ? points[0] : moving] : points,
        vertices: points.map((at, i) => ({
          at,
          mark: i === 0 && points.length >= 3 ? 'close' : i === points.length - 1 ? 'active' : 'plain',
        })),
      }
    },
  }
}
