/**
 * Places poses. `template`: a drawn box is filled with the skeleton's template. `sequence`: a click per keypoint in the
 * skeleton's order, right click for a hidden one. `loop`: one keypoint of the pose at hand, image after image. Where the
 * label is not clear it is asked for when the button is released, as after any other shape.
 * Keypoints of the selected pose can be dragged and toggled without leaving the tool; Alt-drag moves the whole pose.
 */
import type { Shape } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { EditorAnnotation, EditorLabel } from '../api'
import { boxBetween } from '../geometry/resize'
import { roundBox } from '../geometry/snap'
import { emptyPose, fitTemplate, templateOf } from '../geometry/skeleton'
import { keypointDrag, moveDrag, type Drag } from './drags'
import { keypointAt, rotateInstance, toggleVisibility } from './keypoint-edit'
import { movedFar, type MakeTool, type Preview, type ToolPointer } from './tool'

type Pose = Extract<Shape, { kind: 'keypoints' }>
type State =
  | { at: 'idle' }
  | {
      at: 'box'
      label: EditorLabel | null
      fixed: Point
      moving: Point
      pressed: Point
      waiting: boolean
      square: boolean
    }
  | { at: 'sequence'; label: EditorLabel; points: Pose['keypoints'] }
  | { at: 'drag'; drag: Drag; now: ReadonlyMap<number, Shape>; down: Point; moved: boolean }
  /** Pressed before the label is known. */
  | { at: 'pressed'; pointer: ToolPointer }
  /** The label is being asked for: of the poses to come, or of this box. */
  | { at: 'asking'; box: Box | null }

