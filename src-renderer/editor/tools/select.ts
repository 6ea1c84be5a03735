/** Selects, moves, resizes, turns, edits corners and keypoints; pans on empty ground. */
import type { Shape } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { EditorAnnotation } from '../api'
import { handleCursor, hitHandle, layoutHandles, type Handle } from '../geometry/handles'
import { cycleHit, hitPolygonPart } from '../geometry/hit-test'
import { deleteVertex } from '../geometry/polygon-edit'
import { handleDrag, keypointDrag, moveDrag, polygonDrag, type Drag } from './drags'
import { keypointAt, rotateInstance, toggleVisibility } from './keypoint-edit'
import { hitTolerance, movedFar, type MakeTool, type Preview, type ToolPointer } from './tool'

type State =
  | { at: 'idle' }
  /** Down, not yet moved: a click, or the start of a drag. */
  | { at: 'pressed'; down: ToolPointer; drag: Drag | null; click: () => void }
  | { at: 'dragging'; drag: Drag; now: ReadonlyMap<number, Shape> }
  | { at: 'band'; from: Point; to: Point; base: readonly number[] }
  | { at: 'panning'; last: Point }

export const selectTool: MakeTool = (context) => {
  const { scene } = context
  let state: State = { at: 'idle' }
  /** Where a corner would be put in on a press. */
  let ghost: Point | null = null
  let lastPointer: ToolPointer | null = null
  context.setCursor('default')

  const tolerance = () => context.reach(hitTolerance)

  /** The one selected annotation that can be edited in place. */
  function single(): EditorAnnotation | null {
    const [item, ...more] = scene.selected
    return item && more.length === 0 && !item.locked && scene.isShown(item) ? item : null
  }

  function handles(shapeNow?: Shape): Handle[] {
    const item = single()
    const shape = shapeNow ?? item?.shape
    if (!shape) return []
    if (shape.kind === 'rotated-box') return layoutHandles(shape.rotatedBox, context.view())
    if (shape.kind === 'box') return layoutHandles(shape.box, context.view())
    if (shape.kind !== 'mask' && (shape.kind !== 'keypoints' || shape.keypoints.length < 2)) return []
    const box = shape.kind === 'mask' ? shapeBox(shape) : poseFrame(shape)
    return box ? layoutHandles(box, context.view()) : []
  }

  /** The frame of a pose stands off from its points, so that handles and points do not cover each other. */
  function poseFrame(shape: Shape): Box | null {
    const box = shapeBox(shape)
    const gap = context.reach(14)
    return box && [box[0] - gap, box[1] - gap, box[2] + gap, box[3] + gap]
  }

  /** What a press at this place would drag on the selected annotation itself. */
  function grip(pointer: ToolPointer): { drag: Drag | null; cursor: string; ghost: Point | null } | null {
    const item = single()
    if (!item) return null
    const keypoint = keypointAt(context, item, pointer.image)
    if (keypoint !== null && !pointer.alt) {
      return { drag: keypointDrag(context, item, keypoint), cursor: 'move', ghost: null }
    }
    const handle = hitHandle(handles(), pointer.screen)
    if (handle) {
      const angle = item.shape.kind === 'rotated-box' ? item.shape.rotatedBox[4] : 0
      return {
        drag: handleDrag(context, item, handle.id, pointer.image),
        cursor: handleCursor(handle.id, angle),
        ghost: null,
      }
    }
    if (item.shape.kind === 'polygon' && !pointer.alt) {
      const part = hitPolygonPart(item.shape.rings, pointer.image, tolerance())
      if (part) {
        return {
          drag: polygonDrag(context, item, part),
          cursor: part.part === 'edge' ? 'copy' : 'move',
          ghost: part.part === 'edge' ? part.point : null,
        }
      }
    }
    return null
  }

  function press(pointer: ToolPointer): void {
    const held = grip(pointer)
    if (held) {
      state = { at: 'pressed', down: pointer, drag: held.drag, click: () => clickGrip(pointer) }
      return
    }
    const hits = scene.hit(pointer.image, tolerance())
    const toggle = pointer.shift || pointer.mod
    if (hits.length === 0) {
      const predictions = scene.hitPredictions(pointer.image, tolerance())
      if (predictions.length > 0) {
        const next = pointer.alt ? cycleHit(predictions, scene.predictionSelection[0] ?? null) : predictions[0]
        state = { at: 'pressed', down: pointer, drag: null, click: () => context.selectPredictions([next!.id]) }
        return
      }
      state = toggle
        ? { at: 'band', from: pointer.image, to: pointer.image, base: scene.selection }
        : { at: 'pressed', down: pointer, drag: null, click: () => context.select([]) }
      return
    }
    const chosenHit = hits.find((hit) => scene.selection.includes(hit.id))
    if (toggle) {
      const id = (chosenHit ?? hits[0]).id
      const rest = scene.selection.filter((other) => other !== id)
      const drag = moveDrag(context, scene.selected, pointer.image)
      state = {
        at: 'pressed',
        down: pointer,
        drag: chosenHit ? drag : null,
        click: () => context.select(chosenHit ? rest : [...scene.selection, id]),
      }
      return
    }
    // A selected shape keeps the pointer, so that one under a smaller neighbour can still be dragged.
    if (!chosenHit) context.select([hits[0].id])
    const only = scene.selection.length === 1 ? scene.selection[0] : null
    state = {
      at: 'pressed',
      down: pointer,
      drag: moveDrag(context, scene.selected, pointer.image),
      click: () => {
        if (pointer.alt) context.select([cycleHit(hits, chosenHit ? only : null)!.id])
        else if (chosenHit) context.select([hits[0].id])
      },
    }
  }

  /** Ctrl-click takes a corner out. */
  function clickGrip(pointer: ToolPointer): void {
    if (pointer.mod) removeVertex(pointer)
    else if (pointer.alt) cycle(pointer)
  }

  function cycle(pointer: ToolPointer): boolean {
    const hits = scene.hit(pointer.image, tolerance())
    if (hits.length < 2) return false
    const only = scene.selection.length === 1 ? scene.selection[0] : null
    context.select([cycleHit(hits, only)!.id])
    return true
  }

  function removeVertex(pointer: ToolPointer): boolean {
    const item = single()
    if (item?.shape.kind !== 'polygon') return false
    const part = hitPolygonPart(item.shape.rings, pointer.image, tolerance())
    if (part?.part !== 'vertex') return false
    const rings = deleteVertex(item.shape.rings, part.ring, part.index)
    if (rings) context.commit('Edit polygon', [{ op: 'update', id: item.id, shape: { kind: 'polygon', rings } }])
    return true
  }

  function pressRight(pointer: ToolPointer): void {
    if (toggleVisibility(context, pointer.image) || removeVertex(pointer)) return
    const hits = scene.hit(pointer.image, tolerance())
    const chosen = hits.find((hit) => scene.selection.includes(hit.id)) ?? hits[0] ?? null
    if (chosen && !scene.selection.includes(chosen.id)) context.select([chosen.id])
    context.host.onContextMenu?.({ screen: pointer.screen, id: chosen?.id ?? null })
  }

  function hover(pointer: ToolPointer): void {
    const held = grip(pointer)
    const [hit] = held ? [] : scene.hit(pointer.image, tolerance())
    const prediction = held || hit ? null : (scene.hitPredictions(pointer.image, tolerance())[0]?.id ?? null)
    const selected = single()?.id ?? null
    const id = held ? selected : (hit?.id ?? null)
    const changed =
      id !== scene.hovered || prediction !== scene.hoveredPrediction || (held?.ghost ?? null) !== null || ghost !== null
    ghost = held?.ghost ?? null
    if (id !== scene.hovered) {
      scene.hovered = id
      context.host.onHover?.(id)
    }
    scene.hoveredPrediction = prediction
    context.setCursor(held?.cursor ?? (hit && !hit.locked && scene.selection.includes(hit.id) ? 'move' : 'default'))
    if (changed) context.redraw()
  }

  function reset(): void {
    state = { at: 'idle' }
    context.setEditing([])
    context.redraw()
  }

  return {
    id: 'select',
    get busy() {
      return state.at === 'dragging' || state.at === 'band'
    },
    pointerDown(pointer) {
      lastPointer = pointer
      if (state.at !== 'idle') return
      if (pointer.button === 0) press(pointer)
      else if (pointer.button === 2) pressRight(pointer)
    },
    pointerMove(pointer) {
      lastPointer = pointer
      if (state.at === 'idle') return hover(pointer)
      if (state.at === 'pressed' && movedFar(state.down.screen, pointer.screen)) {
        const { drag, down } = state
        if (drag) {
          state = { at: 'dragging', drag, now: drag.update(pointer) }
          ghost = null
          context.setEditing(drag.ids)
          if (drag.cursor) context.setCursor(drag.cursor)
        } else if (scene.hit(down.image, tolerance()).length === 0) {
          state = { at: 'panning', last: down.screen }
          context.setCursor('grabbing')
        }
      }
      if (state.at === 'dragging') state = { ...state, now: state.drag.update(pointer) }
      else if (state.at === 'band') {
        state = { ...state, to: pointer.image }
        const band = bandBox(state.from, state.to)
        const ids = scene.inside(band).map((item) => item.id)
        context.select([...new Set([...state.base, ...ids])])
      } else if (state.at === 'panning') {
        context.panBy(pointer.screen[0] - state.last[0], pointer.screen[1] - state.last[1])
        state = { at: 'panning', last: pointer.screen }
      }
      context.redraw()
    },
    pointerUp(pointer) {
      lastPointer = pointer
      if (pointer.button !== 0) return
      const ended = state
      if (ended.at === 'idle') return
      reset()
      if (ended.at === 'pressed') ended.click()
      else if (ended.at === 'dragging') {
        const changes = ended.drag.ids.flatMap((id) => {
          const shape = ended.now.get(id)
          return shape && !isSame(shape, scene.get(id)?.shape) ? [{ op: 'update' as const, id, shape }] : []
        })
        if (changes.length > 0) context.commit(ended.drag.reason, changes)
      }
      hover(pointer)
    },
    doubleClick(pointer) {
      const item = single()
      if (item && scene.hit(pointer.image, tolerance()).some((hit) => hit.id === item.id)) {
        context.host.onEditLabel?.(item.id, pointer.screen)
      }
    },
    wheel(pointer, deltaY) {
      return pointer.alt && rotateInstance(context, deltaY)
    },
    key({ key }) {
      return key === 'Tab' && lastPointer !== null && state.at === 'idle' && cycle(lastPointer)
    },
    cancel() {
      const open = state.at === 'dragging' || state.at === 'band'
      if (state.at === 'band') context.select(state.base)
      if (state.at !== 'idle') reset()
      return open
    },
    sceneChanged() {
      // An annotation that is gone cannot be dragged on.
      if (state.at === 'dragging' && state.drag.ids.some((id) => !scene.get(id))) reset()
    },
    render(): Preview {
      if (state.at === 'band') return { band: bandBox(state.from, state.to) }
      const dragging = state.at === 'dragging' ? state : null
      const shapes = dragging
        ? [...dragging.now].map(([id, shape]) => ({ id, shape, label: scene.get(id)?.label ?? null }))
        : []
      const item = single()
      const shape = item ? (dragging?.now.get(item.id) ?? item.shape) : null
      const vertices: NonNullable<Preview['vertices']>[number][] = []
      if (shape?.kind === 'polygon') {
        for (const ring of shape.rings) for (const at of ring) vertices.push({ at, mark: 'plain' })
        if (ghost) vertices.push({ at: ghost, mark: 'ghost' })
      }
      const measured = dragging && shapes.length === 1 ? shapeBox(shapes[0].shape) : null
      return { shapes, handles: shape ? handles(shape) : [], vertices, measured }
    },
  }
}

const bandBox = (a: Point, b: Point): Box => [
  Math.min(a[0], b[0]),
  Math.min(a[1], b[1]),
  Math.max(a[0], b[0]),
  Math.max(a[1], b[1]),
]

const isSame = (a: Shape, b: Shape | undefined): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
