/** How far an image is from its truth, as a picture. */

export type DifferenceKind = 'difference' | 'heat'

/**
 * `difference`: grey where equal, brighter and darker where the image is; `heat`: the size of the error from black over
 * red to white.
 * @param gain what differences are multiplied by.
 */
export function differenceImage(image: ImageData, truth: ImageData, kind: DifferenceKind, gain: number): ImageData {
  const out = new ImageData(image.width, image.height)
  for (let i = 0; i < out.data.length; i += 4) {
    if (kind === 'difference')
      for (let c = 0; c < 3; c++) out.data[i + c] = 128 + gain * (image.data[i + c] - truth.data[i + c])
    else {
      let sum = 0
      for (let c = 0; c < 3; c++) sum += Math.abs(image.data[i + c] - truth.data[i + c])
      heatColor(Math.min(1, (gain * sum) / 3 / 128), out.data, i)
    }
    out.data[i + 3] = 255
  }
  return out
}

/** Black, violet, red, yellow, white: lightness rises evenly, so that it reads without colour too. */
const stops: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
]

function heatColor(share: number, out: Uint8ClampedArray, at: number): void {
  const place = share * (stops.length - 1)
  const low = Math.min(stops.length - 2, Math.floor(place))
  const rest = place - low
  for (let c = 0; c < 3; c++) out[at + c] = stops[low][c] + rest * (stops[low + 1][c] - stops[low][c])
}
