/** What a person does to the selection without the pointer: each command is one commit. */
import type { Shape } from '@shared/domain/annotation'
import { shapeBox } from '@shared/domain/shape-box'
import type { EditChange, Editor, EditorAnnotation, EditorHost, EditReason } from './api'
import { bitmapFromRuns, runsFromBitmap } from './geometry/bitmap'
import { boundsOf, bringInside, clampMove } from './geometry/clamp'
import { mirrorShape, translateShape } from './geometry/transform-shape'
import type { Scene } from './scene'

export interface CommandContext {
  readonly scene: Scene
  commit(
    reason: EditReason,
    changes: EditChange[],
    options?: { merge?: boolean; shown?: (ids: readonly number[]) => void },
  ): void
  select(ids: readonly number[]): void
  selectPredictions(ids: readonly number[]): void
  announce: NonNullable<EditorHost['announce']>
}

type Commands = Pick<
  Editor,
  | 'deleteSelection'
  | 'duplicate'
  | 'copy'
  | 'paste'
  | 'nudge'
  | 'resizeBy'
  | 'mirror'
  | 'reorder'
  | 'setLabel'
  | 'setFlags'
  | 'setLocked'
  | 'setHidden'
  | 'addTag'
  | 'acceptPredictions'
>

/** A copy lies beside its original by this way, image pixels. */
const copyOffset = 10

export function createCommands({ scene, commit, select, selectPredictions, announce }: CommandContext): Commands {
  const unlocked = () => scene.selected.filter((item) => !item.locked)

  function update(
    reason: EditReason,
    items: readonly EditorAnnotation[],
    change: (item: EditorAnnotation) => Omit<Extract<EditChange, { op: 'update' }>, 'op' | 'id'> | null,
    merge = false,
  ): void {
    const changes = items.flatMap((item): EditChange[] => {
      const fields = change(item)
      return fields ? [{ op: 'update', id: item.id, ...fields }] : []
    })
    if (changes.length > 0) commit(reason, changes, { merge })
  }

  function add(reason: EditReason, items: readonly Pick<EditorAnnotation, 'label' | 'shape' | 'flags'>[]): void {
    const { sample } = scene
    if (sample === null || items.length === 0) return
    const top = topZ(scene)
    const changes = items.map(({ label, shape, flags }): EditChange => ({
      op: 'add',
      sample,
      label,
      shape,
      flags,
      z: top,
    }))
    commit(reason, changes, { shown: select })
  }

  const image = () => scene.image ?? { width: 1, height: 1 }

  return {
    deleteSelection() {
      const items = unlocked()
      if (items.length === 0) return
      select([])
      commit(
        'Delete',
        items.map(({ id }): EditChange => ({ op: 'remove', id })),
      )
      if (items.length === 1) announce('deletedOne', describe(scene, items[0]))
      else announce('deleted', { count: items.length })
    },
    duplicate() {
      const items = scene.selected
      const bounds = boundsOf(items.map((item) => item.shape))
      const [dx, dy] = bounds ? offsetInside(bounds) : [0, 0]
      add(
        'Duplicate',
        items.map((item) => ({ ...item, shape: translateShape(item.shape, dx, dy) })),
      )
    },
    copy: () => scene.selected.map((item) => structuredClone(item)),
    paste(shapes) {
      add(
        'Paste',
        shapes.map((item) => ({ ...item, shape: fitMask(bringInside(structuredClone(item.shape), image()), image()) })),
      )
    },
    nudge(dx, dy) {
      const items = unlocked().filter((item) => item.shape.kind !== 'tag')
      const bounds = boundsOf(items.map((item) => item.shape))
      if (!bounds) return
      const [x, y] = clampMove(bounds, dx, dy, image())
      if (x !== 0 || y !== 0) update('Nudge', items, ({ shape }) => ({ shape: translateShape(shape, x, y) }), true)
    },
    resizeBy(dw, dh) {
      update(
        'Resize by keys',
        unlocked(),
        ({ shape }) => {
          const resized = growShape(shape, dw, dh, image())
          return resized && { shape: resized }
        },
        true,
      )
    },
    mirror() {
      update('Mirror', unlocked(), ({ shape, label }) =>
        shape.kind === 'tag' ? null : { shape: mirrorShape(shape, scene.labels.get(label)?.skeleton?.flip) },
      )
    },
    reorder(to) {
      const chosen = new Set(scene.selection)
      const rest = scene.annotations.filter((item) => !chosen.has(item.id))
      const moved = scene.annotations.filter((item) => chosen.has(item.id))
      if (moved.length === 0) return
      if (to === 'front' || to === 'back') {
        const start = to === 'front' ? topZ(scene) + 1 : bottomZ(scene) - moved.length
        commit(
          'Reorder',
          moved.map(({ id }, i): EditChange => ({ op: 'update', id, z: start + i })),
        )
        return
      }
      const first = scene.annotations.findIndex((item) => chosen.has(item.id))
      const place = to === 'up' ? Math.min(rest.length, first + 1) : Math.max(0, first - 1)
      const order = [...rest.slice(0, place), ...moved, ...rest.slice(place)]
      const base = bottomZ(scene)
      const changes = order.flatMap((item, i): EditChange[] =>
        item.z === base + i ? [] : [{ op: 'update', id: item.id, z: base + i }],
      )
      if (changes.length > 0) commit('Reorder', changes)
    },
    setLabel(label) {
      update('Change label', unlocked(), (item) => (item.label === label ? null : { label }))
    },
    setFlags(flags) {
      update('Change flags', unlocked(), () => ({ flags }))
    },
    setLocked(locked) {
      update('Lock', scene.selected, (item) => (item.locked === locked ? null : { locked }))
    },
    setHidden(hidden, ids = scene.selection) {
      const items = ids.map((id) => scene.get(id)).filter((item) => item !== undefined)
      update('Hide', items, (item) => (item.hidden === hidden ? null : { hidden }))
    },
    addTag(label) {
      const { sample } = scene
      if (sample === null) return
      if (scene.annotations.some((item) => item.shape.kind === 'tag' && item.label === label)) return
      commit('Add tag', [{ op: 'add', sample, label, shape: { kind: 'tag' } }])
      announce('tag', { name: scene.labels.get(label)?.name ?? String(label) })
    },
    acceptPredictions(ids, provenance) {
      const { sample } = scene
      const items = ids.map((id) => scene.getPrediction(id)).filter((item) => item !== undefined)
      if (sample === null || items.length === 0) return
      selectPredictions([])
      commit(
        'Accept predictions',
        items.map(({ label, shape, score }): EditChange => ({
          op: 'add',
          sample,
          label,
          shape: structuredClone(shape),
          provenance,
          extra: { score },
          z: topZ(scene),
        })),
        { shown: select },
      )
    },
  }

  /** Down and right, or the other way where there is no room. */
  function offsetInside(bounds: readonly [number, number, number, number]): readonly [number, number] {
    const { width, height } = image()
    const along = (low: number, high: number, side: number) =>
      high + copyOffset <= side ? copyOffset : low >= copyOffset ? -copyOffset : 0
    return [along(bounds[0], bounds[2], width), along(bounds[1], bounds[3], height)]
  }
}

