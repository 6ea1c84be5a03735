/**
 * Paints a mask: a stroke on the selected mask changes it, else it begins a new one. Alt or the right button turns
 * painting into erasing; [ and ] change the size. One stroke is one commit.
 */
import type { Point } from '@shared/domain/geometry'
import type { EditorAnnotation } from '../api'
import { bitmapArea, bitmapFromRuns, emptyBitmap, paintSegment, runsFromBitmap, type Bitmap } from '../geometry/bitmap'
import type { MakeTool, Tool, ToolPointer } from './tool'

export const smallestBrush = 1
export const largestBrush = 1000

interface Stroke {
  /** The mask that is changed; null for a new one. */
  item: EditorAnnotation | null
  bitmap: Bitmap
  last: Point
  value: 0 | 1
}

export const brushTool: MakeTool = (context) => {
  const { scene } = context
  let stroke: Stroke | null = null
  let at: Point | null = null
  let version = 0
  context.setCursor('none')

  const radius = () => scene.settings.brushSize / 2
  const erases = (pointer: ToolPointer) => (pointer.alt || pointer.button === 2) !== scene.settings.brushErase

  function selectedMask(): EditorAnnotation | null {
    const [item, ...more] = scene.selected
    return item && more.length === 0 && item.shape.kind === 'mask' && !item.locked && scene.isShown(item) ? item : null
  }

  function paint(to: Point): void {
    if (!stroke) return
    stroke.bitmap = paintSegment(stroke.bitmap, stroke.last, to, radius(), stroke.value, context.image())
    stroke.last = to
    version++
  }

  function end(): void {
    stroke = null
    context.setEditing([])
    context.redraw()
  }

  const tool: Tool = {
    id: 'brush',
    get busy() {
      return stroke !== null
    },
    pointerDown(pointer) {
      if (stroke || (pointer.button !== 0 && pointer.button !== 2)) return
      const item = selectedMask()
      const value = erases(pointer) ? 0 : 1
      if (!item && value === 0) {
        context.announce('selectMask')
        return
      }
      const bitmap = item?.shape.kind === 'mask' ? bitmapFromRuns(item.shape.mask) : emptyBitmap
      stroke = { item, bitmap, last: pointer.image, value }
      if (item) context.setEditing([item.id])
      paint(pointer.image)
      context.redraw()
    },
    pointerMove(pointer) {
      at = pointer.image
      paint(pointer.image)
      context.redraw()
    },
    pointerUp(pointer) {
      if (!stroke) return
      paint(pointer.image)
      const { item, bitmap } = stroke
      const { width, height } = context.image()
      const empty = bitmapArea(bitmap) === 0
      const shape = { kind: 'mask' as const, mask: runsFromBitmap(bitmap, height, width) }
      end()
      if (!item) {
        if (!empty) context.addShape('Draw mask', shape, pointer.image, { keepTool: true })
      } else if (empty) context.commit('Edit mask', [{ op: 'remove', id: item.id }])
      else if (JSON.stringify(shape) !== JSON.stringify({ kind: 'mask', mask: runsOf(item) })) {
        context.commit('Edit mask', [{ op: 'update', id: item.id, shape }])
      }
    },
    key({ key, mod, alt }) {
      if (mod || alt || (key !== '[' && key !== ']')) return false
      const { brushSize } = scene.settings
      const factor = key === ']' ? 1.25 : 0.8
      const next = Math.round(brushSize * factor)
      const size = next === brushSize ? brushSize + (key === ']' ? 1 : -1) : next
      context.setSettings({ brushSize: Math.min(largestBrush, Math.max(smallestBrush, size)) })
      context.redraw()
      return true
    },
    cancel() {
      const open = stroke !== null
      if (open) end()
      return open
    },
    sceneChanged() {
      if (stroke?.item && !scene.get(stroke.item.id)) end()
    },
    render() {
      const label = stroke?.item?.label ?? context.currentLabel()?.id ?? null
      const erase = stroke ? stroke.value === 0 : scene.settings.brushErase
      return {
        brush: at ? { at, radius: radius(), erase } : undefined,
        bitmap: stroke ? { bitmap: stroke.bitmap, version, label } : undefined,
      }
    },
  }
  return tool
}

const runsOf = (item: EditorAnnotation) => (item.shape.kind === 'mask' ? item.shape.mask : null)
