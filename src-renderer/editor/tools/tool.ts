/**
 * A tool turns pointer and key events into at most one commit per gesture. Tools know neither the DOM nor drawing: they
 * answer `render()` with what is to be seen. A tool is made anew each time it is chosen.
 */
import type { Shape } from '@shared/domain/annotation'
import type { Box, Point } from '@shared/domain/geometry'
import type { EditChange, EditorHost, EditorLabel, EditReason, ToolId } from '../api'
import type { Bitmap } from '../geometry/bitmap'
import type { Handle } from '../geometry/handles'
import type { Size, View } from '../geometry/view'
import type { Scene } from '../scene'

export interface ToolPointer {
  /** Image pixels, neither clamped nor rounded. */
  readonly image: Point
  readonly screen: Point
  /** As in DOM events: 0 left, 1 middle, 2 right. */
  readonly button: number
  readonly shift: boolean
  readonly alt: boolean
  /** Ctrl or Cmd. */
  readonly mod: boolean
}

export interface ToolKey {
  readonly key: string
  readonly shift: boolean
  readonly alt: boolean
  readonly mod: boolean
}

/** What a tool wants seen on top of the stored shapes. */
export interface Preview {
  /** Shapes in the making, and stored ones (with id) as the gesture has changed them so far. */
  readonly shapes?: readonly { readonly id: number | null; readonly shape: Shape; readonly label: number | null }[]
  readonly handles?: readonly Handle[]
  /** Polygon corners, keypoints to grab. */
  readonly vertices?: readonly { readonly at: Point; readonly mark: 'plain' | 'active' | 'ghost' | 'close' }[]
  /** An open line. */
  readonly path?: readonly Point[]
  /** Rubber band of a selection. */
  readonly band?: Box
  /** Its size in pixels is written beside it. */
  readonly measured?: Box | null
  readonly brush?: { readonly at: Point; readonly radius: number; readonly erase: boolean }
  readonly bitmap?: { readonly bitmap: Bitmap; readonly version: number; readonly label: number | null }
  /** A word beside the pointer, such as the keypoint that comes next. */
  readonly hint?: string
  readonly crosshair?: boolean
}

export interface ToolContext {
  readonly scene: Scene
  readonly host: EditorHost
  image(): Size
  view(): View
  /** Label of the shape being drawn, for its colour and skeleton; null while it is not known. */
  currentLabel(): EditorLabel | null
  /** Screen pixels to image pixels. */
  reach(screenPixels: number): number
  /** The place a pointer means: inside the image, on edges and pixels as the settings say. */
  place(image: Point, options?: { exclude?: ReadonlySet<number>; whole?: boolean }): Point
  select(ids: readonly number[]): void
  selectPredictions(ids: readonly number[]): void
  commit(reason: EditReason, changes: EditChange[], options?: { merge?: boolean }): void
  /** Gives a finished shape its label (asking when needed), stores it, selects it. */
  addShape(reason: EditReason, shape: Shape, at: Point, options?: { label?: number; keepTool?: boolean }): void
  setTool(tool: ToolId): void
  setSettings(settings: Partial<Scene['settings']>): void
  panBy(dx: number, dy: number): void
  setCursor(css: string): void
  /** Annotations the gesture shows itself; the passive layer leaves them out. */
  setEditing(ids: readonly number[]): void
  announce: NonNullable<EditorHost['announce']>
  redraw(): void
}

export interface Tool {
  readonly id: ToolId
  readonly busy: boolean
  pointerDown(pointer: ToolPointer): void
  pointerMove(pointer: ToolPointer): void
  pointerUp(pointer: ToolPointer): void
  doubleClick?(pointer: ToolPointer): void
  /** Answers whether the wheel was used; otherwise it zooms. */
  wheel?(pointer: ToolPointer, deltaY: number): boolean
  /** Answers whether the key was used. */
  key?(key: ToolKey): boolean
  /** Gives the open gesture up; answers whether there was one. */
  cancel(): boolean
  /** Ends a gesture of several clicks as it stands; answers whether there was one. */
  finish?(): boolean
  /** Undoes the last click of the open gesture; answers whether there was one. */
  stepBack?(): boolean
  /** Stored annotations changed under the tool. */
  sceneChanged?(): void
  render(): Preview
}

export type MakeTool = (context: ToolContext) => Tool

/** A press becomes a drag from this way on, screen pixels. */
export const dragThreshold = 3

export const movedFar = (a: Point, b: Point): boolean => Math.hypot(a[0] - b[0], a[1] - b[1]) >= dragThreshold

/** Pointer tolerance of outlines and points, screen pixels. */
export const hitTolerance = 6
