/**
 * The canvas: an image, its annotations and the tools that change them, in one element. See api.ts for what it offers
 * and asks; the parts are the scene (what is there), the commits (what is stored), the tools (what gestures mean) and
 * the layers (how it looks).
 */
import type { Point } from '@shared/domain/geometry'
import { shapeBox } from '@shared/domain/shape-box'
import type { CreateEditor, Editor, EditorSettings, ToolId } from './api'
import { Camera } from './camera'
import { createCommands, describe } from './commands'
import { Commits } from './commits'
import { stepCursor } from './geometry/step-cursor'
import { createPicture } from './image/create-picture'
import { ImageCache } from './image/image-cache'
import { channelMaps, ImageFilter } from './image/image-filter'
import type { Picture, PictureState } from './image/picture'
import { Input } from './input'
import { ActiveLayer } from './layers/active'
import { CanvasStage } from './layers/canvas-stage'
import { HudLayer, type HudInput } from './layers/hud'
import { PassiveLayer } from './layers/passive'
import { canvasColors } from './layers/palette'
import { Scene } from './scene'
import { createToolContext } from './tool-context'
import { makeTool } from './tools'
import type { Preview, Tool, ToolKey } from './tools/tool'

export * from './api'

/** Decoded images kept, bytes: the shown one, two on either side of 12 Mpx, and their halves. */
const imageMemory = 448 * 2 ** 20
const zoomPerPixel = 1.0015
/** Settings that decide which stored shapes are drawn and how. */
const shapeSettings: ReadonlySet<keyof EditorSettings> = new Set([
  'showAnnotations',
  'showPredictions',
  'hiddenLabels',
  'minScore',
  'theme',
])

