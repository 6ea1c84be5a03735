/** Carries out an augment plan: one sampling pass per layer, blend, colour shift and packing, row by row in cache. */
import { invert } from '@shared/domain/affine'
import type { AugmentPlan, Layer } from '@shared/catalog/augment-plan'
import type { ImagePacker } from './pack-pixels'
import type { PixelSpace } from './pixel-space'
import type { Pixels } from './resize-bilinear'
import { warpRow, type WarpTile } from './warp-row'

const noPixels: Pixels = { data: new Int32Array(0), offset: 0, width: 0, height: 0 }
const grey = (value: number) => value | (value << 8) | (value << 16)

/**
 * @param pixels the decoded pixels of a sample, any size, in the memory of `space`.
 */
export function renderPlan(
  space: PixelSpace,
  plan: AugmentPlan,
  pixels: (sample: number) => Pixels,
  pack: ImagePacker,
): void {
  const { kernels } = space
  const { width, height } = plan
  const layers = plan.layers.map((layer) => prepareLayer(layer, pixels))
  // The kernels work on groups of four pixels; rows have room for that.
  const bytes = Math.ceil(width / 4) * 16
  const [upper, lower, other] = space.rows
  const above = layers.slice(1)
  const views = [space.row(upper, width), space.row(lower, width)]
  const otherView = space.row(other, width)
  for (let y = 0; y < height; y++) {
    const address = y % 2 ? lower : upper
    const row = views[y % 2]
    drawRow(space, row, y, layers[0])
    for (const layer of above) {
      const { region, weight } = layer
      if (region && (y < region[1] || y >= region[3])) continue
      drawRow(space, otherView, y, layer)
      if (region) row.set(otherView.subarray(region[0], region[2]), region[0])
      else if (weight !== undefined) blendRow(row, otherView, 256 * weight)
      else kernels.blend(address, address + bytes, other)
    }
    if (plan.hsv) kernels.shiftHsv(address, address + bytes, plan.hsv[0] / 30, plan.hsv[1], plan.hsv[2])
    if (!pack.pair) pack.row(row, y)
    else if (y % 2) pack.pair(upper, lower, y - 1)
  }
}

/** Mean of two rows of RGB words, rounded to the nearest, into the first; the second counts `share` of 256. */
function blendRow(row: Int32Array, other: Int32Array, share: number): void {
  for (let x = 0; x < row.length; x++) {
    const [a, b] = [row[x], other[x]]
    // Red and blue in one multiplication: sixteen bits hold the sum of each.
    const redBlue = (a & 0xff00ff) * (256 - share) + (b & 0xff00ff) * share + 0x800080
    const green = (a & 0x00ff00) * (256 - share) + (b & 0x00ff00) * share + 0x008000
    row[x] = ((redBlue >>> 8) & 0xff00ff) | ((green >>> 8) & 0x00ff00)
  }
}

interface PreparedLayer {
  region: Layer['region']
  weight: Layer['weight']
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
  // A canvas that differs from its surroundings is a plain tile under the others.
  if (layer.fill !== layer.outside) {
    tiles.unshift({
      fill: grey(layer.fill),
      pixels: noPixels,
      x: 0,
      y: 0,
      scaleX: 1,
      scaleY: 1,
      clip: [0, 0, width, height],
    })
  }
  return {
    region: layer.region,
    weight: layer.weight,
    inverse: invert(layer.matrix),
    outside: grey(layer.outside),
    tiles,
  }
}

function drawRow(space: PixelSpace, row: Int32Array, y: number, layer: PreparedLayer): void {
  row.fill(layer.outside)
  for (const tile of layer.tiles) warpRow(space, row, y, layer.inverse, tile)
}
