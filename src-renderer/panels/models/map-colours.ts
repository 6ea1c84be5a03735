/** Feature maps as numbers and colours: ranges, means over channels, and the pixels of a heat map. */
import type { FeatureMaps } from '@shared/contract/models'

export interface MapRange {
  min: number
  max: number
  mean: number
}
/** Over all channels at each place. */
export type Summary = 'mean' | 'max'
export const mapColours = ['viridis', 'grey', 'signed'] as const
export type MapColours = (typeof mapColours)[number]

/** Smallest, largest and mean of the numbers that are finite; zeros when none is. */
export function rangeOf(values: Float32Array): MapRange {
  let min = Infinity
  let max = -Infinity
  let sum = 0
  let count = 0
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    if (value < min) min = value
    if (value > max) max = value
    sum += value
    count++
  }
  return count === 0 ? { min: 0, max: 0, mean: 0 } : { min, max, mean: sum / count }
}

/** One map of the mean, or of the largest number, of all channels at each place. */
export function summarize(data: Float32Array, channels: number, by: Summary): Float32Array {
  const size = data.length / channels
  const sums = new Float64Array(size)
  if (by === 'max') sums.fill(-Infinity)
  for (let channel = 0; channel < channels; channel++)
    for (let i = 0, at = channel * size; i < size; i++, at++) {
      if (by === 'mean') sums[i] += data[at]
      else if (data[at] > sums[i]) sums[i] = data[at]
    }
  return Float32Array.from(sums, by === 'mean' ? (sum) => sum / channels : undefined)
}

/** Colours from the smallest to the largest number. Viridis: Smith and van der Walt 2015 (CC0), sampled. */
const stops: Record<MapColours, readonly (readonly [number, number, number])[]> = {
  viridis: [
    [68, 1, 84],
    [71, 45, 123],
    [59, 82, 139],
    [44, 114, 142],
    [33, 145, 140],
    [40, 174, 128],
    [94, 201, 98],
    [173, 220, 48],
    [253, 231, 37],
  ],
  grey: [
    [0, 0, 0],
    [255, 255, 255],
  ],
  // Blue below zero, red above.
  signed: [
    [24, 72, 168],
    [120, 160, 226],
    [246, 246, 246],
    [231, 140, 110],
    [170, 24, 36],
  ],
}

const tables = new Map<MapColours, Uint8ClampedArray>()
/** 256 colours, R G B each. */
export function colourTable(colours: MapColours): Uint8ClampedArray {
  const known = tables.get(colours)
  if (known) return known
  const list = stops[colours]
  const table = new Uint8ClampedArray(768)
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (list.length - 1)
    const at = Math.min(Math.floor(place), list.length - 2)
    for (let c = 0; c < 3; c++) table[3 * i + c] = list[at][c] + (place - at) * (list[at + 1][c] - list[at][c])
  }
  tables.set(colours, table)
  return table
}

/**
 * R G B A of each number. `signed` colours are centred at zero. A map of one number everywhere is the first colour;
 * numbers that are not finite are transparent.
 */
export function paintMap(
  values: Float32Array,
  { min, max }: Pick<MapRange, 'min' | 'max'>,
  colours: MapColours,
): Uint8ClampedArray<ArrayBuffer> {
  const table = colourTable(colours)
  const reach = Math.max(Math.abs(min), Math.abs(max))
  const [low, high] = colours === 'signed' ? [-reach, reach] : [min, max]
  const scale = high > low ? 255 / (high - low) : 0
  const out = new Uint8ClampedArray(4 * values.length)
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue
    const at = 3 * Math.round(Math.min(255, Math.max(0, (values[i] - low) * scale)))
    out[4 * i] = table[at]
    out[4 * i + 1] = table[at + 1]
    out[4 * i + 2] = table[at + 2]
    out[4 * i + 3] = 255
  }
  return out
}

/** Where the image lies in a map, in cells: what is fed has a border where the image has another shape. */
export function imageInMap({
  width,
  height,
  input,
  image,
  place,
}: Pick<FeatureMaps, 'width' | 'height' | 'input' | 'image' | 'place'>): {
  x: number
  y: number
  width: number
  height: number
} {
  const across = width / input.width
  const down = height / input.height
  return {
    x: place.offsetX * across,
    y: place.offsetY * down,
    width: Math.min(image.width * place.scale, input.width - place.offsetX) * across,
    height: Math.min(image.height * place.scale, input.height - place.offsetY) * down,
  }
}
