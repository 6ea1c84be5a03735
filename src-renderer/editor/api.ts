/**
 * What the editor and the panel around it say to each other. The editor draws, hits and edits; it knows no server, no
 * framework and no words of the interface. Coordinates are image pixels (src-shared/domain/geometry.ts) unless a name
 * says `screen`: CSS pixels from the top-left corner of the editor's container.
 */
import type { Annotation, annotationChangeSchema } from '@shared/contract/annotations'
import type { ShapeKind } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import type { Skeleton } from '@shared/domain/skeleton'
import type { z } from 'zod'

export const toolIds = ['select', 'pan', 'box', 'rotated-box', 'polygon', 'brush', 'keypoints', 'point', 'tag'] as const
export type ToolId = (typeof toolIds)[number]

export type EditorAnnotation = Pick<Annotation, 'id' | 'label' | 'shape' | 'flags' | 'hidden' | 'locked' | 'z'> &
  Partial<Pick<Annotation, 'provenance' | 'extra'>>

export interface EditorPrediction {
  /** Own number space; never mixed with annotation ids. */
  id: number
  label: number
  shape: EditorAnnotation['shape']
  /** 0..1 */
  score: number
}

export interface EditorLabel {
  id: number
  name: string
  /** `#rrggbb` */
  color: string
  skeleton: Skeleton | null
  /** Places of the skeleton's points in a unit box, 0..1; without it a standard layout is used. */
  template?: readonly Point[] | null
}

/** One change as `annotations.apply` takes it. */
export type EditChange = z.input<typeof annotationChangeSchema>

/** Words for the history; stable, so that a panel can translate them. */
export type EditReason =
  | 'Draw box'
  | 'Draw rotated box'
  | 'Draw polygon'
  | 'Draw mask'
  | 'Draw keypoints'
  | 'Draw point'
  | 'Add tag'
  | 'Move'
  | 'Resize'
  | 'Rotate'
  | 'Nudge'
  | 'Resize by keys'
  | 'Edit polygon'
  | 'Edit mask'
  | 'Move keypoint'
  | 'Change keypoint visibility'
  | 'Mirror'
  | 'Duplicate'
  | 'Paste'
  | 'Delete'
  | 'Change label'
  | 'Change flags'
  | 'Reorder'
  | 'Lock'
  | 'Hide'
  | 'Accept predictions'

/** A commit that failed: its shapes stay on the canvas, marked, until one of these is called. */
export interface FailedCommit {
  reason: EditReason
  changes: readonly EditChange[]
  error: unknown
  retry(): void
  discard(): void
}

export interface EditorHost {
  /**
   * Stores one finished gesture and answers the id of every change's annotation, in order. A rejection keeps the
   * gesture as a draft and calls `onFailed`.
   */
  commit(reason: EditReason, changes: EditChange[], options: { merge: boolean }): Promise<readonly number[]>
  /** Asks for the label of a new shape near a screen point; null gives the shape up. Only when `settings.label` is null. */
  requestLabel(at: { screen: Point; kind: ShapeKind; box: Box | null }): Promise<number | null>
  onSelection?(ids: readonly number[]): void
  onPredictionSelection?(ids: readonly number[]): void
  onHover?(id: number | null): void
  /** Image pixel under the pointer and, while something is drawn or changed, its size; null outside the image. */
  onCursor?(cursor: { point: Point; size: readonly [width: number, height: number] | null } | null): void
  onTool?(tool: ToolId): void
  onView?(view: { scale: number; minScale: number; maxScale: number }): void
  /** Drawn size of the brush, image pixels. */
  onBrush?(brush: { size: number; erase: boolean }): void
  onSettings?(settings: EditorSettings): void
  onFailed?(failed: FailedCommit): void
  onImage?(state: { sample: number; state: 'loading' | 'coarse' | 'ready' | 'failed'; error?: unknown }): void
  /** Double click or Enter on one annotation: the panel opens its label chooser. */
  onEditLabel?(id: number, screen: Point): void
  /** Right click that no tool took. */
  onContextMenu?(at: { screen: Point; id: number | null }): void
  /** The space key was tapped on the canvas without dragging the view. */
  onSpace?(): void
  /** For screen readers' live region; the panel puts it into words of the window's language. */
  announce?(key: Announcement, values?: Record<string, string | number>): void
}

/** What is told to people who do not see it; `text` is said as it stands (a coordinate, a name). */
export type Announcement =
  | 'text'
  /** name (may be empty), kind, x, y, width, height (absent for what has no place). */
  | 'object'
  | 'deletedOne'
  /** count */
  | 'deleted'
  /** name */
  | 'tag'
  | 'noSkeleton'
  | 'keypointVisible'
  | 'keypointHidden'
  | 'notAdded'
  | 'selectMask'
  /** number, from 1 */
  | 'corner'

/** One file that the browser decodes. */
export interface WholeImage {
  kind: 'image'
  url: string
  /** Shown, stretched, until the image is there. */
  previewUrl?: string
}

/** A pyramid: level 0 has full size, each further level half of the one before (sizes rounded up). */
export interface TileSource {
  kind: 'tiles'
  levels: number
  /** Pixels per tile side; tiles at the right and bottom edge are smaller. */
  tileSize: number
  url(level: number, column: number, row: number): string
  /** Shown, stretched, where there are no tiles yet. */
  previewUrl?: string
}
export type ImageSource = WholeImage | TileSource

export interface EditorImage {
  width: number
  height: number
  source: ImageSource
}

