/** DOM events of the canvas as tool events: pointers, wheel, pinch, Space-drag, keys. Positions come relative to it. */
import type { Point } from '@shared/domain/geometry'
import type { ToolKey, ToolPointer } from './tools/tool'

export interface InputTarget {
  toImage(screen: Point): Point
  pointerDown(pointer: ToolPointer): void
  pointerMove(pointer: ToolPointer): void
  pointerUp(pointer: ToolPointer): void
  /** The pointer left, or the system took it away in the middle of a gesture. */
  pointerLeave(cancelled: boolean): void
  doubleClick(pointer: ToolPointer): void
  wheel(pointer: ToolPointer, deltaX: number, deltaY: number, pinch: boolean): void
  pan(dx: number, dy: number): void
  zoom(factor: number, about: Point): void
  setPanning(panning: boolean): void
  key(key: ToolKey): boolean
  space(): void
}

/** Wheel deltas in pixels, whatever unit the device gives. */
const lineHeight = 16
const pageHeight = 400

export class Input {
  private readonly abort = new AbortController()
  /** Fingers on the canvas. */
  private readonly touches = new Map<number, Point>()
  private active: number | null = null
  private panning: { pointer: number; last: Point } | null = null
  private space: { held: boolean; used: boolean } = { held: false, used: false }
  private readonly element: HTMLElement
  private readonly target: InputTarget

  constructor(element: HTMLElement, target: InputTarget) {
    this.element = element
    this.target = target
    const options = { signal: this.abort.signal }
    element.addEventListener('pointerdown', (event) => this.down(event), options)
    element.addEventListener('pointermove', (event) => this.move(event), options)
    element.addEventListener('pointerup', (event) => this.up(event), options)
    element.addEventListener('pointercancel', (event) => this.lost(event), options)
    element.addEventListener('pointerleave', () => this.active === null && target.pointerLeave(false), options)
    element.addEventListener('dblclick', (event) => target.doubleClick(this.pointer(event)), options)
    element.addEventListener('contextmenu', (event) => event.preventDefault(), options)
    element.addEventListener('wheel', (event) => this.wheel(event), { ...options, passive: false })
    element.addEventListener('keydown', (event) => this.keyDown(event), options)
    element.addEventListener('keyup', (event) => this.keyUp(event), options)
    element.addEventListener('blur', () => (this.space = { held: false, used: false }), options)
  }

  destroy(): void {
    this.abort.abort()
  }

  private place(event: MouseEvent): Point {
    const bounds = this.element.getBoundingClientRect()
    return [event.clientX - bounds.left - this.element.clientLeft, event.clientY - bounds.top - this.element.clientTop]
  }

  private pointer(event: MouseEvent): ToolPointer {
    const screen = this.place(event)
    return {
      image: this.target.toImage(screen),
      screen,
      button: event.button,
      shift: event.shiftKey,
      alt: event.altKey,
      mod: event.ctrlKey || event.metaKey,
    }
  }

  private down(event: PointerEvent): void {
    this.element.focus({ preventScroll: true })
    if (event.pointerType === 'touch') {
      this.touches.set(event.pointerId, this.place(event))
      if (this.touches.size === 2) {
        // A second finger turns whatever the first began into a pinch.
        this.active = null
        this.target.pointerLeave(true)
        return
      }
      if (this.touches.size > 2) return
    }
    if (this.active !== null) return
    this.element.setPointerCapture(event.pointerId)
    if (event.button === 1 || (event.button === 0 && this.space.held)) {
      event.preventDefault()
      this.space.used = true
      this.panning = { pointer: event.pointerId, last: this.place(event) }
      this.target.setPanning(true)
      return
    }
    this.active = event.pointerId
    this.target.pointerDown(this.pointer(event))
  }

  private move(event: PointerEvent): void {
    if (this.touches.has(event.pointerId) && this.touches.size === 2) return this.pinch(event)
    if (this.panning?.pointer === event.pointerId) {
      const [x, y] = this.place(event)
      this.target.pan(x - this.panning.last[0], y - this.panning.last[1])
      this.panning.last = [x, y]
      return
    }
    if (this.active !== null && this.active !== event.pointerId) return
    this.target.pointerMove(this.pointer(event))
  }

  private pinch(event: PointerEvent): void {
    const before = [...this.touches.values()]
    this.touches.set(event.pointerId, this.place(event))
    const after = [...this.touches.values()]
    const middle = ([a, b]: Point[]): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
    const span = ([a, b]: Point[]) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]))
    const [from, to] = [middle(before), middle(after)]
    this.target.pan(to[0] - from[0], to[1] - from[1])
    this.target.zoom(span(after) / span(before), to)
  }

  private up(event: PointerEvent): void {
    this.touches.delete(event.pointerId)
    if (this.panning?.pointer === event.pointerId) {
      this.panning = null
      this.target.setPanning(false)
      return
    }
    if (this.active !== event.pointerId) return
    this.active = null
    this.target.pointerUp(this.pointer(event))
  }

  private lost(event: PointerEvent): void {
    this.touches.delete(event.pointerId)
    if (this.panning?.pointer === event.pointerId) {
      this.panning = null
      this.target.setPanning(false)
    }
    if (this.active !== event.pointerId) return
    this.active = null
    this.target.pointerLeave(true)
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault()
    const unit = event.deltaMode === 1 ? lineHeight : event.deltaMode === 2 ? pageHeight : 1
    // Browsers report a pinch on a touchpad as a wheel with Ctrl held.
    this.target.wheel(this.pointer(event), event.deltaX * unit, event.deltaY * unit, event.ctrlKey)
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.target !== this.element) return
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey
    if (event.key === ' ' && plain) {
      // Held, it pans; tapped, it is the panel's command: which of the two is known at its release.
      event.preventDefault()
      event.stopPropagation()
      if (!event.repeat) this.space = { held: true, used: false }
      return
    }
    if (this.handleKey(event)) {
      event.preventDefault()
      event.stopPropagation()
    }
  }

  handleKey(event: KeyboardEvent): boolean {
    return this.target.key({
      key: event.key,
      shift: event.shiftKey,
      alt: event.altKey,
      mod: event.ctrlKey || event.metaKey,
    })
  }

  private keyUp(event: KeyboardEvent): void {
    if (event.key !== ' ' || !this.space.held) return
    const { used } = this.space
    this.space = { held: false, used: false }
    event.preventDefault()
    if (!used) this.target.space()
  }
}
