/** What tools may ask of the editor. */
import type { Shape } from '@shared/domain/annotation'
import type { Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { EditorAnnotation, EditorHost, EditReason } from './api'
import { topZ } from './commands'
import type { Commits } from './commits'
import { clampPoint } from './geometry/clamp'
import { roundPoint, snapLines, snapPoint } from './geometry/snap'
import type { View } from './geometry/view'
import type { Scene } from './scene'
import type { ToolContext } from './tools/tool'

/** Edges are sticky within this way, screen pixels. */
const snapReach = 6

type Given = Pick<
  ToolContext,
  | 'scene'
  | 'host'
  | 'view'
  | 'select'
  | 'selectPredictions'
  | 'setTool'
  | 'setSettings'
  | 'panBy'
  | 'setCursor'
  | 'redraw'
> & {
  host: EditorHost
  scene: Scene
  commits: Commits
  redrawShapes(): void
  toScreen(point: Point): Point
}

export function createToolContext({ commits, redrawShapes, toScreen, ...given }: Given): ToolContext {
  const { scene, host } = given
  const image = () => scene.image ?? { width: 1, height: 1 }
  const view = (): View => given.view()
  const reach = (screenPixels: number) => screenPixels / view().scale

  /** The label without asking; undefined when the person is to be asked. */
  const knownLabel = (): number | undefined => {
    const { label } = scene.settings
    return label !== null && scene.labels.has(label) ? label : undefined
  }

  async function addShape(
    reason: EditReason,
    shape: Shape,
    at: Point,
    { label: fixedLabel, keepTool = false }: { label?: number; keepTool?: boolean } = {},
  ): Promise<void> {
    const { sample } = scene
    if (sample === null) return
    const label = fixedLabel ?? knownLabel() ?? (await askLabel(shape, at))
    if (label === null) return host.announce?.('notAdded')
    const isTag = (item: EditorAnnotation) => item.shape.kind === 'tag' && item.label === label
    if (shape.kind === 'tag' && sample === scene.sample && scene.annotations.some(isTag)) return
    // The image may have changed while the label was asked for: the shape belongs to the one it was drawn on.
    void commits.commit(reason, [{ op: 'add', sample, label, shape, z: sample === scene.sample ? topZ(scene) : 0 }], {
      sample,
      shown: (ids) => {
        given.select(ids)
        if (!keepTool && !scene.settings.keepTool) given.setTool('select')
      },
    })
  }

  async function askLabel(shape: Shape, at: Point): Promise<number | null> {
    scene.pending = [...scene.pending, shape]
    given.redraw()
    try {
      return await host.requestLabel({ screen: toScreen(at), kind: shape.kind, box: shapeBox(shape) })
    } finally {
      scene.pending = scene.pending.filter((other) => other !== shape)
      given.redraw()
    }
  }

  return {
    ...given,
    image,
    view,
    reach,
    currentLabel: () => scene.labels.get(scene.settings.label ?? -1) ?? null,
    place(point, { exclude, whole = scene.settings.snapPixels } = {}) {
      const inside = clampPoint(point, image())
      if (!scene.settings.snapEdges) return roundPoint(inside, whole)
      const tolerance = reach(snapReach)
      const [x, y] = inside
      const near = scene
        .near([x - tolerance, -Infinity, x + tolerance, Infinity])
        .concat(scene.near([-Infinity, y - tolerance, Infinity, y + tolerance]))
      const boxes = near.flatMap((id) => {
        const item = exclude?.has(id) ? undefined : scene.get(id)
        const box = item && scene.isShown(item) ? shapeBox(item.shape) : null
        return box ? [box] : []
      })
      const lines = snapLines([...boxes, [0, 0, image().width, image().height]])
      const snapped = snapPoint(inside, lines, tolerance)
      const rounded = roundPoint(inside, whole)
      // An edge that was met keeps its exact place, whole or not.
      return [snapped[0] === x ? rounded[0] : snapped[0], snapped[1] === y ? rounded[1] : snapped[1]]
    },
    commit: (reason, changes, options) => void commits.commit(reason, changes, options),
    addShape: (reason, shape, at, options) => {
      addShape(reason, shape, at, options).catch((error: unknown) => {
        host.onFailed?.({ reason, changes: [], error, retry: () => {}, discard: () => {} })
      })
    },
    setEditing(ids) {
      if (ids.length === 0 && scene.editing.size === 0) return
      scene.editing = new Set(ids)
      scene.changed()
      redrawShapes()
    },
    announce: (key, values) => host.announce?.(key, values),
  }
}