export interface EditorSettings {
  /** Label id of new shapes without asking (default label, single-class mode, a digit key); null asks each time. */
  label: number | null
  /** Boxes are squares (Shift turns it round for one gesture). */
  squares: boolean
  /** After a shape is drawn: stay in its tool, or go back to select. */
  keepTool: boolean
  crosshair: boolean
  loupe: boolean
  /** New corners and moves land on whole pixels. */
  snapPixels: boolean
  /** Corners stick to edges of other boxes within a few screen pixels. */
  snapEdges: boolean
  showNames: boolean
  fillShapes: boolean
  showAnnotations: boolean
  showPredictions: boolean
  /** Labels not shown and not hit. */
  hiddenLabels: ReadonlySet<number>
  /** Predictions below are neither shown nor hit. */
  minScore: number
  /** The view stays as it is when the image changes. */
  keepZoom: boolean
  /** -100..100 */
  brightness: number
  /** -100..100 */
  contrast: number
  /** Stretches each colour channel from its 0.5 to its 99.5 percentile. */
  autoLevels: boolean
  keypointPlacement: 'template' | 'sequence' | 'loop'
  /** Keypoint placed by `loop`. */
  loopKeypoint: number
  showKeypointNames: boolean
  /** Diameter in image pixels. */
  brushSize: number
  brushErase: boolean
  /** Marks the image as reviewed (a green frame). */
  verified: boolean
  /** Colours of the canvas's own marks. */
  theme: 'light' | 'dark'
}

export const defaultSettings: EditorSettings = {
  label: null,
  squares: false,
  keepTool: false,
  crosshair: true,
  loupe: false,
  snapPixels: true,
  snapEdges: false,
  showNames: true,
  fillShapes: true,
  showAnnotations: true,
  showPredictions: true,
  hiddenLabels: new Set(),
  minScore: 0,
  keepZoom: false,
  brightness: 0,
  contrast: 0,
  autoLevels: false,
  keypointPlacement: 'template',
  loopKeypoint: 0,
  showKeypointNames: false,
  brushSize: 24,
  brushErase: false,
  verified: false,
  theme: 'light',
}

export interface Editor {
  readonly tool: ToolId
  readonly settings: EditorSettings
  readonly selection: readonly number[]
  readonly predictionSelection: readonly number[]
  /** What is shown: stored annotations with drafts laid over them. Drafts not yet stored have negative ids. */
  readonly annotations: readonly EditorAnnotation[]
  readonly sample: number | null
  /** A gesture or an unstored draft is open. */
  readonly busy: boolean

  setImage(sample: number | null, image?: EditorImage): void
  /** More of the image can be had now: tiles that were still being made are asked for again. */
  retryImage(): void
  /** Images that are likely next, nearest first; decoded in the background within the memory bound. */
  prefetch(sources: readonly WholeImage[]): void
  /** Stored annotations of the image; selection, drafts and gestures stay. */
  setAnnotations(list: readonly EditorAnnotation[]): void
  setPredictions(list: readonly EditorPrediction[]): void
  setLabels(labels: readonly EditorLabel[]): void
  setSettings(settings: Partial<EditorSettings>): void
  setTool(tool: ToolId): void
  select(ids: readonly number[]): void
  selectAll(): void
  selectNext(step: 1 | -1): void
  selectPredictions(ids: readonly number[]): void
  /** Marks an annotation as pointed at, for lists beside the canvas. */
  hover(id: number | null): void

  zoomTo(target: 'fit' | 'width' | '100' | 'object' | Box): void
  /** About the middle of the view, or about a screen point. */
  zoomBy(factor: number, about?: Point): void
  panBy(screenX: number, screenY: number): void
  /** Selects the next annotation and brings it into view. */
  loopObjects(step: 1 | -1): void
  toScreen(point: Point): Point
  toImage(screen: Point): Point

  /** Deletes the selection; in a tool's gesture, its last step. */
  deleteSelection(): void
  duplicate(): void
  copy(): readonly EditorAnnotation[]
  /** Adds copies to this image, clamped to it, and selects them. */
  paste(shapes: readonly Pick<EditorAnnotation, 'label' | 'shape' | 'flags'>[]): void
  /** Image pixels; consecutive ones become one undo step. */
  nudge(dx: number, dy: number): void
  /** Moves the right and bottom edge. */
  resizeBy(dw: number, dh: number): void
  /** Left-right about the middle of each shape; keypoints swap their flip partners. */
  mirror(): void
  reorder(to: 'front' | 'back' | 'up' | 'down'): void
  setLabel(label: number): void
  setFlags(flags: Partial<EditorAnnotation['flags']>): void
  setLocked(locked: boolean): void
  setHidden(hidden: boolean, ids?: readonly number[]): void
  addTag(label: number): void
  /** Turns predictions into annotations, provenance as given. */
  acceptPredictions(ids: readonly number[], provenance: string): void
  /** Gives up the open gesture, else leaves the drawing tool, else the selection; answers whether anything changed. */
  cancel(): boolean
  /** Ends a multi-click gesture (polygon, keypoint sequence) as it stands. */
  finish(): boolean
  /** Gesture-local keys, for a panel that forwards keys pressed outside the canvas; true when used. */
  handleKey(event: KeyboardEvent): boolean
  /** Resolves when every gesture so far was stored or has failed. */
  settled(): Promise<void>
  focus(): void
  /** Draws now what a frame would draw; for tests and benchmarks. */
  drawNow(): void
  destroy(): void
}

/** `createEditor` of editor.ts: builds the canvas inside the container, which keeps its own size. */
export type CreateEditor = (container: HTMLElement, host: EditorHost) => Editor
