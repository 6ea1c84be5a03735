/** Between grey, colour and what a network takes. */
import { TagwrightError } from '../base/errors'
import { makePlanarImage, planeOf, type PlanarImage } from './planar-image'

/** ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114]

/** Colour becomes grey by its luma, grey is repeated. @throws `channels-do-not-fit`. */
export function withChannels(image: PlanarImage, channels: number): PlanarImage {
  if (image.channels === channels) return image
  const out = makePlanarImage(image.width, image.height, channels)
  if (image.channels === 1) for (let c = 0; c < channels; c++) planeOf(out, c).set(image.data)
  else if (image.channels === 3 && channels === 1) {
    for (let c = 0; c < 3; c++) planeOf(image, c).forEach((v, i) => (out.data[i] += luma[c] * v))
  } else throw channelsDoNotFit(image.channels, channels)
  return out
}

const kinds: Readonly<Record<number, string>> = { 1: 'grey', 3: 'colour', 4: 'the mosaic of a camera' }
const planes = (count: number) =>
  `${count} ${count === 1 ? 'plane' : 'planes'}${kinds[count] ? ` (${kinds[count]})` : ''}`

export const channelsDoNotFit = (image: number, model: number): TagwrightError =>
  new TagwrightError(
    'channels-do-not-fit',
    `The image has ${planes(image)} and the model takes ${planes(model)}. Use a model that was trained on such images.`,
    { image, model },
  )
