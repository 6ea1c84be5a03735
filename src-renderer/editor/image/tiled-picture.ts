/** An image too large for one bitmap, drawn from tiles: what is missing is filled from coarser levels. */
import type { TileSource } from '../api'
import { visibleBox, type Size, type View } from '../geometry/view'
import type { Context } from '../layers/draw-shape'
import { levelFor, tileBox, tilesIn } from './levels'
import { sampleOf, smoothBelow, type Picture, type PictureState } from './picture'

interface Tile {
  bitmap: ImageBitmap | null
  abort: AbortController | null
  failed: boolean
  lastUsed: number
}

/** The server is still making this tile. */
class PendingTile extends Error {}

/** Asked again after this time, doubled each time up to the last, milliseconds. */
const firstRetry = 400
const lastRetry = 5000

const mostLoading = 6
/** Decoded tiles kept, bytes. */
const memory = 256 * 2 ** 20

export class TiledPicture implements Picture {
  state: PictureState = { state: 'loading' }
  private readonly tiles = new Map<string, Tile>()
  private wanted: { key: string; url: string }[] = []
  private loading = 0
  private frame = 0
  private destroyed = false
  /** The whole image, small: what is seen before there are tiles. */
  private preview: ImageBitmap | null = null
  private readonly retries = new Map<string, number>()
  private readonly timers = new Set<ReturnType<typeof setTimeout>>()
  private readonly size: Size
  private readonly source: TileSource
  private readonly changed: (state: PictureState) => void

  constructor(size: Size, source: TileSource, changed: (state: PictureState) => void) {
    this.size = size
    this.source = source
    this.changed = changed
    // The coarsest level first: it is small, and it fills every gap from then on.
    this.want(source.levels - 1, 0, 0)
    this.loadNext()
    if (source.previewUrl) this.loadPreview(source.previewUrl)
  }

  /** Asks now for tiles that were still being made. */
  retry(): void {
    this.retries.clear()
    for (const [key, tile] of this.tiles) if (!tile.bitmap && !tile.abort) this.tiles.delete(key)
    this.changed(this.state)
  }

  private loadPreview(url: string): void {
    void loadTile(url, new AbortController().signal).then(
      (bitmap) => {
        if (this.destroyed) return bitmap.close()
        this.preview = bitmap
        if (this.state.state === 'loading') this.enter({ state: 'coarse' })
        else this.changed(this.state)
      },
      () => {},
    )
  }

  draw(ctx: Context, view: View, screen: Size, pixelRatio: number): void {
    this.frame++
    const { tileSize, levels } = this.source
    const area = visibleBox(view, screen)
    const level = levelFor(view.scale, pixelRatio, levels)
    const range = tilesIn(area, level, tileSize, this.size)
    ctx.imageSmoothingEnabled = view.scale < smoothBelow
    ctx.imageSmoothingQuality = 'low'
    const middle = [(range.column1 + range.column2) / 2, (range.row1 + range.row2) / 2]
    const cells: [column: number, row: number][] = []
    for (let row = range.row1; row < range.row2; row++) {
      for (let column = range.column1; column < range.column2; column++) cells.push([column, row])
    }
    cells.sort(
      (a, b) =>
        Math.hypot(a[0] + 0.5 - middle[0], a[1] + 0.5 - middle[1]) -
        Math.hypot(b[0] + 0.5 - middle[0], b[1] + 0.5 - middle[1]),
    )
    this.wanted = []
    this.want(levels - 1, 0, 0)
    for (const [column, row] of cells) {
      if (!this.drawTile(ctx, view, level, column, row)) {
        this.drawFallback(ctx, view, level, column, row)
        this.want(level, column, row)
      }
    }
    this.stopUnwanted()
    this.loadNext()
    const complete = cells.every(([column, row]) => this.tiles.get(`${level}/${column}/${row}`)?.bitmap)
    if (complete && this.state.state !== 'ready' && cells.length > 0) this.enter({ state: 'ready' })
  }

  private drawTile(ctx: Context, view: View, level: number, column: number, row: number): boolean {
    const tile = this.tiles.get(`${level}/${column}/${row}`)
    if (!tile?.bitmap) return tile?.failed ?? false
    tile.lastUsed = this.frame
    const [x1, y1, x2, y2] = tileBox(level, column, row, this.source.tileSize, this.size)
    place(ctx, tile.bitmap, view, [0, 0, tile.bitmap.width, tile.bitmap.height], [x1, y1, x2, y2])
    return true
  }

