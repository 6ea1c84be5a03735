/**
 * The canvas: an image, its annotations and the tools that change them, in one element. See api.ts for what it offers
 * and asks; the parts are the scene (what is there), the commits (what is stored), the tools (what gestures mean) and
 * the layers (how it looks).
 */
import type { Box, Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { CreateEditor, Editor, EditorSettings, ToolId } from './api'
import { createCommands, describe } from './commands'
import { Commits } from './commits'
import { boundsOf } from './geometry/clamp'
import * as views from './geometry/view'
import { createPicture } from './image/create-picture'
import { ImageCache } from './image/image-cache'
import { channelMaps, ImageFilter } from './image/image-filter'
import type { Picture, PictureState } from './image/picture'
import { Input } from './input'
import { ActiveLayer } from './layers/active'
import { CanvasStage } from './layers/canvas-stage'
import type { Context } from './layers/draw-shape'
import { HudLayer, type HudInput } from './layers/hud'
import { PassiveLayer } from './layers/passive'
import { canvasColors } from './layers/palette'
import { Scene } from './scene'
import { createToolContext } from './tool-context'
import { makeTool } from './tools'
import type { Preview, Tool } from './tools/tool'

export * from './api'

/** Decoded images kept, bytes: the shown one, two on either side of 12 Mpx, and their halves. */
const imageMemory = 448 * 2 ** 20
const zoomPerPixel = 1.0015

export const createEditor: CreateEditor = (container, host) => {
  const scene = new Scene()
  const cache = new ImageCache(imageMemory)
  const passive = new PassiveLayer(scene)
  const active = new ActiveLayer(scene)
  const hud = new HudLayer(scene)
  let screen: views.Size = { width: 1, height: 1 }
  let view: views.View = { scale: 1, x: 0, y: 0 }
  let picture: Picture | null = null
  /** The view is to be fitted once the container has a size. */
  let unfitted = false
  let cursor: { at: Point; byKeyboard: boolean } | null = null
  let preview: Preview = {}
  let panRest: Point = [0, 0]

  const element = document.createElement('div')
  element.tabIndex = 0
  element.setAttribute('role', 'application')
  element.style.cssText =
    'position:relative;width:100%;height:100%;overflow:hidden;touch-action:none;outline-offset:-2px'
  const holder = document.createElement('div')
  holder.style.cssText = 'position:absolute;inset:0;pointer-events:none'
  element.append(holder)
  container.append(element)
  const filter = new ImageFilter(element)

  const colors = () => canvasColors[scene.settings.theme]
  const hudInput = (): HudInput => ({
    view,
    screen,
    preview,
    pointer: cursor?.at ?? null,
    byKeyboard: cursor?.byKeyboard ?? false,
    drawScene: (ctx, lensView, size) => {
      picture?.draw(ctx, lensView, size, 1)
      passive.draw(ctx, lensView, size, colors())
      active.draw(ctx, lensView, preview, colors())
    },
  })
  const stage = new CanvasStage(holder, {
    image: (ctx: Context) => {
      picture?.draw(ctx, view, screen, stage.pixelRatio)
      return picture !== null
    },
    passive: (ctx) => {
      if (scene.image) passive.draw(ctx, view, screen, colors(), true)
      return scene.image !== null && (scene.annotations.length > 0 || scene.predictions.length > 0)
    },
    active: (ctx) => {
      preview = tool.render()
      if (active.isEmpty(preview)) return false
      active.draw(ctx, view, preview, colors())
      return true
    },
    hud: (ctx) => {
      preview = tool.render()
      const input = hudInput()
      if (hud.isEmpty(input)) return false
      hud.draw(ctx, input, colors())
      return true
    },
  })

  const redraw = () => stage.invalidate('active', 'hud')
  const redrawShapes = () => {
    stage.invalidate('passive', 'active', 'hud')
  }
  const commits = new Commits(host, scene, {
    changed: () => {
      tool.sceneChanged?.()
      redrawShapes()
    },
    renamed: (ids) => {
      const rename = (id: number) => ids.get(id) ?? id
      if (scene.hovered !== null) scene.hovered = rename(scene.hovered)
      if (scene.selection.some((id) => ids.has(id))) setSelection(scene.selection.map(rename))
    },
  })

  function setSelection(ids: readonly number[]): void {
    const next = [...new Set(ids)]
    if (next.length === scene.selection.length && next.every((id, i) => id === scene.selection[i])) return
    scene.selection = next
    host.onSelection?.(next)
    redraw()
  }

  function select(ids: readonly number[]): void {
    const before = scene.selection
    setSelection(ids)
    if (scene.predictionSelection.length > 0 && ids.length > 0) selectPredictions([])
    if (before !== scene.selection && scene.selection.length === 1) {
      const item = scene.get(scene.selection[0])
      if (item) host.announce?.(describe(scene, item))
    }
  }

  function selectPredictions(ids: readonly number[]): void {
    scene.predictionSelection = [...ids]
    if (ids.length > 0) setSelection([])
    host.onPredictionSelection?.(scene.predictionSelection)
    redraw()
  }

  function setView(next: views.View): void {
    if (next.scale === view.scale && next.x === view.x && next.y === view.y) return
    view = next
    stage.invalidate('image', 'passive', 'active', 'hud')
    if (scene.image) {
      const minScale = views.minScale(scene.image, screen)
      host.onView?.({ scale: view.scale, minScale, maxScale: views.maxScale })
    }
  }

  /** Moves go by whole device pixels, so that what is drawn already can be shifted; the rest waits for the next. */
  const panBy = (dx: number, dy: number) => {
    if (!scene.image) return
    const ratio = stage.pixelRatio
    const wanted: Point = [panRest[0] + dx, panRest[1] + dy]
    const moved = wanted.map((way) => Math.round(way * ratio) / ratio)
    panRest = [wanted[0] - moved[0], wanted[1] - moved[1]]
    setView(views.panView(view, moved[0], moved[1], scene.image, screen))
  }
  const zoomAbout = (factor: number, about: Point) => {
    if (scene.image) setView(views.zoomAbout(view, factor, about, scene.image, screen))
  }

  function zoomTo(target: Parameters<Editor['zoomTo']>[0]): void {
    const { image } = scene
    if (!image) return
    const whole: Box = [0, 0, image.width, image.height]
    if (typeof target !== 'string') return setView(views.fitBox(target, screen, 48, 16))
    switch (target) {
      case 'fit':
        return setView(views.fitBox(whole, screen))
      case 'width':
        return setView(views.fitWidth(image, screen))
      case '100': {
        const middle = views.toImage(view, [screen.width / 2, screen.height / 2])
        return setView(views.keepVisible(views.centre(1, middle, screen), image, screen))
      }
      case 'object': {
        const box = boundsOf(scene.selected.map((item) => item.shape))
        if (box) setView(views.fitBox(box, screen, Math.min(screen.width, screen.height) / 5, 16))
      }
    }
  }

  function applyFilter(): void {
    const { brightness, contrast, autoLevels } = scene.settings
    const pixels = autoLevels ? (picture?.sample(256)?.data ?? null) : null
    filter.apply(stage.element('image'), channelMaps(brightness, contrast, pixels))
  }

  function reportImage(sample: number, state: PictureState): void {
    if (state.state !== 'loading') applyFilter()
    stage.invalidate('image', 'hud')
    host.onImage?.({ sample, ...state })
  }

  const context = createToolContext({
    scene,
    host,
    commits,
    view: () => view,
    select,
    selectPredictions,
    setTool: (id) => setTool(id),
    setSettings: (change) => editor.setSettings(change),
    panBy,
    setCursor: (css) => (element.style.cursor = css),
    redraw,
    redrawShapes,
    toScreen: (point) => views.toScreen(view, point),
  })
  let tool: Tool = makeTool('select', context)
  let toolAfterPan: string | null = null

  function setTool(id: ToolId): void {
    if (tool.id === id) return
    tool.cancel()
    scene.hovered = null
    scene.hoveredPrediction = null
    tool = makeTool(id, context)
    element.dataset.tool = id
    host.onTool?.(id)
    redraw()
  }

  /** One step back: out of the gesture, then out of the drawing tool, then out of the selection. */
  function cancel(): boolean {
    if (tool.cancel()) return true
    if (tool.id !== 'select') {
      setTool('select')
      return true
    }
    if (scene.selection.length + scene.predictionSelection.length === 0) return false
    select([])
    selectPredictions([])
    return true
  }

  function moveCursor(at: Point | null, byKeyboard = false): void {
    cursor = at && { at, byKeyboard }
    stage.invalidate('hud')
    reportCursor()
  }

  function reportCursor(): void {
    if (!host.onCursor) return
    if (!cursor || !scene.image) return host.onCursor(null)
    const point = views.toImage(view, cursor.at)
    const inside = point[0] >= 0 && point[1] >= 0 && point[0] <= scene.image.width && point[1] <= scene.image.height
    const measured = tool.busy ? tool.render().measured : null
    host.onCursor(
      inside || measured
        ? { point, size: measured ? [measured[2] - measured[0], measured[3] - measured[1]] : null }
        : null,
    )
  }

  /** Arrows move a cursor in drawing tools, Enter presses there: drawing without a mouse. */
  function cursorKey(
    key: string,
    far: boolean,
    farther: boolean,
    modifiers: { shift: boolean; alt: boolean },
  ): boolean {
    const arrows: Record<string, Point> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }
    const { image } = scene
    if (!image || tool.id === 'select' || tool.id === 'pan' || tool.id === 'tag') return false
    const direction = arrows[key]
    if (!direction && key !== 'Enter') return false
    const current: Point = cursor
      ? views.toImage(view, cursor.at)
      : views.toImage(view, [screen.width / 2, screen.height / 2])
    const step = farther ? 100 : far ? 10 : 1
    const clampTo = (value: number, side: number) => Math.min(side, Math.max(0, Math.round(value)))
    const at: Point = direction
      ? [
          clampTo(current[0] + direction[0] * step, image.width),
          clampTo(current[1] + direction[1] * step, image.height),
        ]
      : [clampTo(current[0], image.width), clampTo(current[1], image.height)]
    setView(views.revealBox(view, [at[0], at[1], at[0], at[1]], image, screen))
    moveCursor(views.toScreen(view, at), true)
    const pointer = { image: at, screen: cursor!.at, button: 0, shift: false, mod: false, alt: modifiers.alt && false }
    if (direction) tool.pointerMove(pointer)
    else {
      tool.pointerDown(pointer)
      tool.pointerUp(pointer)
    }
    host.announce?.(`${at[0]}, ${at[1]}`)
    reportCursor()
    return true
  }

  const input = new Input(element, {
    toImage: (point) => views.toImage(view, point),
    pointerDown(pointer) {
      if (!scene.image) return
      moveCursor(pointer.screen)
      tool.pointerDown(pointer)
    },
    pointerMove(pointer) {
      if (!scene.image) return
      tool.pointerMove(pointer)
      moveCursor(pointer.screen)
    },
    pointerUp(pointer) {
      if (!scene.image) return
      tool.pointerUp(pointer)
      reportCursor()
    },
    pointerLeave(cancelled) {
      if (cancelled) tool.cancel()
      if (scene.hovered !== null && !tool.busy) {
        scene.hovered = null
        host.onHover?.(null)
      }
      moveCursor(null)
      redraw()
    },
    doubleClick: (pointer) => tool.doubleClick?.(pointer),
    wheel(pointer, deltaX, deltaY, pinch) {
      if (!pinch && tool.wheel?.(pointer, deltaY)) return
      if (pointer.shift && !pinch) return panBy(-deltaY - deltaX, 0)
      const speed = pinch && Math.abs(deltaY) < 50 ? 6 : 1
      zoomAbout(zoomPerPixel ** (-deltaY * speed), pointer.screen)
      moveCursor(pointer.screen)
    },
    pan: panBy,
    zoom: zoomAbout,
    setPanning(panning) {
      if (panning) {
        toolAfterPan = element.style.cursor
        element.style.cursor = 'grabbing'
      } else element.style.cursor = toolAfterPan ?? ''
    },
    key(key) {
      if (key.key === 'Escape') return cancel()
      if (tool.key?.(key)) return true
      if (tool.busy && key.key === 'Backspace' && tool.stepBack?.()) return true
      if (key.key === 'Enter' && !key.mod && !key.alt && cursor && !cursor.byKeyboard && tool.finish?.()) return true
      return !key.alt && cursorKey(key.key, key.shift, key.mod, key)
    },
    space: () => host.onSpace?.(),
  })

  const commands = createCommands({
    scene,
    commit: (reason, changes, options) => void commits.commit(reason, changes, options),
    select,
    selectPredictions,
    announce: (text) => host.announce?.(text),
  })

  function measure(): void {
    const next = { width: Math.max(1, element.clientWidth), height: Math.max(1, element.clientHeight) }
    if (next.width === screen.width && next.height === screen.height) return
    // The image point in the middle stays in the middle.
    const dx = (next.width - screen.width) / 2
    const dy = (next.height - screen.height) / 2
    screen = next
    if (scene.image && unfitted && next.width > 1) {
      unfitted = false
      zoomTo('fit')
    } else if (scene.image) setView(views.panView(view, dx, dy, scene.image, screen))
    stage.resize(next)
  }
  const observer = new ResizeObserver(measure)
  observer.observe(element)
  measure()

  const editor: Editor = {
    get tool() {
      return tool.id
    },
    get settings() {
      return scene.settings
    },
    get selection() {
      return scene.selection
    },
    get predictionSelection() {
      return scene.predictionSelection
    },
    get annotations() {
      return scene.annotations
    },
    get sample() {
      return scene.sample
    },
    get busy() {
      return tool.busy || commits.open > 0
    },

    setImage(sample, image) {
      tool.cancel()
      picture?.destroy()
      picture = null
      const before = scene.image
      scene.clear()
      scene.sample = image ? sample : null
      scene.image = image ? { width: image.width, height: image.height } : null
      host.onSelection?.([])
      if (image && sample !== null) {
        picture = createPicture(image, cache, (state) => reportImage(sample, state))
        reportImage(sample, picture.state)
        unfitted = screen.width <= 1
        const kept = scene.settings.keepZoom && before
        if (kept) setView(views.keepVisible(view, image, screen))
        else zoomTo('fit')
      }
      commits.reshow()
      stage.invalidate('image', 'passive', 'active', 'hud')
    },
    prefetch(sources) {
      const urls = sources.map(({ url }) => url)
      const owner = editor
      cache.keep(owner, urls)
      for (const url of urls) void cache.load(url, owner).catch(() => {})
    },
    setAnnotations(list) {
      scene.setStored(list)
      const gone = scene.selection.some((id) => !scene.get(id))
      if (gone) setSelection(scene.selection.filter((id) => scene.get(id)))
      tool.sceneChanged?.()
      redrawShapes()
    },
    setPredictions(list) {
      scene.setPredictions(list)
      const left = scene.predictionSelection.filter((id) => scene.getPrediction(id))
      if (left.length < scene.predictionSelection.length) selectPredictions(left)
      redrawShapes()
    },
    setLabels(labels) {
      scene.labels.clear()
      for (const label of labels) scene.labels.set(label.id, label)
      scene.changed()
      redrawShapes()
    },
    setSettings(change) {
      const before = scene.settings
      const next: EditorSettings = { ...before, ...change }
      const keys = Object.keys(change) as (keyof EditorSettings)[]
      if (keys.every((key) => before[key] === next[key])) return
      scene.settings = next
      scene.changed()
      if (before.theme !== next.theme) element.style.background = colors().ground
      if (['brightness', 'contrast', 'autoLevels'].some((key) => keys.includes(key as keyof EditorSettings))) {
        applyFilter()
      }
      redrawShapes()
      host.onSettings?.(next)
      if (before.brushSize !== next.brushSize || before.brushErase !== next.brushErase) {
        host.onBrush?.({ size: next.brushSize, erase: next.brushErase })
      }
    },
    setTool,
    select,
    selectAll: () =>
      select(scene.annotations.filter((item) => scene.isShown(item) && !item.locked).map((item) => item.id)),
    selectNext(step) {
      const items = scene.annotations.filter((item) => scene.isShown(item))
      if (items.length === 0) return
      const at = items.findIndex((item) => item.id === scene.selection[0])
      const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length
      select([items[next].id])
    },
    selectPredictions,
    hover(id) {
      if (scene.hovered === id) return
      scene.hovered = id
      redraw()
    },

    zoomTo,
    zoomBy: (factor, about = [screen.width / 2, screen.height / 2]) => zoomAbout(factor, about),
    panBy,
    loopObjects(step) {
      editor.selectNext(step)
      const [item] = scene.selected
      const box = item && shapeBox(item.shape)
      if (box) zoomTo('object')
    },
    toScreen: (point) => views.toScreen(view, point),
    toImage: (point) => views.toImage(view, point),

    ...commands,
    deleteSelection() {
      if (tool.busy && tool.stepBack?.()) return
      commands.deleteSelection()
    },
    cancel,
    finish: () => tool.finish?.() ?? false,
    handleKey: (event) => input.handleKey(event),
    settled: () => commits.settled(),
    focus: () => element.focus({ preventScroll: true }),
    drawNow: () => stage.flush(),
    destroy() {
      tool.cancel()
      observer.disconnect()
      input.destroy()
      picture?.destroy()
      cache.clear()
      filter.destroy()
      stage.destroy()
      element.remove()
    },
  }
  element.dataset.tool = tool.id
  element.style.background = colors().ground
  return editor
}