export const keypointsTool: MakeTool = (context) => {
  const { scene } = context
  let state: State = { at: 'idle' }
  let moving: Point | null = null
  let chosen: EditorLabel | null = null
  context.setCursor('crosshair')

  const count = (label: EditorLabel) => label.skeleton?.names.length ?? 0
  const posed = (label: EditorLabel | null | undefined) => (label && count(label) > 0 ? label : null)

  /** The label to draw with, when it is clear without asking. */
  function readyLabel(): EditorLabel | null {
    const known = posed(context.currentLabel()) ?? posed(chosen && scene.labels.get(chosen.id))
    if (known) return known
    const all = [...scene.labels.values()].filter(posed)
    return all.length === 1 ? all[0] : null
  }

  /** Hands the label that a person chooses on, unless the gesture or the image was left meanwhile. */
  async function askLabel(pointer: ToolPointer, box: Box | null, then: (label: EditorLabel) => void): Promise<void> {
    const asking: State = { at: 'asking', box }
    const { sample } = scene
    state = asking
    context.redraw()
    const id = await context.host.requestLabel({ screen: pointer.screen, kind: 'keypoints', box })
    if (state !== asking) return
    reset()
    const label = id === null ? null : scene.labels.get(id)
    if (!label || sample !== scene.sample) return
    if (posed(label)) then(label)
    else context.announce('noSkeleton', { name: label.name })
  }
  const ask = (...given: Parameters<typeof askLabel>) =>
    askLabel(...given).catch((error: unknown) =>
      context.host.onFailed?.({ reason: 'Draw keypoints', changes: [], error, retry() {}, discard() {} }),
    )

  function reset(): void {
    state = { at: 'idle' }
    context.setEditing([])
    context.redraw()
  }

  function boxOf(s: Extract<State, { at: 'box' }>): Box {
    return roundBox(boxBetween(s.fixed, s.moving, { square: s.square, image: context.image() }), false)
  }

  /** Grips of the selected pose. */
  function grip(pointer: ToolPointer): Drag | null {
    const [item] = scene.selected
    if (!item || scene.selected.length > 1 || item.shape.kind !== 'keypoints' || item.locked) return null
    const index = keypointAt(context, item, pointer.image)
    if (pointer.alt) return moveDrag(context, [item], pointer.image)
    return index === null ? null : keypointDrag(context, item, index)
  }

  function addPose(label: EditorLabel, keypoints: Pose['keypoints'], at: Point): void {
    if (keypoints.every(([, , v]) => v === 0)) return
    context.addShape('Draw keypoints', { kind: 'keypoints', keypoints }, at, { label: label.id })
  }

  function addTemplate(label: EditorLabel, box: Box): void {
    const template = templateOf(label.skeleton!, label.template)
    addPose(label, fitTemplate(template, box).keypoints, [box[2], box[3]])
  }

  function completeSequence(): boolean {
    if (state.at !== 'sequence' || state.points.length === 0) return false
    const { label, points } = state
    const rest = emptyPose(count(label) - points.length).keypoints
    const last = points.at(-1)!
    reset()
    addPose(label, [...points, ...rest], [last[0], last[1]])
    return true
  }

  function pressSequence(pointer: ToolPointer, label: EditorLabel): void {
    const [x, y] = context.place(pointer.image, { whole: false })
    const points = state.at === 'sequence' ? state.points : []
    const next: Pose['keypoints'][number] = [x, y, pointer.button === 2 ? 1 : 2]
    advance(label, [...points, next])
  }

  function advance(label: EditorLabel, points: Pose['keypoints']): void {
    state = { at: 'sequence', label, points }
    if (points.length === count(label)) completeSequence()
    else context.announce('text', { text: label.skeleton!.names[points.length] })
    context.redraw()
  }

  /** The pose that the looped keypoint belongs to: the selected one, the one at the place, or the only one. */
  function loopTarget(label: EditorLabel, pointer: ToolPointer): EditorAnnotation | null {
    const poses = scene.annotations.filter(
      (item) => item.shape.kind === 'keypoints' && item.label === label.id && !item.locked && scene.isShown(item),
    )
    const [selected] = poses.filter((item) => scene.selection.includes(item.id))
    if (selected) return selected
    const at = poses.filter((item) => {
      const box = shapeBox(item.shape)
      const [x, y] = pointer.image
      return box && x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]
    })
    return at[0] ?? (poses.length === 1 ? poses[0] : null)
  }

  function pressLoop(pointer: ToolPointer, label: EditorLabel): void {
    const index = Math.min(scene.settings.loopKeypoint, count(label) - 1)
    const [x, y] = context.place(pointer.image, { whole: false })
    const point: Pose['keypoints'][number] = [x, y, pointer.button === 2 ? 1 : 2]
    const item = loopTarget(label, pointer)
    if (item?.shape.kind === 'keypoints') {
      const keypoints = [...item.shape.keypoints]
      keypoints[index] = point
      context.commit('Move keypoint', [{ op: 'update', id: item.id, shape: { ...item.shape, keypoints } }])
      return
    }
    const { keypoints } = emptyPose(count(label))
    keypoints[index] = point
    context.addShape('Draw keypoints', { kind: 'keypoints', keypoints }, [x, y], { label: label.id, keepTool: true })
  }

  function press(pointer: ToolPointer, label: EditorLabel | null): void {
    const mode = scene.settings.keypointPlacement
    if (mode !== 'template' && !label) {
      if (pointer.button === 0) state = { at: 'pressed', pointer }
      return
    }
    if (mode === 'loop') return pressLoop(pointer, label!)
    if (mode === 'sequence') return pressSequence(pointer, label!)
    if (pointer.button !== 0) return
    const fixed = context.place(pointer.image)
    state = { at: 'box', label, fixed, moving: fixed, pressed: pointer.screen, waiting: false, square: pointer.shift }
    context.redraw()
  }

  return {
    id: 'keypoints',
    get busy() {
      return state.at !== 'idle' && state.at !== 'asking'
    },
    pointerDown(pointer) {
      if (pointer.button === 1 || state.at === 'asking') return
      if (state.at === 'box') {
        state = { ...state, moving: context.place(pointer.image) }
        return
      }
      if (state.at === 'sequence') return pressSequence(pointer, state.label)
      if (pointer.button === 2 && toggleVisibility(context, pointer.image)) return
      const drag = pointer.button === 0 ? grip(pointer) : null
      if (drag) {
        state = { at: 'drag', drag, now: new Map(), down: pointer.screen, moved: false }
        return
      }
      press(pointer, readyLabel())
    },
    pointerMove(pointer) {
      moving = context.place(pointer.image, { whole: false })
      if (state.at === 'box') state = { ...state, moving: context.place(pointer.image), square: pointer.shift }
      else if (state.at === 'drag' && (state.moved || movedFar(state.down, pointer.screen))) {
        if (!state.moved) context.setEditing(state.drag.ids)
        state = { ...state, moved: true, now: state.drag.update(pointer) }
      } else if (state.at === 'idle') context.setCursor(grip(pointer) ? 'move' : 'crosshair')
      context.redraw()
    },
    pointerUp(pointer) {
      const ended = state
      if (ended.at === 'drag' && pointer.button === 0) {
        reset()
        const changes = [...ended.now].map(([id, shape]) => ({ op: 'update' as const, id, shape }))
        if (changes.length > 0) context.commit(ended.drag.reason, changes)
      } else if (ended.at === 'box' && pointer.button === 0) {
        if (!ended.waiting && !movedFar(ended.pressed, pointer.screen)) {
          state = { ...ended, waiting: true }
          return
        }
        const box = boxOf({ ...ended, moving: context.place(pointer.image) })
        reset()
        if (box[2] <= box[0] || box[3] <= box[1]) return
        if (ended.label) addTemplate(ended.label, box)
        else void ask(pointer, box, (label) => addTemplate(label, box))
      } else if (ended.at === 'pressed' && pointer.button === 0) {
        void ask(pointer, null, (label) => {
          chosen = label
          press(ended.pointer, label)
        })
      }
    },
    wheel: (pointer, deltaY) => pointer.alt && rotateInstance(context, deltaY),
    key({ key, mod, alt }) {
      // Tab leaves a keypoint out while placing one after another.
      if (key !== 'Tab' || mod || alt || state.at !== 'sequence') return false
      advance(state.label, [...state.points, [0, 0, 0]])
      return true
    },
    finish: completeSequence,
    stepBack() {
      if (state.at !== 'sequence') return false
      const points = state.points.slice(0, -1)
      if (points.length === 0) reset()
      else state = { ...state, points }
      context.redraw()
      return true
    },
    cancel() {
      const open = state.at !== 'idle'
      if (open) reset()
      return open
    },
    sceneChanged() {
      if (state.at === 'drag' && state.drag.ids.some((id) => !scene.get(id))) reset()
    },
    render(): Preview {
      const label = readyLabel()
      if (state.at === 'drag') {
        return { shapes: [...state.now].map(([id, shape]) => ({ id, shape, label: scene.get(id)?.label ?? null })) }
      }
      if (state.at === 'box') {
        const box = boxOf(state)
        const { label } = state
        const shape = label && fitTemplate(templateOf(label.skeleton!, label.template), box)
        return {
          crosshair: true,
          band: box,
          measured: box,
          shapes: label && shape ? [{ id: null, shape, label: label.id }] : [],
        }
      }
      if (state.at === 'asking' && state.box) return { band: state.box }
      if (state.at === 'sequence') {
        const rest = emptyPose(count(state.label) - state.points.length).keypoints
        return {
          crosshair: true,
          hint: state.label.skeleton!.names[state.points.length],
          shapes: [
            { id: null, shape: { kind: 'keypoints', keypoints: [...state.points, ...rest] }, label: state.label.id },
          ],
        }
      }
      const names = label?.skeleton?.names ?? []
      const mode = scene.settings.keypointPlacement
      const next = mode === 'loop' ? names[scene.settings.loopKeypoint] : mode === 'sequence' ? names[0] : undefined
      return { crosshair: true, hint: moving ? next : undefined }
    },
  }
}