/** Higher than everything drawn so far. */
export const topZ = (scene: Scene): number => scene.annotations.reduce((top, item) => Math.max(top, item.z), 0)

const bottomZ = (scene: Scene): number => scene.annotations.reduce((low, item) => Math.min(low, item.z), topZ(scene))

/** Moves the right and bottom edge, at least one pixel from the others and inside the image. */
function growShape(shape: Shape, dw: number, dh: number, image: { width: number; height: number }): Shape | null {
  if (shape.kind === 'rotated-box') {
    const [cx, cy, w, h, angle] = shape.rotatedBox
    return { kind: 'rotated-box', rotatedBox: [cx, cy, Math.max(1, w + dw), Math.max(1, h + dh), angle] }
  }
  if (shape.kind !== 'box') return null
  const [x1, y1, x2, y2] = shape.box
  const edge = (low: number, high: number, delta: number, side: number) =>
    Math.max(Math.min(low + 1, side), Math.min(side, high + delta))
  const box: [number, number, number, number] = [x1, y1, edge(x1, x2, dw, image.width), edge(y1, y2, dh, image.height)]
  return box[2] === x2 && box[3] === y2 ? null : { kind: 'box', box }
}

/** A mask from an image of another size keeps its pixels and takes this image's size. */
function fitMask(shape: Shape, { width, height }: { width: number; height: number }): Shape {
  if (shape.kind !== 'mask' || (shape.mask.size[0] === height && shape.mask.size[1] === width)) return shape
  return { kind: 'mask', mask: runsFromBitmap(bitmapFromRuns(shape.mask), height, width) }
}

/** For the screen reader: label (empty without one), kind, and place and size in whole pixels where it has any. */
export function describe(scene: Scene, item: EditorAnnotation): Record<string, string | number> {
  const named = { name: scene.labels.get(item.label)?.name ?? '', kind: item.shape.kind }
  const box = shapeBox(item.shape)
  if (!box) return named
  const [x1, y1, x2, y2] = box
  return { ...named, x: Math.round(x1), y: Math.round(y1), width: Math.round(x2 - x1), height: Math.round(y2 - y1) }
}