export const createEditor: CreateEditor = (container, host) => {
  const scene = new Scene()
  const cache = new ImageCache(imageMemory)
  const passive = new PassiveLayer(scene)
  const active = new ActiveLayer(scene)
  const hud = new HudLayer(scene)
  let picture: Picture | null = null
  let cursor: { at: Point; byKeyboard: boolean } | null = null
  let preview: Preview = {}

  const element = document.createElement('div')
  element.tabIndex = 0
  element.setAttribute('role', 'application')
  element.setAttribute('aria-label', container.getAttribute('aria-label') ?? 'Image')
  element.style.cssText =
    'position:relative;width:100%;height:100%;overflow:hidden;touch-action:none;outline-offset:-2px'
  const holder = document.createElement('div')
  holder.style.cssText = 'position:absolute;inset:0;pointer-events:none'
  element.append(holder)
  container.append(element)
  const filter = new ImageFilter(element)

  const colors = () => canvasColors[scene.settings.theme]
  const hudInput = (): HudInput => ({
    view: camera.view,
    screen: camera.screen,
    preview,
    pointer: cursor?.at ?? null,
    byKeyboard: cursor?.byKeyboard ?? false,
    drawScene: (ctx, lensView, size) => {
      picture?.draw(ctx, lensView, size, 1)
      passive.draw(ctx, lensView, size, colors())
      active.draw(ctx, lensView, preview, colors())
    },
  })
  const stage = new CanvasStage(holder, () => camera.view, {
    image: {
      draw(ctx, view, size) {
        picture?.draw(ctx, view, size, stage.pixelRatio)
        return picture !== null
      },
      canShift: () => picture !== null,
    },
    passive: {
      draw(ctx, view, size) {
        if (scene.image) passive.draw(ctx, view, size, colors(), true)
        return scene.image !== null && (scene.annotations.length > 0 || scene.predictions.length > 0)
      },
      // Names keep inside the screen, so few shapes are drawn anew for every view.
      canShift: () => scene.image !== null && passive.isDense(camera.view, camera.screen, colors()),
    },
    active: {
      draw(ctx, view) {
        preview = tool.render()
        if (active.isEmpty(preview)) return false
        active.draw(ctx, view, preview, colors())
        return true
      },
    },
    hud: {
      draw(ctx) {
        preview = tool.render()
        const input = hudInput()
        if (hud.isEmpty(input)) return false
        hud.draw(ctx, input, colors())
        return true
      },
    },
  })

  const camera: Camera = new Camera(scene, {
    changed: () => stage.follow(),
    pixelRatio: () => stage.pixelRatio,
    onView: (limits) => host.onView?.(limits),
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
      if (item) host.announce?.('object', describe(scene, item))
    }
  }

  function selectPredictions(ids: readonly number[]): void {
    scene.predictionSelection = [...ids]
    if (ids.length > 0) setSelection([])
    host.onPredictionSelection?.(scene.predictionSelection)
    redraw()
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
    view: () => camera.view,
    select,
    selectPredictions,
    setTool: (id) => setTool(id),
    setSettings: (change) => editor.setSettings(change),
    panBy: (dx, dy) => camera.panBy(dx, dy),
    setCursor: (css) => (element.style.cursor = css),
    redraw,
    redrawShapes,
    toScreen: (point) => camera.toScreen(point),
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
    const point = camera.toImage(cursor.at)
    const inside = point[0] >= 0 && point[1] >= 0 && point[0] <= scene.image.width && point[1] <= scene.image.height
    const measured = tool.busy ? tool.render().measured : null
    host.onCursor(
      inside || measured
        ? { point, size: measured ? [measured[2] - measured[0], measured[3] - measured[1]] : null }
        : null,
    )
  }

  /** Arrows move a cursor in drawing tools, Enter presses there: drawing without a mouse. */
  function cursorKey({ key, shift, mod }: ToolKey): boolean {
    const { image } = scene
    if (!image || ['select', 'pan', 'tag'].includes(tool.id)) return false
    const { width, height } = camera.screen
    const from = camera.toImage(cursor?.at ?? [width / 2, height / 2])
    const at = stepCursor(key, from, mod ? 100 : shift ? 10 : 1, image)
    if (!at) return false
    camera.reveal([at[0], at[1], at[0], at[1]])
    const onScreen = camera.toScreen(at)
    moveCursor(onScreen, true)
    const pointer = { image: at, screen: onScreen, button: 0, shift: false, mod: false, alt: false }
    if (key !== 'Enter') tool.pointerMove(pointer)
    else {
      tool.pointerDown(pointer)
      tool.pointerUp(pointer)
    }
    host.announce?.('text', { text: `${at[0]}, ${at[1]}` })
    reportCursor()
    return true
  }

  const input = new Input(element, {
    toImage: (point) => camera.toImage(point),
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
      if (pointer.shift && !pinch) return camera.panBy(-deltaY - deltaX, 0)
      const speed = pinch && Math.abs(deltaY) < 50 ? 6 : 1
      camera.zoomAbout(zoomPerPixel ** (-deltaY * speed), pointer.screen)
      moveCursor(pointer.screen)
    },
    pan: (dx, dy) => camera.panBy(dx, dy),
    zoom: (factor, about) => camera.zoomAbout(factor, about),
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
      return !key.alt && cursorKey(key)
    },
    space: () => host.onSpace?.(),
  })

  const commands = createCommands({
    scene,
    commit: (reason, changes, options) => void commits.commit(reason, changes, options),
    select,
    selectPredictions,
    announce: (key, values) => host.announce?.(key, values),
  })

  function measure(): void {
    const next = { width: Math.max(1, element.clientWidth), height: Math.max(1, element.clientHeight) }
    if (camera.resize(next)) stage.resize(next)
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
      // What was still loading for the image before is not waited for any more.
      cache.keep(cache, image?.source.kind === 'image' ? [image.source.url, image.source.previewUrl ?? ''] : [])
      const before = scene.image
      scene.clear()
      scene.sample = image ? sample : null
      scene.image = image ? { width: image.width, height: image.height } : null
      host.onSelection?.([])
      if (image && sample !== null) {
        picture = createPicture(image, cache, (state) => reportImage(sample, state))
        reportImage(sample, picture.state)
        camera.start(scene.settings.keepZoom && before !== null)
      }
      commits.reshow()
      stage.invalidate('image', 'passive', 'active', 'hud')
    },
    retryImage: () => picture?.retry?.(),
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
      if (keys.some((key) => shapeSettings.has(key))) scene.changed()
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

    zoomTo: (target) => camera.zoomTo(target),
    zoomBy: (factor, about = [camera.screen.width / 2, camera.screen.height / 2]) => camera.zoomAbout(factor, about),
    panBy: (x, y) => camera.panBy(x, y),
    loopObjects(step) {
      editor.selectNext(step)
      const [item] = scene.selected
      const box = item && shapeBox(item.shape)
      if (box) camera.zoomTo('object')
    },
    toScreen: (point) => camera.toScreen(point),
    toImage: (point) => camera.toImage(point),

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
