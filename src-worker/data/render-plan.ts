/** Carries out an augment plan: one sampling pass per layer, blend, colour shift and packing, row by row in cache. */
import { invert } from '@shared/domain/affine'
import type { AugmentPlan, Layer } from '@shared/catalog/augment-plan'
import type { RowPacker } from './pack-pixels'
import type { Pixels } from './resize-bilinear'
import { prepareHsvShift, shiftHsv, type HsvShift } from './shift-hsv'
import { warpRow, type WarpTile } from './warp-row'

const grey = (value: number) => value | (value << 8) | (value << 16)

/** A renderer keeps its row buffers and tables; one per thread, images one after the other. */
export interface PlanRenderer {
  /** @param pixels the decoded pixels of a sample, any size; every tile's sample must be there. */
  render(plan: AugmentPlan, pixels: (sample: number) => Pixels, pack: RowPacker): void
}

export function createPlanRenderer(): PlanRenderer {
  let rows = [new Int32Array(0), new Int32Array(0)]
  let shift: HsvShift | undefined
  return {
    render(plan, pixels, pack) {
      if (rows[0].length !== plan.width) rows = [new Int32Array(plan.width), new Int32Array(plan.width)]
      const layers = plan.layers.map((layer) => prepareLayer(layer, pixels))
      if (plan.hsv) shift = prepareHsvShift(plan.hsv, shift)
      const [row, second] = rows
      for (let y = 0; y < plan.height; y++) {
        drawRow(row, y, layers[0])
        if (layers.length > 1) {
          drawRow(second, y, layers[1])
          blendHalf(row, second)
        }
        if (plan.hsv) shiftHsv(row, plan.width, shift!)
        pack(row, y)
      }
    },
  }
}

interface PreparedLayer {
  inverse: ReturnType<typeof invert>
  outside: number
  tiles: WarpTile[]
}

function prepareLayer(layer: Layer, pixels: (sample: number) => Pixels): PreparedLayer {
  const { width, height } = layer.canvas
  const tiles = layer.tiles.map((tile): WarpTile => {
    const source = pixels(tile.sample)
    return {
      pixels: source,
      x: tile.x,
      y: tile.y,
      scaleX: tile.width / source.width,
      scaleY: tile.height / source.height,
      clip: [
        Math.max(tile.x, 0),
        Math.max(tile.y, 0),
        Math.min(tile.x + tile.width, width),
        Math.min(tile.y + tile.height, height),
      ],
    }
  })
  // A canvas that differs from its surroundings is a one-pixel tile under the others.
  if (layer.fill !== layer.outside) {
    const pixel: Pixels = { data: Int32Array.of(grey(layer.fill)), offset: 0, width: 1, height: 1 }
    tiles.unshift({ pixels: pixel, x: 0, y: 0, scaleX: width, scaleY: height, clip: [0, 0, width, height] })
  }
  return { inverse: invert(layer.matrix), outside: grey(layer.outside), tiles }
}

function drawRow(row: Int32Array, y: number, layer: PreparedLayer): void {
  row.fill(layer.outside)
  for (const tile of layer.tiles) warpRow(row, y, layer.inverse, tile)
}

/** Mean of two rows, rounded down, all channels at once. */
function blendHalf(row: Int32Array, other: Int32Array): void {
  for (let x = 0; x < row.length; x++) {
    const a = row[x]
    const b = other[x]
    row[x] = (a & b) + (((a ^ b) & 0xfefefe) >> 1)
  }
}
