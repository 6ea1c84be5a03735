/**
 * What is on the canvas: the stored annotations with unstored edits laid over them, the predictions, the selection, and
 * an index to find them by place. Knows nothing of drawing or storing.
 */
import type { Flags, Shape } from '@shared/domain/annotation'
import { noFlags } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import {
  defaultSettings,
  type EditChange,
  type EditorAnnotation,
  type EditorLabel,
  type EditorPrediction,
  type EditorSettings,
} from './api'
import { HitIndex, hitTest } from './geometry/hit-test'

type AddChange = Extract<EditChange, { op: 'add' }>

/** From this many differences on, the index is built anew: bulk loading beats single insertions. */
const rebuildAbove = 500

export class Scene {
  settings: EditorSettings = { ...defaultSettings }
  image: { width: number; height: number } | null = null
  sample: number | null = null
  readonly labels = new Map<number, EditorLabel>()
  predictions: readonly EditorPrediction[] = []
  selection: readonly number[] = []
  predictionSelection: readonly number[] = []
  hovered: number | null = null
  hoveredPrediction: number | null = null
  /** Annotations that a gesture shows elsewhere; the passive layer leaves them out. */
  editing: ReadonlySet<number> = new Set()
  /** Finished shapes whose label is being asked for. */
  pending: readonly Shape[] = []
  /** Unstored edits that failed: drawn dashed. */
  failed: ReadonlySet<number> = new Set()
  /** Counts changes of what the passive layer shows. */
  version = 0

  private readonly stored = new Map<number, EditorAnnotation>()
  /** Unstored edits: null takes an annotation away. */
  private readonly overlay = new Map<number, EditorAnnotation | null>()
  private readonly index = new HitIndex()
  private readonly predictionIndex = new HitIndex()
  private readonly predictionsById = new Map<number, EditorPrediction>()
  private sorted: EditorAnnotation[] | null = null

  /** In drawing order. */
  get annotations(): readonly EditorAnnotation[] {
    if (!this.sorted) {
      const all: EditorAnnotation[] = []
      for (const [id, annotation] of this.stored) if (!this.overlay.has(id)) all.push(annotation)
      for (const annotation of this.overlay.values()) if (annotation) all.push(annotation)
      // Drafts have negative ids and were drawn last.
      const order = (id: number) => (id < 0 ? Number.MAX_SAFE_INTEGER + id : id)
      this.sorted = all.sort((a, b) => a.z - b.z || order(a.id) - order(b.id))
    }
    return this.sorted
  }

  get(id: number): EditorAnnotation | undefined {
    const over = this.overlay.get(id)
    return over === undefined ? this.stored.get(id) : (over ?? undefined)
  }

  /** Without unstored edits. */
  getStored(id: number): EditorAnnotation | undefined {
    return this.stored.get(id)
  }

  /** The unstored edit: null takes the annotation away, undefined when there is none. */
  overlayOf(id: number): EditorAnnotation | null | undefined {
    return this.overlay.get(id)
  }

  getPrediction(id: number): EditorPrediction | undefined {
    return this.predictionsById.get(id)
  }

  /** Selected annotations that exist and are shown. */
  get selected(): EditorAnnotation[] {
    return this.selection.map((id) => this.get(id)).filter((item) => item !== undefined)
  }

  isShown(annotation: EditorAnnotation): boolean {
    return !annotation.hidden && this.settings.showAnnotations && !this.settings.hiddenLabels.has(annotation.label)
  }

  isPredictionShown(prediction: EditorPrediction): boolean {
    const { showPredictions, hiddenLabels, minScore } = this.settings
    return showPredictions && prediction.score >= minScore && !hiddenLabels.has(prediction.label)
  }

  /** Shown annotations at an image point, the one to choose first. */
  hit(point: Point, tolerance: number): EditorAnnotation[] {
    return hitTest(this.index, (id) => this.get(id), point, tolerance).filter((item) => this.isShown(item))
  }

  hitPredictions(point: Point, tolerance: number): EditorPrediction[] {
    const get = (id: number) => {
      const item = this.predictionsById.get(id)
      return item && { id, shape: item.shape, z: item.score, item }
    }
    return hitTest(this.predictionIndex, get, point, tolerance)
      .map((found) => found.item)
      .filter((item) => this.isPredictionShown(item))
  }