  /** The part of the nearest loaded ancestor that lies under a tile. */
  private drawFallback(ctx: Context, view: View, level: number, column: number, row: number): void {
    const { tileSize, levels } = this.source
    const target = tileBox(level, column, row, tileSize, this.size)
    for (let up = level + 1; up < levels; up++) {
      const [c, r] = [column >> (up - level), row >> (up - level)]
      const tile = this.tiles.get(`${up}/${c}/${r}`)
      if (!tile?.bitmap) continue
      tile.lastUsed = this.frame
      const box = tileBox(up, c, r, tileSize, this.size)
      const sx = tile.bitmap.width / (box[2] - box[0])
      const sy = tile.bitmap.height / (box[3] - box[1])
      place(
        ctx,
        tile.bitmap,
        view,
        [(target[0] - box[0]) * sx, (target[1] - box[1]) * sy, (target[2] - box[0]) * sx, (target[3] - box[1]) * sy],
        target,
      )
      return
    }
    if (!this.preview) return
    const sx = this.preview.width / this.size.width
    const sy = this.preview.height / this.size.height
    place(ctx, this.preview, view, [target[0] * sx, target[1] * sy, target[2] * sx, target[3] * sy], target)
  }

  sample(side: number): ImageData | null {
    const tile = this.tiles.get(`${this.source.levels - 1}/0/0`)
    const picture = tile?.bitmap ?? this.preview
    return picture && sampleOf(picture, side)
  }

  destroy(): void {
    this.destroyed = true
    for (const timer of this.timers) clearTimeout(timer)
    this.preview?.close()
    for (const tile of this.tiles.values()) {
      tile.abort?.abort()
      tile.bitmap?.close()
    }
    this.tiles.clear()
  }

  private want(level: number, column: number, row: number): void {
    const key = `${level}/${column}/${row}`
    const tile = this.tiles.get(key)
    if (tile) return
    this.wanted.push({ key, url: this.source.url(level, column, row) })
  }

  /** Loads of places that were left behind give way to those in view. */
  private stopUnwanted(): void {
    if (this.wanted.length === 0 || this.loading < mostLoading) return
    for (const [key, tile] of this.tiles) {
      if (tile.abort && tile.lastUsed < this.frame - 30 && !key.startsWith(`${this.source.levels - 1}/`)) {
        tile.abort.abort()
      }
    }
  }

  private loadNext(): void {
    while (this.loading < mostLoading && this.wanted.length > 0) {
      const { key, url } = this.wanted.shift()!
      const tile: Tile = { bitmap: null, abort: new AbortController(), failed: false, lastUsed: this.frame }
      this.tiles.set(key, tile)
      this.loading++
      void loadTile(url, tile.abort!.signal)
        .then(
          (bitmap) => {
            if (this.destroyed) return bitmap.close()
            tile.bitmap = bitmap
            this.shrink()
            this.enter({ state: this.state.state === 'ready' ? 'ready' : 'coarse' })
          },
          (error: unknown) => {
            if (tile.abort?.signal.aborted) this.tiles.delete(key)
            else if (error instanceof PendingTile) this.askLater(key)
            else {
              tile.failed = true
              if (key === `${this.source.levels - 1}/0/0`) this.enter({ state: 'failed', error })
            }
          },
        )
        .finally(() => {
          tile.abort = null
          this.loading--
          if (!this.destroyed) this.loadNext()
        })
    }
  }

  /** The tile counts as loading until then; a frame after that asks anew if it is still in view. */
  private askLater(key: string): void {
    const wait = Math.min(lastRetry, this.retries.get(key) ?? firstRetry)
    this.retries.set(key, wait * 2)
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.tiles.delete(key)
      if (!this.destroyed) this.changed(this.state)
    }, wait)
    this.timers.add(timer)
  }

  private enter(state: PictureState): void {
    if (this.destroyed) return
    this.state = state
    this.changed(state)
  }

  private shrink(): void {
    const held = [...this.tiles].filter(([, tile]) => tile.bitmap)
    let bytes = held.reduce((sum, [, { bitmap }]) => sum + 4 * bitmap!.width * bitmap!.height, 0)
    held.sort((a, b) => a[1].lastUsed - b[1].lastUsed)
    for (const [key, tile] of held) {
      if (bytes <= memory || tile.lastUsed >= this.frame) return
      bytes -= 4 * tile.bitmap!.width * tile.bitmap!.height
      tile.bitmap!.close()
      this.tiles.delete(key)
    }
  }
}

type Corners = readonly [number, number, number, number]

/** Edges land on whole screen pixels, so that neighbours meet without a seam. */
function place(ctx: Context, bitmap: ImageBitmap, { scale, x, y }: View, from: Corners, to: Corners): void {
  const left = Math.round(to[0] * scale + x)
  const top = Math.round(to[1] * scale + y)
  const right = Math.round(to[2] * scale + x)
  const bottom = Math.round(to[3] * scale + y)
  if (right <= left || bottom <= top) return
  ctx.drawImage(bitmap, from[0], from[1], from[2] - from[0], from[3] - from[1], left, top, right - left, bottom - top)
}

async function loadTile(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const response = await fetch(url, { signal })
  if (response.status === 404 && (await isPending(response))) throw new PendingTile()
  if (!response.ok) throw new Error(`A tile did not load: the server answered ${response.status}.`)
  return createImageBitmap(await response.blob())
}

/** The server says with code `tile-pending` that it is at work on the tile. */
async function isPending(response: Response): Promise<boolean> {
  const body = (await response.json().catch(() => null)) as { error?: { code?: string } } | null
  return body?.error?.code === 'tile-pending'
}