  /** Shown annotations whose boxes lie wholly inside the area. */
  inside(area: Box): EditorAnnotation[] {
    return this.index
      .search(area)
      .map((id) => this.get(id))
      .filter((item) => item !== undefined)
      .filter((item) => {
        const box = shapeBox(item.shape)
        return (
          this.isShown(item) &&
          box !== null &&
          box[0] >= area[0] &&
          box[1] >= area[1] &&
          box[2] <= area[2] &&
          box[3] <= area[3]
        )
      })
  }

  /** Ids of annotations whose boxes meet the area. */
  near(area: Box): number[] {
    return this.index.search(area)
  }

  /** Replaces the stored annotations; edits on top stay. Unchanged objects keep their identity and their caches. */
  setStored(list: readonly EditorAnnotation[]): void {
    const incoming = new Map(list.map((item) => [item.id, item]))
    const touched: number[] = []
    for (const id of this.stored.keys()) {
      if (!incoming.has(id)) {
        this.stored.delete(id)
        touched.push(id)
      }
    }
    for (const [id, item] of incoming) {
      const old = this.stored.get(id)
      if (old === item) continue
      const sameShape = old !== undefined && isEqual(old.shape, item.shape)
      this.stored.set(id, sameShape ? { ...item, shape: old.shape } : item)
      if (!sameShape) touched.push(id)
    }
    this.reindex(touched)
    this.changed()
  }

  setPredictions(list: readonly EditorPrediction[]): void {
    this.predictions = list
    this.predictionsById.clear()
    for (const item of list) this.predictionsById.set(item.id, item)
    this.predictionIndex.load(boxesOf(list))
    this.changed()
  }

  /** Lays an unstored edit over the stored annotations. */
  overlaySet(id: number, annotation: EditorAnnotation | null): void {
    this.overlay.set(id, annotation)
    this.reindex([id])
    this.changed()
  }

  overlayDrop(id: number): void {
    if (this.overlay.delete(id)) {
      this.reindex([id])
      this.changed()
    }
  }

  /** Takes an edit as stored: what is shown does not change, its id may. */
  store(id: number, annotation: EditorAnnotation | null): void {
    if (annotation) this.stored.set(id, annotation)
    else this.stored.delete(id)
    this.reindex([id])
    this.changed()
  }

  clear(): void {
    this.stored.clear()
    this.overlay.clear()
    this.index.load([])
    this.selection = []
    this.predictionSelection = []
    this.hovered = null
    this.hoveredPrediction = null
    this.editing = new Set()
    this.pending = []
    this.failed = new Set()
    this.setPredictions([])
  }

  changed(): void {
    this.sorted = null
    this.version++
  }

  /** The annotation that an `add` makes. */
  static fromAdd(id: number, change: AddChange): EditorAnnotation {
    return {
      id,
      label: change.label,
      shape: change.shape,
      flags: mergeFlags(noFlags, change.flags ?? {}),
      hidden: change.hidden ?? false,
      locked: change.locked ?? false,
      z: change.z ?? 0,
      provenance: change.provenance ?? null,
      extra: change.extra ?? null,
    }
  }

  /** The annotation after an `update`. */
  static applyUpdate(old: EditorAnnotation, change: Extract<EditChange, { op: 'update' }>): EditorAnnotation {
    return {
      ...old,
      label: change.label ?? old.label,
      shape: change.shape ?? old.shape,
      flags: mergeFlags(old.flags, change.flags ?? {}),
      hidden: change.hidden ?? old.hidden,
      locked: change.locked ?? old.locked,
      z: change.z ?? old.z,
      extra: change.extra === undefined ? old.extra : change.extra,
    }
  }

  private reindex(ids: readonly number[]): void {
    if (ids.length > rebuildAbove) {
      const now: EditorAnnotation[] = []
      for (const [id, item] of this.stored) if (!this.overlay.has(id)) now.push(item)
      for (const item of this.overlay.values()) if (item) now.push(item)
      this.index.load(boxesOf(now))
      return
    }
    for (const id of ids) {
      const item = this.get(id)
      this.index.set(id, item ? shapeBox(item.shape) : null)
    }
  }
}

function* boxesOf(
  list: readonly { id: number; shape: EditorAnnotation['shape'] }[],
): Generator<readonly [number, Box]> {
  for (const { id, shape } of list) {
    const box = shapeBox(shape)
    if (box) yield [id, box]
  }
}

const mergeFlags = (flags: Flags, change: Partial<Flags>): Flags => ({
  difficult: change.difficult ?? flags.difficult,
  truncated: change.truncated ?? flags.truncated,
  occluded: change.occluded ?? flags.occluded,
  crowd: change.crowd ?? flags.crowd,
})

/** Structural equality of plain JSON values. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  )
}
